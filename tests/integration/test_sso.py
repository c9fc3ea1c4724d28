"""Single sign-on with real tickets and real clients."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import requests_gssapi
import spnego
from spnego._spnego import NegTokenInit, NegTokenResp

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm, curl, make_tokens, shifted
from tests.integration.service import TOKEN, RealmEntry, RunningService, Setup

Fresh = Callable[..., str]
Start = Callable[..., RunningService]
OURS = "HTTP/localhost@KA.TEST"
KRB5, NTLM, NEGOEX, IAKERB = "1.2.840.113554.1.2.2", "1.3.6.1.4.1.311.2.2.10", "1.3.6.1.4.1.311.2.2.30", "1.3.6.1.5.2.5"
NTLM_NEGOTIATE = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2" + bytes(24)


@pytest.fixture
def ticket(realm: LabRealm, fresh: Fresh, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A user with a ticket-granting ticket, and the environment it is in."""
    user = fresh()
    return user, realm.kinit(user, CANARY, tmp_path / "ccache")


def test_a_ticket_logs_its_user_in_without_asking_the_kdc(
    service: RunningService, realm: LabRealm, ticket: tuple[str, dict[str, str]]
) -> None:
    user, environment = ticket
    (token,) = make_tokens(environment, OURS)
    before = realm.mark()
    reply = service.sso(token)
    assert (reply.status_code, reply.json()["user"], reply.json()["principal"]) == (200, user, f"{user}@KA.TEST")
    assert reply.headers["WWW-Authenticate"].startswith("Negotiate ")
    assert realm.requests(before) == []
    record = service.audited(reply)
    assert (record["door"], record["verdict"], record["user"]) == ("spnego", "granted", user)


def test_a_raw_kerberos_token_is_taken_like_spnego(service: RunningService, ticket: tuple[str, dict[str, str]]) -> None:
    user, environment = ticket
    (token,) = make_tokens(environment, OURS, mech="krb5")
    assert service.sso(token).json()["user"] == user


def test_curl_negotiates(service: RunningService, ticket: tuple[str, dict[str, str]]) -> None:
    user, environment = ticket
    url = service.url.replace("127.0.0.1", "localhost")
    done = curl(environment, "--negotiate", "-u", ":", f"{url}/v1/sso?application=desktop")
    assert "HTTP/1.1 200" in done.stdout, done.stdout + done.stderr
    assert f'"user": "{user}"' in done.stdout or f'"user":"{user}"' in done.stdout


def test_requests_gssapi_with_mutual_authentication_reads_a_grant(
    service: RunningService, ticket: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, environment = ticket
    reply = with_requests_gssapi(service, environment, "desktop", monkeypatch)
    assert (reply.status_code, reply.json()["user"]) == (200, user)


def test_requests_gssapi_with_mutual_authentication_reads_a_refusal(
    service: RunningService, ticket: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = with_requests_gssapi(service, ticket[1], "closed", monkeypatch)
    assert (reply.status_code, reply.json()["reason"]) == (403, "application-disabled")


def with_requests_gssapi(
    service: RunningService, environment: dict[str, str], application: str, monkeypatch: pytest.MonkeyPatch
) -> requests.Response:
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, environment[name])
    auth = requests_gssapi.HTTPSPNEGOAuth(mutual_authentication=requests_gssapi.REQUIRED)
    url = service.url.replace("127.0.0.1", "localhost")
    return requests.get(f"{url}/v1/sso?application={application}", auth=auth, timeout=30)


def test_pyspnego_as_a_client_completes_with_our_reply(
    service: RunningService, ticket: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, environment = ticket
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, environment[name])
    client = spnego.client(hostname="localhost", service="HTTP", protocol="negotiate")
    reply = service.sso(client.step())
    assert reply.json()["user"] == user
    client.step(base64.b64decode(reply.headers["WWW-Authenticate"].removeprefix("Negotiate ")))
    assert client.complete


def test_without_a_token_the_answer_is_a_challenge(service: RunningService) -> None:
    reply = service.sso()
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_a_replayed_token_is_refused_with_a_fresh_challenge_and_without_alarm(
    service: RunningService, ticket: tuple[str, dict[str, str]]
) -> None:
    (token,) = make_tokens(ticket[1], OURS)
    assert service.sso(token).status_code == 200
    reply = service.sso(token)
    assert (reply.status_code, reply.json()["reason"], reply.headers["WWW-Authenticate"]) == (401, "ticket-replayed", "Negotiate")
    record = service.audited(reply)
    assert (record["alarm"], "krb5:-1765328350" in record["codes"]) == (False, True)


def test_a_ticket_for_another_service_is_refused(service: RunningService, ticket: tuple[str, dict[str, str]]) -> None:
    (token,) = make_tokens(ticket[1], "HTTP/other.test@KA.TEST")
    assert (service.sso(token).status_code, service.sso(token).json()["reason"]) == (401, "ticket-not-for-us")


def test_a_key_in_our_keytab_that_is_not_configured_is_not_accepted(service: RunningService, ticket: tuple[str, dict[str, str]]) -> None:
    (token,) = make_tokens(ticket[1], "HTTP/localhost.test@KA.TEST")
    assert service.sso(token).json()["reason"] == "ticket-not-for-us"


def test_a_further_service_principal_is_accepted_where_it_is_configured(
    realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]]
) -> None:
    running = start(Setup((entry(realm, settings='also_accept = ["HTTP/localhost.test"]'),)))
    (token,) = make_tokens(ticket[1], "HTTP/localhost.test@KA.TEST")
    assert running.sso(token, application=None).json()["user"] == ticket[0]


