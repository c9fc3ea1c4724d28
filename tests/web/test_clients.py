"""Who asks."""

import pytest

from kerbauth.attempt import Caller
from kerbauth.core.addresses import read_network
from kerbauth.core.audit import Door
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.secret import Secret
from kerbauth.web.clients import ANONYMOUS, Client, Clients, NoClient, Shown

GAX = Client("gax", Secret(b"gax-token"), Disclosure.FULL, "gax", identity_only=False)
PORTAL = Client("portal", Secret(b"portal-token"), identity_only=True)
CERTIFIED = Client("certified", certificate="Gax.Corp.Example")
SPIFFE = Client("spiffe", certificate="spiffe://corp.example/Gax")
BOTH = Client("both", Secret(b"both-token"), certificate="both.corp.example")
LIMITED = Client(
    "limited",
    Secret(b"limited-token"),
    addresses=(read_network("192.0.2.0/24"), read_network("2001:db8::7")),
    doors=frozenset({Door.HTTP}),
    realms=frozenset({"CORP.EXAMPLE"}),
    applications=frozenset({"desktop"}),
    operations=True,
)
ALL = Clients((GAX, PORTAL, CERTIFIED, SPIFFE, BOTH, LIMITED))


def by_token(token: str | None, *names: str, peer: str = "192.0.2.1") -> Shown:
    return Shown(token, names, peer)


def name_of(caller: Caller | NoClient) -> str | None:
    assert isinstance(caller, Caller), caller
    return caller.name


def test_a_token_leads_to_its_clients_settings() -> None:
    assert ALL.identify(by_token("gax-token")) == Caller("gax", Disclosure.FULL, "gax", identity_only=False)
    assert ALL.identify(by_token("portal-token")) == Caller("portal", Disclosure.GUARDED, None, identity_only=True)
    assert ALL.identify(by_token("limited-token")) == Caller(
        "limited", realms=frozenset({"CORP.EXAMPLE"}), applications=frozenset({"desktop"}), operations=True
    )


@pytest.mark.parametrize("token", ["", "gax-toke", "gax-token ", "gax-tokeN", "\udcff", "gax-token\0"])
def test_any_other_token_is_nobodys(token: str) -> None:
    assert ALL.identify(by_token(token)) is NoClient.UNKNOWN


def test_a_token_that_is_nobodys_is_refused_even_with_a_clients_certificate() -> None:
    assert ALL.identify(by_token("nobody", "gax.corp.example")) is NoClient.UNKNOWN


def test_without_a_token_a_caller_is_anonymous_and_guarded() -> None:
    caller = ALL.identify(by_token(None))
    assert caller == ANONYMOUS
    assert isinstance(caller, Caller)
    assert caller.disclosure is Disclosure.GUARDED


@pytest.mark.parametrize("names", [(), ("stranger.example",)])
def test_where_clients_are_required_nobody_is_anonymous(names: tuple[str, ...]) -> None:
    assert Clients((GAX,), required=True).identify(by_token(None, *names)) is NoClient.MISSING


@pytest.mark.parametrize(
    ("names", "client"),
    [
        (("gax.corp.example",), "certified"),
        (("GAX.CORP.EXAMPLE", "other.example"), "certified"),
        (("spiffe://corp.example/Gax",), "spiffe"),
        (("spiffe://corp.example/gax",), None),  # URIs are compared as they are
        (("corp.example",), None),
        (("x.gax.corp.example",), None),
        (("*.corp.example",), None),
    ],
)
def test_a_certificate_leads_to_the_client_of_its_name(names: tuple[str, ...], client: str | None) -> None:
    assert name_of(ALL.identify(by_token(None, *names))) == client


def test_a_certificate_with_the_names_of_two_clients_is_neithers() -> None:
    assert ALL.identify(by_token(None, "gax.corp.example", "spiffe://corp.example/Gax")) is NoClient.AMBIGUOUS


def test_a_client_with_both_must_show_both() -> None:
    assert name_of(ALL.identify(by_token("both-token", "both.corp.example"))) == "both"
    assert ALL.identify(by_token("both-token")) is NoClient.NO_CERTIFICATE
    assert ALL.identify(by_token("both-token", "gax.corp.example")) is NoClient.NO_CERTIFICATE
    assert ALL.identify(by_token(None, "both.corp.example")) is NoClient.NO_TOKEN


@pytest.mark.parametrize(
    ("peer", "may"),
    [("192.0.2.9", True), ("::ffff:192.0.2.9", True), ("2001:db8::7", True), ("198.51.100.1", False), ("unknown", False), ("", False)],
)
def test_a_client_with_addresses_asks_from_there_only(peer: str, may: bool) -> None:
    found = ALL.identify(by_token("limited-token", peer=peer))
    assert (name_of(found) == "limited") if may else found is NoClient.ADDRESS


def test_a_client_with_doors_asks_at_these_only() -> None:
    assert name_of(ALL.identify(by_token("limited-token"), Door.HTTP)) == "limited"
    assert ALL.identify(by_token("limited-token"), Door.SPNEGO) is NoClient.DOOR
    assert name_of(ALL.identify(by_token("gax-token"), Door.SPNEGO)) == "gax"


@pytest.mark.parametrize("token", [b"", b"two words", b"line\n", b"\xc3\xbc", b"=only="])
def test_a_token_that_cannot_be_sent_is_an_error(token: bytes) -> None:
    with pytest.raises(ValueError, match="client 'x': the token must be made of"):
        Clients((Client("x", Secret(token)),))


@pytest.mark.parametrize("second", [Client("gax", Secret(b"other")), Client("other", Secret(b"gax-token")), Client("gax", certificate="x")])
def test_two_clients_of_one_name_or_token_are_an_error(second: Client) -> None:
    with pytest.raises(ValueError, match="another client's as well"):
        Clients((GAX, second))


def test_a_client_that_nobody_can_be_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither a token nor a certificate"):
        Clients((Client("x"),))


def test_requiring_clients_where_there_are_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="there are none"):
        Clients((), required=True)


def test_tokens_are_not_kept() -> None:
    clients = Clients((GAX,))
    kept = [client.token for client in clients._clients] + [client.token for _, client in clients._digests]
    assert kept == [None, None]
    assert "gax-token" not in repr(vars(clients))


def test_a_clients_token_is_not_shown() -> None:
    assert "gax-token" not in repr(GAX)
    assert "gax-token" not in repr(by_token("gax-token"))
