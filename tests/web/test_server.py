"""What never becomes a request, over raw TCP: nothing of it may come back or be logged."""

import asyncio
import json
import logging
import re
import socket
from dataclasses import replace

import pytest

from kerbauth.web.app import make_app
from kerbauth.web.exchange import Limits
from kerbauth.web.server import FIELD_LIMIT, LINE_LIMIT, start
from tests.web.conftest import SHORT, Door, Opener
from tests.web.fakes import Speechless, World

CANARY = b"canary-e81b"
START = b"GET /healthz HTTP/1.1\r\nHost: h\r\n"

UNREADABLE = {
    "a header field over the limit": (START + b"Authorization: Negotiate " + CANARY + b"A" * FIELD_LIMIT + b"\r\n\r\n", 431),
    "a header name over the limit": (START + CANARY + b"A" * FIELD_LIMIT + b": x\r\n\r\n", 431),
    "a request line over the limit": (b"GET /" + CANARY + b"A" * LINE_LIMIT + b" HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "a NUL in a header field": (START + b"Authorization: Basic " + CANARY + b"\x00\r\n\r\n", 400),
    "a control character in a header field": (START + b"Authorization: Basic " + CANARY + b"\x01\r\n\r\n", 400),
    "a blank before the colon": (START + b"Authorization : Basic " + CANARY + b"\r\n\r\n", 400),
    "a header without a colon": (START + CANARY + b"\r\n\r\n", 400),
    "a line that is no request line": (CANARY + b" password\r\n\r\n", 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01" + CANARY + b"\r\n\r\n", 400),
    "another version of HTTP": (b"GET / HTTP/" + CANARY + b"\r\n\r\n", 400),
    "no Host": (b"GET /healthz HTTP/1.1\r\nX-A: " + CANARY + b"\r\n\r\n", 400),
    "two Hosts": (START + b"Host: " + CANARY + b"\r\n\r\n", 400),
    "two body lengths": (START + b"X-A: " + CANARY + b"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "length and chunks": (START + b"X-A: " + CANARY + b"\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "a length that is none": (START + b"Content-Length: " + CANARY + b"\r\n\r\n", 400),
    "a bare line feed": (START + b"X-A: " + CANARY + b"\nX-B: c\r\n\r\n", 400),
    "too many header fields": (START + b"X-A: " + CANARY + b"\r\n" * 1 + b"X-B: c\r\n" * 200 + b"\r\n", 400),
    "an expectation nobody knows": (START + b"Expect: " + CANARY + b"\r\n\r\n", 400),
}


@pytest.mark.parametrize(("sent", "status"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_is_answered_without_repeating_it(
    door: Door, caplog: pytest.LogCaptureFixture, sent: bytes, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await door.raw(sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.[01] (\d+) ", head)[1] == str(status).encode()  # type: ignore[index]  # no match fails the test as well
    assert b"\r\nContent-Type: application/problem+json\r\n" in head
    assert b"\r\nServer: kerbauth\r\n" in head
    document = json.loads(body)
    assert (document["status"], document["reason"]) == (status, "malformed-request")
    assert f"X-Correlation-ID: {document['correlation_id']}".encode() in head
    assert document["correlation_id"] in caplog.text
    assert CANARY not in answer
    assert CANARY.decode() not in caplog.text


async def test_what_cannot_be_read_is_counted(door: Door) -> None:
    await door.raw(b"nonsense\r\n\r\n")
    assert door.world.metrics.requests == {("other", "other", 400): 1}


async def test_a_header_field_just_below_the_limit_is_read(door: Door) -> None:
    field = b"X-Long: " + b"A" * (FIELD_LIMIT - len("X-Long"))
    answer = await door.raw(START + b"Connection: close\r\n" + field + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


BROKEN_CHUNK = b"not-a-size " + CANARY + b"\r\n"
CHUNKED = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunks", [BROKEN_CHUNK, b"1\r\n{\r\n" + BROKEN_CHUNK])
async def test_a_body_that_breaks_off_in_its_chunks_is_400(open_door: Opener, caplog: pytest.LogCaptureFixture, chunks: bytes) -> None:
    door: Door = await open_door(limits=Limits(body_seconds=0.05))
    answer = await door.raw(CHUNKED + chunks)
    assert re.match(rb"HTTP/1\.[01] 400 ", answer)
    assert CANARY not in answer
    assert CANARY.decode() not in caplog.text


@pytest.mark.parametrize(("always", "expected"), [(False, b"500"), (True, b"")])
async def test_an_error_outside_the_application_is_not_quoted(
    open_door: Opener, caplog: pytest.LogCaptureFixture, always: bool, expected: bytes
) -> None:
    door: Door = await open_door(World(texts=Speechless(CANARY.decode(), always=always)))  # type: ignore[arg-type]  # no match fails the test as well
    answer = await door.raw(START + b"Accept-Language: en\r\n\r\n")
    assert answer[9:12] == expected
    assert "RuntimeError at fakes.py:" in caplog.text
    assert CANARY not in answer
    assert CANARY.decode() not in caplog.text


async def test_an_expectation_of_continue_is_met(door: Door) -> None:
    head = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    assert (await door.raw(head)).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 415 ")


async def test_an_idle_connection_is_closed(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, header=0.05))
    assert await door.raw(b"") == b""


async def test_header_fields_that_never_end_are_cut_off(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, header=0.05))
    assert await door.raw(START + b"X-A: ") == b""


async def test_pipelined_requests_are_answered_each_with_its_own_id(door: Door) -> None:
    one = START + b"X-Correlation-ID: request-%d\r\n%s\r\n"
    answer = await door.raw(one % (1, b"") + one % (2, b"Connection: close\r\n"))
    assert re.findall(rb"X-Correlation-ID: (\S+)", answer) == [b"request-1", b"request-2"]


async def test_a_socket_that_cannot_listen_is_an_error_at_the_start() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unfit, pytest.raises(OSError, match="not supported"):
        await start(make_app(World().services()), [unfit])


async def test_a_stopped_server_takes_no_more_connections(door: Door) -> None:
    port = door.port
    await door.runner.cleanup()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
