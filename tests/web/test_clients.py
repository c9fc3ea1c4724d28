"""Who asks."""

import pytest

from kerbauth.attempt import Caller
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.secret import Secret
from kerbauth.web.clients import ANONYMOUS, Client, Clients, NoClient

GAX = Client("gax", Secret(b"gax-token"), Disclosure.FULL, "gax", identity_only=False)
PORTAL = Client("portal", Secret(b"portal-token"), identity_only=True)


def test_a_token_leads_to_its_clients_settings() -> None:
    clients = Clients((GAX, PORTAL))
    assert clients.identify("gax-token") == Caller("gax", Disclosure.FULL, "gax", identity_only=False)
    assert clients.identify("portal-token") == Caller("portal", Disclosure.GUARDED, None, identity_only=True)


@pytest.mark.parametrize("token", ["", "gax-toke", "gax-token ", "gax-tokeN", "\udcff", "gax-token\0"])
def test_any_other_token_is_nobodys(token: str) -> None:
    assert Clients((GAX, PORTAL)).identify(token) is NoClient.UNKNOWN


def test_without_a_token_a_caller_is_anonymous_and_guarded() -> None:
    caller = Clients((GAX,)).identify(None)
    assert caller == ANONYMOUS
    assert isinstance(caller, Caller)
    assert caller.disclosure is Disclosure.GUARDED


def test_where_clients_are_required_nobody_is_anonymous() -> None:
    assert Clients((GAX,), required=True).identify(None) is NoClient.MISSING


@pytest.mark.parametrize("token", [b"", b"two words", b"line\n", b"\xc3\xbc", b"=only="])
def test_a_token_that_cannot_be_sent_is_an_error(token: bytes) -> None:
    with pytest.raises(ValueError, match="client 'x': the token must be made of"):
        Clients((Client("x", Secret(token)),))


@pytest.mark.parametrize("second", [Client("gax", Secret(b"other")), Client("other", Secret(b"gax-token"))])
def test_two_clients_of_one_name_or_token_are_an_error(second: Client) -> None:
    with pytest.raises(ValueError, match="another client's as well"):
        Clients((GAX, second))


def test_requiring_clients_where_there_are_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="there are none"):
        Clients((), required=True)


def test_tokens_are_not_kept() -> None:
    assert "gax-token" not in repr(vars(Clients((GAX,))))


def test_a_clients_token_is_not_shown() -> None:
    assert "gax-token" not in repr(GAX)
