"""Malformed HTTP and attempts to smuggle a request, over raw TCP: each row says what must come back.

Whatever comes in, the reply is one that a proxy and we agree on: every reply is whole, none belongs to a request that nobody sent,
nothing of what came in is repeated in a reply, the log or the audit, the connection ends where it is in doubt where the next
request begins, and the service goes on.
"""

import asyncio
import json
import logging
import re
import time
from contextlib import suppress
from dataclasses import dataclass

import pytest

from kerbauth.web.exchange import Limits
from kerbauth.web.reply import COMMON_HEADERS
from kerbauth.web.server import FIELD_LIMIT
from tests.web.conftest import Door, Opener

CANARY = b"canary-5d0c"
GET = b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-A: " + CANARY + b"\r\n"
POST = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nX-A: " + CANARY + b"\r\nContent-Type: application/json\r\n"
BODY = b'{"username":"alice","password":"' + CANARY + b'","application":"desktop"}'
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLOSE = b"Connection: close\r\n"
SMUGGLED = b"GET /openapi.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""A request that must not be answered where it stands in another one's body, or behind one that is in doubt. Its reply is like no other."""


def length(count: int | bytes) -> bytes:
    return b"Content-Length: %s\r\n" % (count if isinstance(count, bytes) else str(count).encode())


