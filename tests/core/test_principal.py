"""Principals and their text form."""

import pytest

from kerbauth.core.principal import MalformedPrincipalError, Principal


@pytest.mark.parametrize(
    ("written", "components", "realm"),
    [
        ("alice@CORP.EXAMPLE", ("alice",), "CORP.EXAMPLE"),
        ("alice/admin@R", ("alice", "admin"), "R"),
        (r"alice\@home@R", ("alice@home",), "R"),
        (r"a\/b/c@R", ("a/b", "c"), "R"),
        (r"a\\b@R", ("a\\b",), "R"),
        (r"a\n\t\b\0@R", ("a\n\t\b\0",), "R"),
        (r"a@R\@S\\", ("a",), "R@S\\"),
        (" jürgen @R", (" jürgen ",), "R"),
    ],
)
def test_the_text_form_is_read_and_written_alike(written: str, components: tuple[str, ...], realm: str) -> None:
    principal = Principal.parse(written)
    assert principal == Principal(components, realm)
    assert str(principal) == written


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("alice", "a realm is missing"),
        ("", "a realm is missing"),
        ("alice@", "needs a realm"),
        ("@R", "none may be empty"),
        ("a//b@R", "none may be empty"),
        ("a/@R", "none may be empty"),
        ("a@R@S", "an unquoted '@' at position 3"),
        ("a@R/S", "an unquoted '/' at position 3"),
        (r"a@R\/S", "a realm may not hold"),
        ("a@R:S", "a realm may not hold"),
        (r"a@R\0", "a realm may not hold"),
        (r"a\x@R", "a backslash before a character that needs none, at position 2"),
        ("a@R\\", "ends in a backslash"),
        ("a\0x@R", "an unquoted '\\x00' at position 1"),
        ("a\n@R", "an unquoted '\\n' at position 1"),
        ("a\t@R", "an unquoted '\\t' at position 1"),
        ("\ud800@R", "lone surrogate"),
        ("a@\udfff", "lone surrogate"),
    ],
)
def test_what_krb5_parse_name_would_guess_at_is_an_error(written: str, problem: str) -> None:
    with pytest.raises(MalformedPrincipalError, match=problem.replace("\\", r"\\")):
        Principal.parse(written)


def test_a_name_can_be_read_in_a_realm() -> None:
    assert Principal.parse_in("R", r"alice\@home/x") == Principal(("alice@home", "x"), "R")


def test_a_name_read_in_a_realm_must_not_bring_its_own() -> None:
    with pytest.raises(MalformedPrincipalError, match="without a realm"):
        Principal.parse_in("R", "alice@S")


def test_a_principal_has_components() -> None:
    with pytest.raises(MalformedPrincipalError, match="at least one component"):
        Principal((), "R")


def test_case_counts_and_realms_count() -> None:
    assert len({Principal.parse(each) for each in ("alice@R", "Alice@R", "alice@r", "alice@R")}) == 3


def test_the_name_is_the_text_form_without_the_realm() -> None:
    assert Principal(("a@b", "c"), "R").name == r"a\@b/c"