def test_a_clients_wrong_clock_is_said(service: RunningService, ticket: tuple[str, dict[str, str]], realm: LabRealm) -> None:
    make_tokens(ticket[1], OURS)  # the service ticket is in the cache before the clock goes wrong
    (token,) = make_tokens({**ticket[1], **shifted("+20m")}, OURS)
    reply = service.sso(token)
    assert (reply.status_code, reply.json()["reason"]) == (401, "clock-skew")


def test_an_expired_ticket_is_refused_with_a_fresh_challenge(realm: LabRealm, start: Start, fresh: Fresh, tmp_path: Path) -> None:
    environment = realm.kinit(fresh(), CANARY, tmp_path / "cc", "-l", "10m")
    later = shifted("+1h")
    (token,) = make_tokens(environment, OURS)
    reply = start(Setup((entry(realm),)), **later).sso(token, application=None)
    assert (reply.status_code, reply.json()["reason"]) in {(401, "ticket-expired"), (401, "clock-skew")}


def test_our_own_clock_behind_the_kdcs_is_our_fault(realm: LabRealm, start: Start, ticket: tuple[str, dict[str, str]]) -> None:
    (token,) = make_tokens(ticket[1], OURS)
    reply = start(Setup((entry(realm),)), **shifted("-1h")).sso(token, application=None)
    assert (reply.status_code, reply.json()["reason"]) == (503, "server-clock")


def test_a_stale_key_version_is_our_fault(start: Start, tmp_path: Path) -> None:
    with LabRealm.described(RealmDescription("STALE.TEST", (User("jdoe", CANARY),), (Service("HTTP/localhost"),))) as own:
        assert isinstance(own, LabRealm)
        running = start(Setup((RealmEntry(own.name, (own.kdc,), own.keytab("HTTP/localhost")),)))
        own.rekey("HTTP/localhost")
        (token,) = make_tokens(own.kinit("jdoe", CANARY, tmp_path / "cc"), "HTTP/localhost@STALE.TEST")
        reply = running.sso(token, application=None)
    assert (reply.status_code, reply.json()["reason"]) == (503, "service-keys")


def offer(*mechanisms: str, token: bytes | None) -> bytes:
    return bytes(NegTokenInit(mech_types=list(mechanisms), mech_token=token).pack())


REFUSED = [
    ("ntlm", NTLM_NEGOTIATE, "ntlm-not-supported", False),
    ("ntlm-only", offer(NTLM, token=NTLM_NEGOTIATE), "ntlm-not-supported", False),
    ("ntlm-first", offer(NTLM, KRB5, token=NTLM_NEGOTIATE), "ntlm-not-supported", False),
    ("negoex", offer(NEGOEX, KRB5, token=b"NEGOEXTS" + bytes(90)), "bad-token", False),
    ("iakerb", offer(IAKERB, token=b"x" * 40), "bad-token", False),
    ("second-leg", bytes(NegTokenResp(response_token=b"x").pack()), "bad-token", True),
    ("no-ticket", offer(KRB5, token=None), "bad-token", True),
    ("garbage", b"not a token at all", "bad-token", False),
    ("oversized", b"\x60" + bytes(70_000), "token-too-large", False),
    ("large-garbage", b"\x60" + bytes(65_000), "bad-token", False),
]


