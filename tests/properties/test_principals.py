"""Principals: any text is one or is refused, nothing is lost, and libkrb5 reads what we write."""

from collections.abc import Iterator
from pathlib import Path

import krb5
import pytest
from hypothesis import assume, example, given

from kerbauth.core.principal import MalformedPrincipalError, Principal
from tests.properties.strategies import principals, texts


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[krb5.Context]:
    """A libkrb5 that knows nothing of this machine."""
    config: Path = tmp_path_factory.mktemp("krb5") / "krb5.conf"
    config.write_text("[libdefaults]\n default_realm = ELSEWHERE\n dns_lookup_realm = false\n dns_lookup_kdc = false\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(config))
        yield krb5.init_context()


def parsed(text: str) -> Principal | None:
    try:
        return Principal.parse(text)
    except MalformedPrincipalError:
        return None


@given(texts)
def test_any_text_is_a_principal_or_malformed_and_a_principal_has_one_text(text: str) -> None:
    principal = parsed(text)
    assert principal is None or str(principal) == text


@given(texts)
def test_a_message_about_a_malformed_principal_can_be_logged(text: str) -> None:
    assume(parsed(text) is None)
    with pytest.raises(MalformedPrincipalError) as raised:
        Principal.parse(text)
    assert str(raised.value).isprintable()


@given(principals())
def test_nothing_is_lost_between_a_principal_and_its_text(principal: Principal) -> None:
    assert Principal.parse(str(principal)) == principal
    assert Principal.parse_in(principal.realm, principal.name) == principal


@given(text=texts)
@example(text=r"a\0b@R")
@example(text="a\\\\\\/b/c\\@d@R\\n")
def test_libkrb5_reads_the_same_principal_and_writes_the_same_text(context: krb5.Context, text: str) -> None:
    principal = parsed(text)
    if principal is None:
        return
    theirs = krb5.parse_name_flags(context, text.encode())
    assert theirs.components == [part.encode() for part in principal.components]
    assert theirs.realm == principal.realm.encode()
    assert krb5.unparse_name_flags(context, theirs) == text.encode()


@given(principal=principals())
def test_libkrb5_reads_every_principal_we_write(context: krb5.Context, principal: Principal) -> None:
    theirs = krb5.parse_name_flags(context, str(principal).encode())
    assert ([part.decode() for part in theirs.components], theirs.realm.decode()) == (list(principal.components), principal.realm)


@given(text=texts)
def test_we_are_stricter_than_libkrb5(context: krb5.Context, text: str) -> None:
    try:
        krb5.parse_name_flags(context, text.encode("utf-8", "surrogatepass"))
    except (krb5.Krb5Error, ValueError):
        assert parsed(text) is None
