"""Reading bodies, without a server."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerbauth.web import body as reading
from kerbauth.web import wire
from kerbauth.web.body import ChangeFields, LoginFields
from kerbauth.web.wire import Malformed

ANY_SPEED = settings(deadline=None)  # how fast a busy machine is, is not what is tested here

GOOD = {"username": "alice", "password": "päss\0word", "application": "desktop", "tenant": "Environment"}


def body(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_a_login_body_is_read_as_it_is() -> None:
    fields = reading.read_login(json.dumps(GOOD).encode())
    assert isinstance(fields, LoginFields)
    assert (fields.username, fields.application, fields.tenant) == ("alice", "desktop", "Environment")
    assert fields.password.reveal() == "päss\0word".encode()


def test_application_and_tenant_may_be_left_out() -> None:
    fields = reading.read_login(body(username="a", password="b"))
    assert isinstance(fields, LoginFields)
    assert (fields.application, fields.tenant) == (None, None)


def test_the_password_is_not_shown_by_the_fields() -> None:
    assert "b-secret" not in repr(reading.read_login(body(username="a", password="b-secret")))


def test_empty_and_long_names_and_passwords_are_the_use_cases_business() -> None:
    assert isinstance(reading.read_login(body(username="", password="")), LoginFields)
    assert isinstance(reading.read_login(body(username="x" * 10_000, password="y" * 10_000)), LoginFields)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", Malformed(400, reading.NOT_JSON)),
        (b"{", Malformed(400, reading.NOT_JSON)),
        (b"null", Malformed(400, reading.NOT_JSON)),
        (b'"text"', Malformed(400, reading.NOT_JSON)),
        (b"[]", Malformed(400, reading.NOT_JSON)),
        (b"12", Malformed(400, reading.NOT_JSON)),
        (b'{"username":"\xe4","password":"b"}', Malformed(400, reading.NOT_JSON)),
        ('{"username":"a","password":"b"}'.encode("utf-16"), Malformed(400, reading.NOT_JSON)),
        (b"\xef\xbb\xbf" + body(username="a", password="b"), Malformed(400, reading.NOT_JSON)),
        (body(username="a", password="b") + b"{}", Malformed(400, reading.NOT_JSON)),
        (b'{"username":NaN}', Malformed(400, reading.NOT_JSON)),
        (b'{"username":-Infinity}', Malformed(400, reading.NOT_JSON)),
        (b'{"username":"a\nb"}', Malformed(400, reading.NOT_JSON)),
        (b'{"username":' + b"[" * 100_000, Malformed(400, reading.NOT_JSON)),
        (b'{"a":' * 50_000, Malformed(400, reading.NOT_JSON)),
        (b'{"password":"a","password":"b"}', Malformed(400, reading.MEMBER_TWICE, "/password")),
        (b'{"x":{"a b":1,"a b":2}}', Malformed(400, reading.MEMBER_TWICE)),
        (b'{"username":"a"}', Malformed(422, reading.MEMBER_MISSING, "/password")),
        (b"{}", Malformed(422, reading.MEMBER_MISSING, "/username")),
        (b'{"username":null,"password":"b"}', Malformed(422, reading.NOT_A_STRING, "/username")),
        (b'{"username":"a","password":' + b"9" * 60_000 + b"}", Malformed(422, reading.NOT_A_STRING, "/password")),
        (b'{"username":"a","password":1e999}', Malformed(422, reading.NOT_A_STRING, "/password")),
        (b'{"username":"a","password":"b","tenant":null}', Malformed(422, reading.NOT_A_STRING, "/tenant")),
        (b'{"username":"\\udc00","password":"b"}', Malformed(422, reading.NOT_UNICODE, "/username")),
        (b'{"username":"a","password":"\\ud83d"}', Malformed(422, reading.NOT_UNICODE, "/password")),
        (body(username="a", password="b", application=""), Malformed(422, wire.BAD_NAME, "/application")),
        (body(username="a", password="b", application="x" * 256), Malformed(422, wire.BAD_NAME, "/application")),
        (body(username="a", password="b", tenant="x\ny"), Malformed(422, wire.BAD_NAME, "/tenant")),
        (body(username="a", password="b", tenant="x\u202ey"), Malformed(422, wire.BAD_NAME, "/tenant")),
        (body(username="a", password="b", user="c"), Malformed(422, reading.UNKNOWN_MEMBER, "/user")),
        (body(username="a", password="b", **{"no name": "c"}), Malformed(422, reading.UNKNOWN_MEMBER)),
        (body(username="a", password="b", **{"x" * 33: "c"}), Malformed(422, reading.UNKNOWN_MEMBER)),
    ],
)
def test_what_is_not_a_login_body(sent: bytes, expected: Malformed) -> None:
    assert reading.read_login(sent) == expected


def test_a_surrogate_pair_is_one_character() -> None:
    fields = reading.read_login(b'{"username":"\\ud83d\\ude00","password":"b"}')
    assert isinstance(fields, LoginFields)
    assert fields.username == "\U0001f600"


@ANY_SPEED
@given(st.binary(max_size=300))
def test_any_bytes_are_a_login_body_or_malformed(sent: bytes) -> None:
    assert isinstance(reading.read_login(sent), LoginFields | Malformed)


JSON_VALUES = (
    st.text() | st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())
)


@ANY_SPEED
@given(st.dictionaries(st.sampled_from(["username", "password", "application", "tenant", "other"]), JSON_VALUES))
def test_any_json_object_is_a_login_body_or_malformed(members: dict[str, object]) -> None:
    got = reading.read_login(json.dumps(members).encode())
    assert isinstance(got, LoginFields) == (
        members.keys() <= GOOD.keys()
        and {"username", "password"} <= members.keys()
        and all(isinstance(value, str) for value in members.values())
        and all(wire.is_name(str(members[key])) for key in ("application", "tenant") if key in members)
    )


CHANGE = {"username": "alice", "old_password": "päss\0word", "new_password": "another"}


def test_a_change_is_read_as_it_is() -> None:
    fields = reading.read_change(json.dumps(CHANGE).encode())
    assert isinstance(fields, ChangeFields)
    assert (fields.username, fields.new_password.reveal()) == ("alice", b"another")
    assert fields.old_password.reveal() == "päss\0word".encode()


def test_neither_password_is_shown_by_the_fields() -> None:
    shown = repr(reading.read_change(body(username="a", old_password="b-secret", new_password="c-secret")))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"[]", Malformed(400, reading.NOT_JSON)),
        (body(username="a", old_password="b"), Malformed(422, reading.MEMBER_MISSING, "/new_password")),
        (body(username="a", new_password="b"), Malformed(422, reading.MEMBER_MISSING, "/old_password")),
        (body(**CHANGE, password="c"), Malformed(422, reading.UNKNOWN_MEMBER, "/password")),
        (body(**CHANGE, application="desktop"), Malformed(422, reading.UNKNOWN_MEMBER, "/application")),
        (body(**{**CHANGE, "new_password": 1}), Malformed(422, reading.NOT_A_STRING, "/new_password")),
        (b'{"new_password":"a","new_password":"b"}', Malformed(400, reading.MEMBER_TWICE, "/new_password")),
        (b'{"username":"a","old_password":"b","new_password":"\\ud83d"}', Malformed(422, reading.NOT_UNICODE, "/new_password")),
    ],
)
def test_what_is_not_a_change(sent: bytes, expected: Malformed) -> None:
    assert reading.read_change(sent) == expected


@ANY_SPEED
@given(st.binary(max_size=300))
def test_any_bytes_are_a_change_or_malformed(sent: bytes) -> None:
    assert isinstance(reading.read_change(sent), ChangeFields | Malformed)
