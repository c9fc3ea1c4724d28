"""docs/reference/http.md says what the code does, and its examples are true."""

import json
import re

import pytest

from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind
from kerbauth.web import server, wire
from kerbauth.web.app import DEFAULT_LIMITS, ROUTES
from kerbauth.web.connection import HEAD_LIMIT
from kerbauth.web.openapi import document
from kerbauth.web.reply import COMMON_HEADERS, RETRY_AFTER
from kerbauth.web.schemas import schemas
from tests.web.conftest import Door
from tools import reference_http

PAGE = reference_http.PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```http\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = list(zip(BLOCKS[::2], BLOCKS[1::2], strict=True))


def first_cells(heading: str) -> list[str]:
    """What stands in backquotes in the first column of the tables under a heading."""
    section = re.split(r"^## ", PAGE.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def rows_of_statuses() -> list[tuple[int, list[str]]]:
    return [(int(row[0]), re.findall("`([a-z-]+)`", row[1])) for row in re.findall(r"^\| (\d{3}) \| [^|]* \| (.*) \|$", PAGE, re.MULTILINE)]


def test_the_table_of_statuses_is_the_one_in_the_code() -> None:
    assert reference_http.written(PAGE) == PAGE


def test_every_status_of_every_reason_is_listed() -> None:
    listed = {(status, reason) for status, reasons in rows_of_statuses() for reason in reasons}
    table = {(status, info.reason.value) for info in REASONS.values() if info.kind is not Kind.WARNING for status in info.statuses}
    assert listed == table | {(404, "malformed-request"), (405, "malformed-request")}


def test_every_warning_is_named() -> None:
    assert all(f"`{info.reason}`" in PAGE for info in REASONS.values() if info.kind is Kind.WARNING)


def test_every_route_is_listed_and_no_other() -> None:
    assert first_cells("Paths") == [f"{route.method} {route.path}" for route in ROUTES]


def test_who_may_ask_is_as_it_says() -> None:
    for route in ROUTES:
        row = re.search(rf"^\| `{route.method} {re.escape(route.path)}` \|.*$", PAGE, re.MULTILINE)
        assert row is not None
        assert row[0].endswith("| this machine and clients with `operations` |") == route.operators


def test_every_header_is_listed_and_no_other() -> None:
    listed = first_cells("Headers")
    ours = [name for name, _ in (*COMMON_HEADERS, server.HSTS)]
    described = document()["components"]
    requests = {"Authorization", "Content-Type", "X-Kerbauth-Client", *described["parameters"]}
    assert sorted(listed) == sorted([*requests, *ours, *described["headers"]])


def test_every_member_is_listed_and_no_other() -> None:
    assert first_cells("Members of a problem document") == list(schemas()["Problem"]["properties"])
    assert first_cells("Log in with a password") == list(schemas()["LoginRequest"]["properties"])
    assert first_cells("Change a password") == list(schemas()["PasswordChange"]["properties"])


@pytest.mark.parametrize(
    "limit",
    [
        f"at most {wire.BODY_LIMIT:,} bytes",
        f"at most {wire.TOKEN_LIMIT:,} bytes",
        f"1 to {wire.NAME_LIMIT} characters",
        f"within `server.body_timeout` ({DEFAULT_LIMITS.body_seconds:g} seconds)",
        f"have {server.FIELD_LIMIT:,} bytes",
        f"the request line {server.LINE_LIMIT:,} (else 400)",
        f"there may be {server.FIELDS_LIMIT} fields",
        f"within `server.header_timeout` ({server.DEFAULT_CONNECTIONS.header:g} seconds)",
        f"closed after `server.keepalive_timeout` ({server.DEFAULT_CONNECTIONS.keepalive:g} seconds)",
        f"not take its reply within {server.DEFAULT_CONNECTIONS.reader:g} seconds",
        f"all of them together {HEAD_LIMIT:,} (else 431)",
        f"seconds, on 429 and 503: how long the throttle holds the account or the address, else {RETRY_AFTER}",
    ],
)
def test_limits_are_as_it_says(limit: str) -> None:
    assert limit in PAGE.replace("\n", " ")


@pytest.mark.parametrize(("request_text", "reply_text"), EXAMPLES)
async def test_examples_are_true(door: Door, request_text: str, reply_text: str) -> None:
    head, _, body = request_text.rstrip("\n").partition("\n\n")
    length = f"Content-Length: {len(body.encode())}" if body else "Accept: */*"
    sent = "\r\n".join((*head.split("\n"), length, "Connection: close", "", body))
    got_head, _, got_body = (await door.raw(sent.encode())).decode().partition("\r\n\r\n")
    said_head, _, said_body = reply_text.partition("\n\n")
    assert set(said_head.split("\n")) <= set(got_head.split("\r\n"))
    assert json.loads(got_body) == json.loads(said_body)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4
