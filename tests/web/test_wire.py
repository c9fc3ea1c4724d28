"""Reading requests, without a server."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerbauth.web import wire
from kerbauth.web.wire import LoginFields, Malformed, NoToken, SsoFields

ANY_SPEED = settings(deadline=None)  # how fast a busy machine is, is not what is tested here

GOOD = {"username": "alice", "password": "päss\0word", "application": "desktop", "tenant": "Environment"}


def body(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_a_login_body_is_read_as_it_is() -> None:
    fields = wire.read_login(json.dumps(GOOD).encode())
    assert isinstance(fields, LoginFields)
    assert (fields.username, fields.application, fields.tenant) == ("alice", "desktop", "Environment")
    assert fields.password.reveal() == "päss\0word".encode()


def test_application_and_tenant_may_be_left_out() -> None:
    fields = wire.read_login(body(username="a", password="b"))
    assert isinstance(fields, LoginFields)
    assert (fields.application, fields.tenant) == (None, None)


def test_the_password_is_not_shown_by_the_fields() -> None:
    assert "b-secret" not in repr(wire.read_login(body(username="a", password="b-secret")))


def test_empty_and_long_names_and_passwords_are_the_use_cases_business() -> None:
    assert isinstance(wire.read_login(body(username="", password="")), LoginFields)
    assert isinstance(wire.read_login(body(username="x" * 10_000, password="y" * 10_000)), LoginFields)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", Malformed(400, wire.NOT_JSON)),
        (b"{", Malformed(400, wire.NOT_JSON)),
        (b"null", Malformed(400, wire.NOT_JSON)),
        (b'"text"', Malformed(400, wire.NOT_JSON)),
        (b"[]", Malformed(400, wire.NOT_JSON)),
        (b"12", Malformed(400, wire.NOT_JSON)),
        (b'{"username":"\xe4","password":"b"}', Malformed(400, wire.NOT_JSON)),
        ('{"username":"a","password":"b"}'.encode("utf-16"), Malformed(400, wire.NOT_JSON)),
        (b"\xef\xbb\xbf" + body(username="a", password="b"), Malformed(400, wire.NOT_JSON)),
        (body(username="a", password="b") + b"{}", Malformed(400, wire.NOT_JSON)),
        (b'{"username":NaN}', Malformed(400, wire.NOT_JSON)),
        (b'{"username":-Infinity}', Malformed(400, wire.NOT_JSON)),
        (b'{"username":"a\nb"}', Malformed(400, wire.NOT_JSON)),
        (b'{"username":' + b"[" * 100_000, Malformed(400, wire.NOT_JSON)),
        (b'{"a":' * 50_000, Malformed(400, wire.NOT_JSON)),
        (b'{"password":"a","password":"b"}', Malformed(400, wire.MEMBER_TWICE, "/password")),
        (b'{"x":{"a b":1,"a b":2}}', Malformed(400, wire.MEMBER_TWICE)),
        (b'{"username":"a"}', Malformed(422, wire.MEMBER_MISSING, "/password")),
        (b"{}", Malformed(422, wire.MEMBER_MISSING, "/username")),
        (b'{"username":null,"password":"b"}', Malformed(422, wire.NOT_A_STRING, "/username")),
        (b'{"username":"a","password":' + b"9" * 60_000 + b"}", Malformed(422, wire.NOT_A_STRING, "/password")),
        (b'{"username":"a","password":1e999}', Malformed(422, wire.NOT_A_STRING, "/password")),
        (b'{"username":"a","password":"b","tenant":null}', Malformed(422, wire.NOT_A_STRING, "/tenant")),
        (b'{"username":"\\udc00","password":"b"}', Malformed(422, wire.NOT_UNICODE, "/username")),
        (b'{"username":"a","password":"\\ud83d"}', Malformed(422, wire.NOT_UNICODE, "/password")),
        (body(username="a", password="b", application=""), Malformed(422, wire.BAD_NAME, "/application")),
        (body(username="a", password="b", application="x" * 256), Malformed(422, wire.BAD_NAME, "/application")),
        (body(username="a", password="b", tenant="x\ny"), Malformed(422, wire.BAD_NAME, "/tenant")),
        (body(username="a", password="b", tenant="x\u202ey"), Malformed(422, wire.BAD_NAME, "/tenant")),
        (body(username="a", password="b", user="c"), Malformed(422, wire.UNKNOWN_MEMBER, "/user")),
        (body(username="a", password="b", **{"no name": "c"}), Malformed(422, wire.UNKNOWN_MEMBER)),
        (body(username="a", password="b", **{"x" * 33: "c"}), Malformed(422, wire.UNKNOWN_MEMBER)),
    ],
)
def test_what_is_not_a_login_body(sent: bytes, expected: Malformed) -> None:
    assert wire.read_login(sent) == expected


def test_a_surrogate_pair_is_one_character() -> None:
    fields = wire.read_login(b'{"username":"\\ud83d\\ude00","password":"b"}')
    assert isinstance(fields, LoginFields)
    assert fields.username == "\U0001f600"


@ANY_SPEED
@given(st.binary(max_size=300))
def test_any_bytes_are_a_login_body_or_malformed(sent: bytes) -> None:
    assert isinstance(wire.read_login(sent), LoginFields | Malformed)


JSON_VALUES = (
    st.text() | st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())
)


@ANY_SPEED
@given(st.dictionaries(st.sampled_from(["username", "password", "application", "tenant", "other"]), JSON_VALUES))
def test_any_json_object_is_a_login_body_or_malformed(members: dict[str, object]) -> None:
    got = wire.read_login(json.dumps(members).encode())
    assert isinstance(got, LoginFields) == (
        members.keys() <= GOOD.keys()
        and {"username", "password"} <= members.keys()
        and all(isinstance(value, str) for value in members.values())
        and all(wire.is_name(str(members[key])) for key in ("application", "tenant") if key in members)
    )


@pytest.mark.parametrize(
    "value", ["application/json", "Application/JSON", "application/json;charset=utf-8", 'application/json ; charset="UTF-8" ']
)
def test_json_media_types(value: str) -> None:
    assert wire.check_media([value], []) is None


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["text/json"],
        ["application/json", "application/json"],
        ["application/json; charset=utf-16"],
        ["application/json; profile=x"],
        ["application/json, text/plain"],
        ["application/problem+json"],
    ],
)
def test_other_media_types(values: list[str]) -> None:
    wrong = wire.check_media(values, [])
    assert wrong is not None
    assert (wrong.status, wrong.place) == (415, "Content-Type")


@pytest.mark.parametrize("value", ["gzip", "GZIP", "br", "", "identity, gzip"])
def test_encoded_bodies(value: str) -> None:
    wrong = wire.check_media(["application/json"], [value])
    assert wrong is not None
    assert (wrong.status, wrong.place) == (415, "Content-Encoding")


def test_identity_is_no_encoding() -> None:
    assert wire.check_media(["application/json"], ["Identity"]) is None


# --- the query string


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", SsoFields()),
        ("application=desktop", SsoFields("desktop")),
        ("tenant=T&application=A", SsoFields("A", "T")),
        ("application=Agent+Desktop%20%C3%A4", SsoFields("Agent Desktop ä")),
        ("application=a%26b%3Dc", SsoFields("a&b=c")),
        ("application", Malformed(422, wire.BAD_QUERY)),
        ("&", Malformed(422, wire.BAD_QUERY)),
        ("application=%FF", Malformed(422, wire.BAD_QUERY)),
        ("&".join(f"x{n}=1" for n in range(17)), Malformed(422, wire.BAD_QUERY)),
        ("application=", Malformed(422, wire.BAD_NAME, "?application")),
        ("application=%00", Malformed(422, wire.BAD_NAME, "?application")),
        ("application=" + "x" * 256, Malformed(422, wire.BAD_NAME, "?application")),
        ("application=a&application=a", Malformed(422, wire.PARAMETER_TWICE, "?application")),
        ("user=a", Malformed(422, wire.UNKNOWN_PARAMETER, "?user")),
        ("a%0Ab=a", Malformed(422, wire.UNKNOWN_PARAMETER)),
        ("application=\udce4", Malformed(422, wire.BAD_NAME, "?application")),
    ],
)
def test_query_strings(query: str, expected: SsoFields | Malformed) -> None:
    assert wire.read_query(query) == expected


@ANY_SPEED
@given(st.text(max_size=200))
def test_any_query_string_is_fields_or_malformed(query: str) -> None:
    assert isinstance(wire.read_query(query), SsoFields | Malformed)


# --- Authorization


def encoded(token: bytes) -> str:
    return base64.b64encode(token).decode()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], NoToken.MISSING),
        ([""], NoToken.MISSING),
        (["Negotiate"], NoToken.MISSING),
        (["Negotiate "], NoToken.MISSING),
        (["Basic YTpi"], NoToken.MISSING),
        (["Bearer abc"], NoToken.MISSING),
        (["NegotiateYTpi"], NoToken.MISSING),
        (["Negotiate YTpi"], b"a:b"),
        (["negotiate YTpi"], b"a:b"),
        (["NEGOTIATE   YTpi "], b"a:b"),
        (["Negotiate YTp"], NoToken.GARBLED),
        (["Negotiate YTpi, Negotiate YTpi"], NoToken.GARBLED),
        (["Negotiate YT pi"], NoToken.GARBLED),
        (["Negotiate YT-_"], NoToken.GARBLED),
        (["Negotiate \u00e4"], NoToken.GARBLED),
        (["Negotiate ===="], NoToken.GARBLED),
        (["Negotiate YTpi", "Negotiate YTpi"], Malformed(400, wire.HEADER_TWICE, "Authorization")),
    ],
)
def test_negotiate_credentials(values: list[str], expected: bytes | NoToken | Malformed) -> None:
    assert wire.read_negotiate(values) == expected


@pytest.mark.parametrize("size", [65_535, wire.TOKEN_LIMIT])
def test_tokens_up_to_the_limit_pass(size: int) -> None:
    token = bytes(size)
    assert wire.read_negotiate([f"Negotiate {encoded(token)}"]) == token


@pytest.mark.parametrize("size", [wire.TOKEN_LIMIT + 1, wire.TOKEN_LIMIT + 3, wire.TOKEN_LIMIT * 2])
def test_larger_tokens_do_not(size: int) -> None:
    assert wire.read_negotiate([f"Negotiate {encoded(bytes(size))}"]) is NoToken.TOO_LARGE


@ANY_SPEED
@given(st.binary(min_size=1, max_size=2000))
def test_any_token_comes_out_as_it_went_in(token: bytes) -> None:
    assert wire.read_negotiate([f"Negotiate {encoded(token)}"]) == token


@ANY_SPEED
@given(st.lists(st.text(max_size=60), max_size=2))
def test_any_authorization_is_answered(values: list[str]) -> None:
    assert isinstance(wire.read_negotiate(values), bytes | NoToken | Malformed)
    assert isinstance(wire.read_client_token(values, []), str | Malformed | None)


@pytest.mark.parametrize(
    ("authorizations", "own", "expected"),
    [
        ([], [], None),
        (["Bearer abc"], [], "abc"),
        (["bEaReR  abc "], [], "abc"),
        ([], [" abc "], "abc"),
        (["Bearer"], [], ""),
        (["Bearer a b"], [], ""),
        (["Basic YTpi"], [], ""),
        (["Negotiate YTpi"], [], ""),
        ([], [""], ""),
        (["Bearer a", "Bearer a"], [], Malformed(400, wire.HEADER_TWICE, "Authorization")),
        ([], ["a", "a"], Malformed(400, wire.HEADER_TWICE, "X-Kerbauth-Client")),
        (["Bearer a"], ["a"], Malformed(400, wire.TWO_CLIENT_TOKENS, "X-Kerbauth-Client")),
    ],
)
def test_client_tokens(authorizations: list[str], own: list[str], expected: str | Malformed | None) -> None:
    assert wire.read_client_token(authorizations, own) == expected


@pytest.mark.parametrize("value", ["12345678", "a" * 64, "3f9c-A_b.c"])
def test_well_formed_correlation_ids_are_kept(value: str) -> None:
    assert wire.correlation_id([value]) == value


@pytest.mark.parametrize("values", [[], ["1234567"], ["a" * 65], ["12345678\n"], ["1234 5678"], ["12345678é"], ["12345678", "12345678"]])
def test_other_correlation_ids_are_not(values: list[str]) -> None:
    assert wire.correlation_id(values) is None