@pytest.mark.parametrize(("token", "reason", "challenge"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_kerberos_ticket_is_refused_by_name_and_without_alarm(
    service: RunningService, token: bytes, reason: str, challenge: bool
) -> None:
    reply = service.sso(token)
    assert (reply.status_code, reply.json()["reason"]) == (401, reason)
    assert (reply.headers.get("WWW-Authenticate") == "Negotiate") is challenge
    assert not service.audited(reply)["alarm"]


def test_an_empty_token_is_no_token_and_gets_a_challenge(service: RunningService) -> None:
    reply = service.sso(b"")
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_each_kind_of_refused_token_has_a_text_of_its_own(service: RunningService) -> None:
    texts = [
        tuple(message["text"] for message in service.sso(token).json()["messages"])
        for name, token, _, _ in REFUSED
        if name != "large-garbage"
    ]
    assert len(set(texts)) == len(texts)


def test_a_windows_size_token_passes(service: RunningService, ticket: tuple[str, dict[str, str]]) -> None:
    (small,) = make_tokens(ticket[1], OURS, mech="krb5")
    padding = [f"1.3.6.1.4.1.99999.{number}.{2**30}" for number in range(3800)]
    token = offer(KRB5, *padding, token=small)
    assert 60_000 < len(token) < 66_000
    assert service.sso(token).json()["user"] == ticket[0]


def test_damage_anywhere_in_a_token_never_lets_anybody_in(service: RunningService, ticket: tuple[str, dict[str, str]]) -> None:
    (token,) = make_tokens(ticket[1], OURS)
    for position in range(40, len(token), 37):
        damaged = bytearray(token)
        damaged[position] ^= 0x5A
        reply = service.sso(bytes(damaged), headers={"X-Kerbauth-Client": TOKEN})
        # A flipped bit in what SPNEGO ignores leaves the ticket whole; it is then spent, and every later copy is a replay.
        assert reply.status_code in {200, 401, 503}
        if reply.status_code == 200:
            assert reply.json()["user"] == ticket[0]


def test_a_realms_kdc_is_not_believed_about_another_realms_users(start: Start, tmp_path: Path) -> None:
    # Whoever runs KX makes a trust of their own to a KDC they call KY, and a ticket for the service in KX as anybody of KY.
    ours = (Service("HTTP/localhost"),)
    with (
        LabRealm.described(RealmDescription("KX.TEST", (), ours)) as kx,
        LabRealm.described(RealmDescription("KY.TEST", (User("alice", CANARY),), ours)) as ky,
    ):
        assert isinstance(kx, LabRealm)
        assert isinstance(ky, LabRealm)
        for each in (kx, ky):
            each.kadmin("add_principal -clearpolicy -pw shared krbtgt/KX.TEST@KY.TEST")
        both = tmp_path / "both.conf"
        both.write_text(ky.client_config.read_text().replace("[realms]", f"[realms]\n KX.TEST = {{\n  kdc = {kx.kdc}\n }}"))
        environment = ky.kinit("alice", CANARY, tmp_path / "cc", KRB5_CONFIG=str(both))
        (token,) = make_tokens(environment, "HTTP/localhost@KX.TEST")
        entries = tuple(
            RealmEntry(each.name, (each.kdc,), each.keytab("HTTP/localhost"), names=names)
            for each, names in ((kx, 'map = { bob = "bob" }\notherwise = "refuse"'), (ky, ""))
        )
        service = start(Setup(entries))
        reply = service.sso(token, application=None)
        assert (reply.status_code, reply.json()["reason"]) == (401, "wrong-realm")
        (own,) = make_tokens(environment, "HTTP/localhost@KY.TEST")
        assert service.sso(own, application=None).json()["user"] == "alice"
