"""Reading requests, without a server."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerbauth.web import wire
from kerbauth.web.wire import Malformed, NoToken, SsoFields

ANY_SPEED = settings(deadline=None)  # how fast a busy machine is, is not what is tested here


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
