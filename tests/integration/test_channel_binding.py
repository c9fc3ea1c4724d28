"""Tokens bound to TLS certificates, with tickets of a real KDC."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import requests
import requests_gssapi

from kerbauth.demo.principals import User
from kerbauth.settings.certificates import end_point
from tests.certificates import SHA384, Authority, Pair, rsa_key
from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.service import RunningService, Setup

Start = Callable[..., RunningService]
OURS = "HTTP/localhost@KA.TEST"


@dataclass(frozen=True)
class Certificates:
    """What clients may have been shown."""

    authority: Authority
    own: Pair
    old_proxy: Pair
    new_proxy: Pair
    strangers: Pair

    @property
    def proxies(self) -> str:
        return f'channel_binding_certificates = ["{self.old_proxy.certificate_file}", "{self.new_proxy.certificate_file}"]'

    @property
    def bindings(self) -> dict[str, bytes]:
        shown = {"own": self.own, "old proxy": self.old_proxy, "new proxy": self.new_proxy, "stranger's": self.strangers}
        return {name: end_point(pair.certificate) for name, pair in shown.items()} | {"none": b""}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    return Certificates(
        authority,
        authority.issue("own", signed=SHA384),
        authority.issue("old-proxy", key=rsa_key()),
        authority.issue("new-proxy"),
        authority.issue("strangers"),
    )


@pytest.fixture(scope="module")
def ticket(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """A user with a ticket-granting ticket, and the environment it is in."""
    realm.add(User("bound", CANARY))
    return "bound", realm.kinit("bound", CANARY, tmp_path_factory.mktemp("ticket") / "ccache")


GRANTED, WRONG = (200, None), (401, "channel-binding")

# Mode, and what comes of a token bound to: our own certificate, to either of the proxy's, to a stranger's, to none.
OVER_TLS = {
    "off": (GRANTED, GRANTED, GRANTED, GRANTED, GRANTED),
    "allow": (GRANTED, GRANTED, GRANTED, WRONG, GRANTED),
    "require": (GRANTED, GRANTED, GRANTED, WRONG, WRONG),
}
KINDS = ("own", "old proxy", "new proxy", "stranger's", "none")


@pytest.mark.parametrize("mode", OVER_TLS)
def test_over_our_own_tls(realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates, mode: str) -> None:
    running = secured(start, realm, certificates, f'channel_binding = "{mode}"\n{certificates.proxies}')
    assert tuple(answer(running, ticket, certificates.bindings[kind]) for kind in KINDS) == OVER_TLS[mode]


BEHIND_A_PROXY = {
    "allow": (WRONG, GRANTED, GRANTED, WRONG, GRANTED),
    "require": (WRONG, GRANTED, GRANTED, WRONG, WRONG),
}


@pytest.mark.parametrize("mode", BEHIND_A_PROXY)
def test_behind_a_proxy_whose_certificates_are_known(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates, mode: str
) -> None:
    running = start(Setup((entry(realm),), server=f'channel_binding = "{mode}"\n{certificates.proxies}'))
    assert tuple(answer(running, ticket, certificates.bindings[kind]) for kind in KINDS) == BEHIND_A_PROXY[mode]


def test_without_any_certificate_bound_tokens_are_taken_as_they_are(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates
) -> None:
    running = start(Setup((entry(realm),)))
    assert answer(running, ticket, certificates.bindings["stranger's"]) == GRANTED
    assert "kerbauth_channel_bindings_total{" not in running.request("GET", "/metrics").text


@pytest.mark.parametrize("mech", ["spnego", "krb5"])
@pytest.mark.parametrize("kind", ["own", "old proxy", "new proxy", "none"])
def test_a_replayed_token_is_refused_whichever_certificate_it_is_bound_to(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates, kind: str, mech: str
) -> None:
    running = secured(start, realm, certificates, certificates.proxies)
    (token,) = make_tokens(ticket[1], OURS, binding=certificates.bindings[kind], mech=mech)
    answers = [running.sso(token, application=None) for _ in range(2)]
    assert [(reply.status_code, reply.json().get("reason")) for reply in answers] == [GRANTED, (401, "ticket-replayed")]


def test_a_token_that_was_refused_for_its_binding_is_spent(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates
) -> None:
    running = secured(start, realm, certificates, certificates.proxies)
    (token,) = make_tokens(ticket[1], OURS, binding=certificates.bindings["stranger's"])
    reasons = [running.sso(token, application=None).json()["reason"] for _ in range(2)]
    assert reasons == ["channel-binding", "ticket-replayed"]


def test_the_refusals_say_what_is_wrong(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates
) -> None:
    running = secured(start, realm, certificates, 'channel_binding = "require"')
    wrong, none = (
        running.sso(make_tokens(ticket[1], OURS, binding=certificates.bindings[kind])[0], application=None)
        for kind in ("stranger's", "none")
    )
    assert [message["text"] for message in none.json()["messages"]][1:] == [
        "The client did not bind its token to the TLS connection, and only bound tokens are accepted here."
    ]
    assert len(wrong.json()["messages"]) == 1
    assert running.audited(none)["diagnostic"].startswith(f"{ticket[0]}@KA.TEST: The client did not bind")
    assert "gss:262144" in running.audited(wrong)["codes"]
    # The context of a token without a binding was completed: the client gets its reply. No fresh token would help either of them.
    assert [reply.headers.get("WWW-Authenticate", "")[:10] for reply in (wrong, none)] == ["", "Negotiate "]


@pytest.mark.parametrize(("flags", "sent"), [("integrity", False), ("integrity mutual_authentication", True)])
def test_a_refusal_carries_a_reply_token_only_for_a_client_that_asked_for_our_proof(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates, flags: str, *, sent: bool
) -> None:
    # A browser would answer it with an empty token, and show what comes of that; requests-gssapi would hide the reason without it.
    service = start(Setup((entry(realm),), server=f'channel_binding = "require"\n{certificates.proxies}'))
    (token,) = make_tokens(ticket[1], OURS, flags=flags)
    reply = service.sso(token, application=None)
    assert (reply.status_code, reply.json()["reason"]) == WRONG
    assert reply.headers.get("WWW-Authenticate", "").startswith("Negotiate o") is sent


def test_a_request_through_no_tls_fulfils_no_requirement(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates
) -> None:
    running = start(Setup((entry(realm),), server=f'channel_binding = "require"\n{certificates.proxies}'))
    assert answer(running, ticket, b"") == WRONG


def test_how_many_tokens_are_bound_is_counted(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates
) -> None:
    running = secured(start, realm, certificates, "")
    for kind in ("own", "own", "none", "stranger's"):
        answer(running, ticket, certificates.bindings[kind])
    metrics = running.request("GET", "/metrics").text
    counted = [line for line in metrics.splitlines() if line.startswith("kerbauth_channel_bindings_total{")]
    assert counted == ['kerbauth_channel_bindings_total{bound="yes"} 2.0', 'kerbauth_channel_bindings_total{bound="no"} 1.0']


def test_requests_gssapi_binds_its_token_to_what_it_was_shown(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]], certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = secured(start, realm, certificates, 'channel_binding = "require"')
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, ticket[1][name])
    url = running.url.replace("127.0.0.1", "localhost") + "/v1/sso"
    for binding, status in (("tls-server-end-point", 200), (None, 401)):
        auth = requests_gssapi.HTTPSPNEGOAuth(channel_bindings=binding)
        assert requests.get(url, auth=auth, verify=str(certificates.authority.file), timeout=30).status_code == status


def secured(start: Start, realm: LabRealm, certificates: Certificates, server: str) -> RunningService:
    running = start(Setup((entry(realm),), server=f"{certificates.own.toml}\n{server}"))
    running.trusted = str(certificates.authority.file)
    return running


def answer(running: RunningService, ticket: tuple[str, dict[str, str]], binding: bytes) -> tuple[int, str | None]:
    (token,) = make_tokens(ticket[1], OURS, binding=binding)
    reply = running.sso(token, application=None)
    return reply.status_code, reply.json().get("reason")
