"""The commands that fill a realm."""

import pytest

from kerbauth.demo.principals import Policy, RealmDescription, Service, User, add_user, command, creation, quoted


@pytest.mark.parametrize(("text", "argument"), [("plain", '"plain"'), ('a"b', '"a""b"'), ("", '""'), ("-x y", '"-x y"')])
def test_an_argument_is_in_double_quotes_and_its_own_quotes_are_doubled(text: str, argument: str) -> None:
    assert quoted(text) == argument


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b"])
def test_what_a_line_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line break or NUL"):
        quoted(text)


def test_a_line_longer_than_kadmin_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        command("add_principal", "x" * 8192)


def test_a_password_is_not_in_the_text_form_of_a_user() -> None:
    assert "hunter2" not in repr(User("alice", "hunter2"))


def test_pre_authentication_is_required_whatever_else_is_asked() -> None:
    assert '"+requires_preauth"' in add_user(User("alice", "pw", attributes=("+needchange",)))


def test_policies_come_before_the_users_that_have_them_and_keys_are_exported_where_they_belong() -> None:
    description = RealmDescription(
        "A.TEST",
        users=(User("alice", "pw", policy="strict"),),
        services=(Service("HTTP/localhost", "http.keytab"),),
        policies=(Policy("strict", ("-maxfailure", "3")),),
    )
    assert creation(description, "/realm").splitlines() == [
        'add_policy "-maxfailure" "3" "strict"',
        'add_principal "+requires_preauth" "-policy" "strict" "-pw" "pw" "alice"',
        'add_principal "-clearpolicy" "-randkey" "HTTP/localhost"',
        'ktadd "-k" "/realm/http.keytab" "-norandkey" "HTTP/localhost"',
    ]