FRAMING = {
    "length and chunks": (POST + length(5) + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "chunks and length": (POST + CHUNKED + length(5) + b"\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "two lengths that differ": (POST + length(len(BODY)) + length(3) + b"\r\n" + BODY + SMUGGLED, [400]),
    "two lengths that agree": (POST + length(len(BODY)) * 2 + b"\r\n" + BODY + SMUGGLED, [400]),
    "a list of lengths": (POST + length(b"5, 5") + b"\r\n12345" + SMUGGLED, [400]),
    "a length with a plus": (POST + length(b"+5") + b"\r\n12345" + SMUGGLED, [400]),
    "a length below nought": (POST + length(b"-5") + b"\r\n" + SMUGGLED, [400]),
    "a length with a blank in it": (POST + length(b"5 5") + b"\r\n" + SMUGGLED, [400]),
    "a length in hexadecimal": (POST + length(b"0x5") + b"\r\n12345" + SMUGGLED, [400]),
    "a length with an underscore": (POST + length(b"5_9") + b"\r\n" + SMUGGLED, [400]),
    "an empty length": (POST + length(b"") + b"\r\n" + SMUGGLED, [400]),
    "a length beyond 64 bits": (POST + length(b"9" * 30) + b"\r\n" + SMUGGLED, [400]),
    "a length of 2^63-1": (POST + length(2**63 - 1) + b"\r\n" + SMUGGLED, [413]),
    "an unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "the coding identity": (POST + b"Transfer-Encoding: identity\r\n\r\n" + SMUGGLED, [400]),
    "a coding before the chunks": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a coding after the chunks": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "chunks in chunks": (POST + CHUNKED * 2 + b"\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a coding behind a vertical tab": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a coding in quotation marks": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n' + SMUGGLED, [400]),
    "a blank before the colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "chunks in HTTP/1.0": (POST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + CHUNKS + SMUGGLED, [400]),
    "a chunk size below nought": (POST + CHUNKED + b"\r\n-1\r\n{\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a chunk size beyond 64 bits": (POST + CHUNKED + b"\r\n" + b"f" * 21 + b"\r\n{\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a chunk size that never comes": (POST + CHUNKED + b"\r\n7fffffffffffffff\r\n{" + SMUGGLED, [400]),
    "a chunk size with 0x": (POST + CHUNKED + b"\r\n0x3\r\nabc\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a chunk size behind a blank": (POST + CHUNKED + b"\r\n 3\r\nabc\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "a chunk size that is none": (POST + CHUNKED + b"\r\n" + CANARY + b"\r\n" + SMUGGLED, [400]),
    "a chunk longer than its size": (POST + CHUNKED + b"\r\n3\r\nabcdef\r\n0\r\n\r\n" + SMUGGLED, [400]),
    "chunks with bare line feeds": (POST + CHUNKED + b"\r\n3\nabc\n0\n\n" + SMUGGLED, [400]),
    "three hundred trailers": (POST + CHUNKED + b"\r\n1\r\n{\r\n0\r\n" + b"X-A: b\r\n" * 300 + b"\r\n" + SMUGGLED, [400]),
    "a body that breaks off": (POST + length(1000) + b"\r\n" + BODY, [400]),
    "a request behind one in doubt": (CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
}

FIELDS = {
    "a folded field": (GET + b"X-B: a\r\n " + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "a folded first field": (b"GET /healthz HTTP/1.1\r\n Host: " + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "bare line feeds": ((GET + b"\r\n").replace(b"\r\n", b"\n") + SMUGGLED, [400]),
    "a bare carriage return": (GET + b"X-B: a\rX-C: " + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "a NUL in a name": (GET + b"X\x00" + CANARY + b": a\r\n\r\n" + SMUGGLED, [400]),
    "a NUL in a value": (GET + b"X-B: \x00" + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "no name": (GET + b": " + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "a name that is not ASCII": (GET + b"X-\xe4" + CANARY + b": a\r\n\r\n" + SMUGGLED, [400]),
    "a value that is not ASCII": (GET + b"X-B: \xe4\xff" + CANARY + b"\r\n" + CLOSE + b"\r\n", [200]),
    "101 fields": (GET + b"X-B: b\r\n" * 101 + b"\r\n" + SMUGGLED, [400]),
    "a field above the limit": (GET + b"Authorization: Negotiate " + CANARY + b"A" * FIELD_LIMIT + b"\r\n\r\n", [431]),
    "three fields that are too much together": (GET + (b"X-B: " + CANARY + b"A" * 100_000 + b"\r\n") * 3 + b"\r\n", [431]),
    "no Host": (b"GET /healthz HTTP/1.1\r\nX-A: " + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "two Hosts": (GET + b"Host: " + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "two Authorizations": (POST + b"Authorization: Bearer a\r\n" * 2 + CLOSE + length(len(BODY)) + b"\r\n" + BODY, [400]),
    "a compressed body": (POST + b"Content-Encoding: gzip\r\n" + CLOSE + length(len(BODY)) + b"\r\n" + BODY, [415]),
}

LINES = {
    "a line of 1 MB": (b"GET /" + CANARY * 100_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", [400]),
    "a method of 1 MB": (b"G" * 1_000_000 + CANARY + b" / HTTP/1.1\r\nHost: h\r\n\r\n", [400]),
    "HTTP/0.9": (b"GET /healthz?" + CANARY + b"\r\n\r\n" + SMUGGLED, [400]),
    "HTTP/2.0 by its name": (GET.replace(b"1.1", b"2.0") + b"\r\n" + SMUGGLED, [400]),
    "HTTP/1.2": (GET.replace(b"1.1", b"1.2") + b"\r\n" + SMUGGLED, [400]),
    "HTTP/1.10": (GET.replace(b"1.1", b"1.10") + b"\r\n" + SMUGGLED, [400]),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04\x00\x00\x00\x00\x00" + CANARY, [400]),
    "HTTP/1.0": (GET.replace(b"1.1", b"1.0") + b"\r\n", [200]),
    "something behind the last request": (GET.replace(b"1.1", b"1.0") + b"\r\n" + SMUGGLED, [400]),
    "a TLS greeting": (bytes.fromhex("16030100c8010000c40303") + CANARY + b"\x00" * 190, [400]),
    "all bytes": (bytes(range(256)) + CANARY, [400]),
    "the PROXY protocol": (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GET + b"\r\n", [400]),
    "a blank before the line": (b" " + GET + b"\r\n" + SMUGGLED, [400]),
    "tabs in the line": (b"GET\t/healthz\tHTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED, [400]),
    "a blank in the path": (b"GET /" + CANARY + b" z HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED, [400]),
    "a method nobody knows": (GET.replace(b"GET", b"BREW") + b"\r\n" + SMUGGLED, [400]),
    "a method in lower case": (GET.replace(b"GET", b"get") + b"\r\n" + SMUGGLED, [400]),
    "TRACE": (GET.replace(b"GET", b"TRACE") + CLOSE + b"\r\n", [405]),
    "PROPFIND": (GET.replace(b"GET", b"PROPFIND") + CLOSE + b"\r\n", [405]),
    "CONNECT": (b"CONNECT " + CANARY + b":443 HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED, [404]),
    "CONNECT with a path": (b"CONNECT /healthz HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED, [404]),
    "an absolute target": (GET.replace(b"/healthz", b"http://" + CANARY + b"/healthz") + CLOSE + b"\r\n", [200]),
    "an absolute target that is none": (GET.replace(b"/healthz", b"http://[" + CANARY + b"/healthz") + b"\r\n" + SMUGGLED, [400]),
    "an absolute target with a port that is none": (GET.replace(b"/healthz", b"http://h:99999/" + CANARY) + b"\r\n" + SMUGGLED, [400]),
    "an authority as target": (b"GET " + CANARY + b":80 HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED, [400]),
    "an asterisk with GET": (b"GET * HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED, [400]),
    "an asterisk with OPTIONS": (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n" + CLOSE + b"\r\n", [404]),
    "blank lines before the line": (b"\r\n\r\n" + GET + CLOSE + b"\r\n", [200]),
}

PATHS = {
    path: (b"GET " + path.encode("latin-1") + b" HTTP/1.1\r\nHost: h\r\n" + CLOSE + b"\r\n", [status])
    for path, status in {
        "/../../etc/passwd": 404,
        "/docs/../" + CANARY.decode(): 404,
        "/docs/%2e%2e/metrics": 404,
        "/%2e%2e/%2e%2e/etc/passwd": 404,
        "/v1%2flogin": 404,
        "/healthz%00": 404,
        "/healthz%0d%0aX-Injected:%20" + CANARY.decode(): 404,
        "/%zz": 404,
        "/%ff%fe": 404,
        "/\xff\xfe": 400,
        "//healthz": 404,
        "//" + CANARY.decode() + "/healthz": 404,
        "/healthz/": 404,
        "/healthz;a=b": 404,
        "/HEALTHZ": 404,
        "/%68ealthz": 200,  # RFC 3986 6.2.2.2: the same path
        "/healthz?" + CANARY.decode(): 200,
    }.items()
}

FOLLOWED = {
    "two requests in one go": (GET + b"\r\n" + SMUGGLED, [200, 200]),
    "a request in the body of a GET": (GET + length(len(SMUGGLED)) + b"\r\n" + SMUGGLED + GET + CLOSE + b"\r\n", [200, 200]),
    "a request in the body of a login": (POST + length(len(SMUGGLED)) + b"\r\n" + SMUGGLED + GET + CLOSE + b"\r\n", [400, 200]),
    "a request in a chunk": (
        POST + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED) + GET + CLOSE + b"\r\n",
        [400, 200],
    ),
    "chunks in upper case": (POST + b"Transfer-Encoding: CHUNKED\r\n" + CLOSE + b"\r\n" + CHUNKS, [401]),
    "a chunk extension": (POST + CHUNKED + CLOSE + b"\r\n%x;%s=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), CANARY, BODY), [401]),
    "a chunk extension of 100 kB": (POST + CHUNKED + b"\r\n1;" + CANARY * 10_000 + b"\r\n{\r\n0\r\n\r\n" + SMUGGLED, [400, 200]),
    "trailers": (POST + CHUNKED + CLOSE + b"\r\n" + CHUNKS[:-2] + b"X-Forwarded-For: " + CANARY + b"\r\n\r\n", [401]),
    "an offer of WebSocket": (
        GET
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        + SMUGGLED,
        [200],
    ),
    "an offer of HTTP/2": (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n" + SMUGGLED, [200]),
    "an offer with a body": (
        POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + length(len(BODY)) + b"\r\n" + BODY + SMUGGLED,
        [401],
    ),
    "an expectation of continue": (POST + b"Expect: 100-continue\r\n" + CLOSE + length(len(BODY)) + b"\r\n" + BODY, [100, 401]),
    "the same, in HTTP/1.0": (POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\n" + length(len(BODY)) + b"\r\n" + BODY, [401]),
    "the same, twice": (POST + b"Expect: 100-continue\r\n" * 2 + CLOSE + length(len(BODY)) + b"\r\n" + BODY, [100, 401]),
    "another expectation": (POST + b"Expect: " + CANARY + b"\r\n" + length(len(BODY)) + b"\r\n" + BODY + SMUGGLED, [400]),
}

ROWS = {**FRAMING, **FIELDS, **LINES, **PATHS, **FOLLOWED}


@dataclass(frozen=True)
class Reply:
    status: int
    fields: dict[str, str]
    body: bytes


def replies(stream: bytes) -> list[Reply]:
    """The replies in a stream, each whole: read by their lengths, as a proxy does."""
    found = []
    while stream:
        head, separator, rest = stream.partition(b"\r\n\r\n")
        line, *lines = head.decode("ascii").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.[01] ([1-5]\d\d) [A-Za-z -]+", line)
        assert status, line
        assert separator
        pairs = [field.split(": ", 1) for field in lines]
        fields = {name.title(): value for name, value in pairs}
        assert len(fields) == len(pairs), "no header field twice"
        size = int(fields.get("Content-Length", "0"))
        found.append(Reply(int(status[1]), fields, rest[:size]))
        assert len(rest) >= size
        stream = rest[size:]
    return found


@pytest.fixture
async def hurried(open_door: Opener) -> Door:
    opened: Door = await open_door(limits=Limits(body_seconds=0.2))
    return opened


@pytest.mark.parametrize(("sent", "statuses"), ROWS.values(), ids=ROWS.keys())
async def test_what_comes_back(hurried: Door, caplog: pytest.LogCaptureFixture, sent: bytes, statuses: list[int]) -> None:
    caplog.set_level(logging.DEBUG)
    began = time.monotonic()
    stream = await hurried.raw(sent)
    assert time.monotonic() - began < 4, "closed by itself, not when it had been idle for five seconds"
    answers = replies(stream)
    assert [answer.status for answer in answers] == statuses
    for answer in answers:
        if answer.status != 100:
            assert {name.title(): answer.fields[name.title()] for name, _ in COMMON_HEADERS} == {
                name.title(): value for name, value in COMMON_HEADERS
            }
            assert re.fullmatch("[0-9a-f]{32}", answer.fields["X-Correlation-Id"])
        if answer.status >= 400:
            assert answer.fields["Content-Type"] == "application/problem+json"
            document = json.loads(answer.body)
            assert (document["status"], document["correlation_id"]) == (answer.status, answer.fields["X-Correlation-Id"])
    smuggled = [answer for answer in answers if b'"openapi"' in answer.body]
    assert len(smuggled) == (statuses[1:] == [200] and sent.endswith(SMUGGLED)), "answered only where it is a request of its own"
    assert CANARY not in stream
    assert CANARY.decode() not in caplog.text
    assert CANARY.decode() not in repr(hurried.world.audit.records)
    assert (await hurried.raw(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


BY_BYTES = {name: row for name, row in ROWS.items() if len(row[0]) < 3_000}


@pytest.mark.parametrize(("sent", "statuses"), BY_BYTES.values(), ids=BY_BYTES.keys())
async def test_the_same_comes_back_when_every_byte_comes_alone(hurried: Door, sent: bytes, statuses: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hurried.port)
    got = bytearray()

    async def read() -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                got.extend(chunk)

    reading = asyncio.create_task(read())
    try:
        for byte in sent:
            if reading.done():
                break
            with suppress(ConnectionError):
                writer.write(bytes([byte]))
                await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(4):
            await reading
    finally:
        writer.close()
    found = [answer.status for answer in replies(bytes(got))]
    # A request that ends its connection is answered before the next byte; what follows it is then not even looked at.
    assert found == statuses or (found == [200] and sent.startswith(b"GET /healthz HTTP/1.0\r\n"))


async def test_a_field_that_a_proxy_would_have_removed_is_no_peer_when_it_comes_as_a_trailer(hurried: Door) -> None:
    sent, _ = FOLLOWED["trailers"]
    await hurried.raw(sent)
    assert [record.origin.peer for record in hurried.world.audit.records] == ["127.0.0.1"]
