"""What Windows' clients begin a negotiation with, each answered over HTTP by the running service.

Real tickets of a real KDC in real AP-REQs; only what is around them is made by hand as Windows makes it, for want of a Windows:
`tests/integration/negotiation.py`.
"""

import base64
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY
from tests.integration.delegation import Left, left_by, memory_after
from tests.integration.kdc import LabRealm, make_tokens, signed_token
from tests.integration.negotiation import (
    HINTS,
    KRB5,
    MS_KRB5,
    NEGOEX,
    NEGOEX_NEGO,
    NTLM,
    NTLM_AUTHENTICATE,
    NTLM_NEGOTIATE,
    USER_TO_USER,
    WINDOWS,
    framed,
    init,
    mech_list,
    oid,
    response,
    without_framing,
)
from tests.integration.service import RunningService
from tests.kdc.wire import OCTETS, SEQUENCE, field, tlv

OURS = "HTTP/localhost@KA.TEST"
FORWARDING = "delegate_to_peer mutual_authentication"
ACCEPT_COMPLETED, ACCEPT_INCOMPLETE = 0, 1  # RFC 4178 4.2.2 negState


@pytest.fixture(scope="module")
def wallet(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user with a ticket-granting ticket that may be forwarded."""
    return realm.kinit("good000", CANARY, tmp_path_factory.mktemp("wallet") / "cc", "-f")


@pytest.fixture
def ticket(wallet: dict[str, str]) -> bytes:
    """A fresh raw Kerberos token for the service."""
    (token,) = make_tokens(wallet, OURS, mech="krb5", flags="integrity")
    return token


def decoded(challenge: str) -> bytes:
    """The reply token in WWW-Authenticate."""
    return base64.b64decode(challenge.removeprefix("Negotiate "))


def answer(service: RunningService, token: bytes) -> tuple[int, str, bool]:
    """Status, user or reason, and whether a fresh token is asked for."""
    reply = service.sso(token)
    body = reply.json()
    return reply.status_code, body.get("reason") or body["user"], reply.headers.get("WWW-Authenticate") == "Negotiate"


GRANTED = (200, "good000", False)


@pytest.mark.parametrize(
    ("mechanisms", "chosen"),
    [
        (WINDOWS, MS_KRB5),
        ((MS_KRB5, KRB5, USER_TO_USER, NTLM), MS_KRB5),
        ((MS_KRB5,), MS_KRB5),
        ((KRB5, MS_KRB5, NTLM), KRB5),
        ((KRB5,), KRB5),
    ],
    ids=["Windows", "with user-to-user", "its own OID alone", "the right OID first", "Chromium on Linux"],
)
def test_a_ticket_in_the_first_token_is_granted_in_one_leg_and_the_clients_own_oid_confirmed(
    service: RunningService, ticket: bytes, mechanisms: tuple[str, ...], chosen: str
) -> None:
    # A Windows client that is answered with another OID than the one its token was for takes the context as not complete.
    reply = service.sso(init(*mechanisms, token=ticket))
    assert (reply.status_code, reply.json()["user"]) == (200, "good000")
    sent = decoded(reply.headers["WWW-Authenticate"])
    assert sent == field(1, tlv(SEQUENCE, field(0, tlv(0x0A, bytes([ACCEPT_COMPLETED]))), field(1, oid(chosen))))


def test_a_client_that_wants_to_see_our_proof_gets_it_beside_the_confirmed_oid(service: RunningService, wallet: dict[str, str]) -> None:
    (token,) = make_tokens(wallet, OURS, mech="krb5", flags="mutual_authentication")
    sent = decoded(service.sso(init(*WINDOWS, token=token)).headers["WWW-Authenticate"])
    head = field(0, tlv(0x0A, bytes([ACCEPT_COMPLETED]))) + field(1, oid(MS_KRB5))
    assert head in sent
    proof = sent[sent.index(head) + len(head) :]
    assert without_framing(proof).startswith(b"\x02\x00\x6f"), "no AP-REP (RFC 4121 4.1)"


def test_flags_beside_the_mechanisms_are_no_matter(service: RunningService, ticket: bytes) -> None:
    assert answer(service, init(*WINDOWS, token=ticket, flags=b"\x01\x06")) == GRANTED


def test_a_kerberos_token_outside_a_negotiation_is_granted(service: RunningService, ticket: bytes) -> None:
    assert answer(service, ticket) == GRANTED


def test_a_right_checksum_of_the_mechanisms_is_granted(service: RunningService, wallet: dict[str, str]) -> None:
    token, mic = signed_token(wallet, OURS, mech_list(*WINDOWS))
    assert answer(service, init(*WINDOWS, token=token, mic=mic)) == GRANTED


@pytest.mark.parametrize("over", [(KRB5,), (NTLM, *WINDOWS)], ids=["fewer", "more"])
def test_a_checksum_of_other_mechanisms_is_refused(service: RunningService, wallet: dict[str, str], over: tuple[str, ...]) -> None:
    token, mic = signed_token(wallet, OURS, mech_list(*over))
    assert answer(service, init(*WINDOWS, token=token, mic=mic)) == (401, "bad-token", True)


def test_a_checksum_that_is_none_is_refused(service: RunningService, ticket: bytes) -> None:
    assert answer(service, init(*WINDOWS, token=ticket, mic=b"x" * 28)) == (401, "bad-token", True)


# Without a ticket. A challenge would bring no ticket either, and make a browser ask for a password again and again.
NO_TICKET = {
    "NTLM raw": (NTLM_NEGOTIATE, "ntlm-not-supported"),
    "NTLM raw, third message": (NTLM_AUTHENTICATE, "ntlm-not-supported"),
    "NTLM alone": (init(NTLM, token=NTLM_NEGOTIATE), "ntlm-not-supported"),
    "NTLM before Kerberos": (init(NTLM, MS_KRB5, KRB5, token=NTLM_NEGOTIATE), "ntlm-not-supported"),
    "NTLM under Kerberos' name": (init(*WINDOWS, token=NTLM_NEGOTIATE), "ntlm-not-supported"),
    "NegoEx and NTLM": (init(NEGOEX, NTLM, token=NEGOEX_NEGO), "ntlm-not-supported"),
    "NegoEx before Kerberos": (init(NEGOEX, MS_KRB5, KRB5, NTLM, token=NEGOEX_NEGO), "bad-token"),
    "NegoEx alone": (init(NEGOEX, token=NEGOEX_NEGO), "bad-token"),
    "a server's first token": (init(*WINDOWS, token=None, hints=HINTS), "bad-token"),
    "user-to-user alone": (init(USER_TO_USER, token=framed(USER_TO_USER, b"\x04\x00" + bytes(30))), "bad-token"),
}


@pytest.mark.parametrize("name", NO_TICKET)
def test_a_first_token_without_a_ticket_is_refused_by_name_without_challenge_or_alarm(service: RunningService, name: str) -> None:
    token, reason = NO_TICKET[name]
    reply = service.sso(token)
    assert (reply.status_code, reply.json()["reason"]) == (401, reason)
    assert "WWW-Authenticate" not in reply.headers
    assert not service.audited(reply)["alarm"]


@pytest.mark.parametrize("mic", [None, b"x" * 28], ids=["", "and a checksum"])
def test_a_ticket_in_a_servers_first_token_is_refused_as_what_it_is(service: RunningService, ticket: bytes, mic: bytes | None) -> None:
    assert answer(service, init(*WINDOWS, token=ticket, hints=HINTS, mic=mic)) == (401, "bad-token", False)


@pytest.mark.parametrize("mechanisms", [(NTLM, MS_KRB5), (NEGOEX, MS_KRB5)], ids=["NTLM", "NegoEx"])
def test_a_ticket_that_is_said_to_be_another_mechanisms_is_not_looked_at(
    service: RunningService, ticket: bytes, mechanisms: tuple[str, ...]
) -> None:
    status, _, challenge = answer(service, init(*mechanisms, token=ticket))
    assert (status, challenge) == (401, False)
    assert answer(service, ticket) == GRANTED, "it was used up"


SECOND_LEGS = {
    "with a ticket": lambda ticket: response(ACCEPT_INCOMPLETE, ticket),
    "with NTLM": lambda ticket: response(ACCEPT_INCOMPLETE, NTLM_AUTHENTICATE),
    "empty": lambda ticket: response(ACCEPT_INCOMPLETE),
}


@pytest.mark.parametrize("leg", SECOND_LEGS)
def test_a_second_leg_alone_is_refused_and_a_new_beginning_asked_for(service: RunningService, ticket: bytes, leg: str) -> None:
    assert answer(service, SECOND_LEGS[leg](ticket)) == (401, "bad-token", True)


# Framings that no client has been seen to send. What counts is that each is a refusal of the client, and none our own trouble.
ODD = {
    "raw, under Windows' OID": lambda ticket: framed(MS_KRB5, without_framing(ticket)),
    "inside, under Windows' OID": lambda ticket: init(*WINDOWS, token=framed(MS_KRB5, without_framing(ticket))),
    "inside, without an OID": lambda ticket: init(*WINDOWS, token=without_framing(ticket)),
    "inside, the AP-REQ alone": lambda ticket: init(*WINDOWS, token=without_framing(ticket)[2:]),
    "the AP-REQ alone": lambda ticket: without_framing(ticket)[2:],
    "hints without content": lambda ticket: init(*WINDOWS, token=ticket, hints=tlv(SEQUENCE)),
    "a checksum of the wrong type": lambda ticket: init(*WINDOWS, token=ticket, hints=tlv(0x0C, b"text")),
    "a field of its own": lambda ticket: framed("1.3.6.1.5.5.2", field(0, tlv(SEQUENCE, field(2, tlv(OCTETS, ticket)), field(7)))),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_framing_is_the_clients_fault_and_never_ours(service: RunningService, ticket: bytes, name: str) -> None:
    status, reason, _ = answer(service, ODD[name](ticket))
    assert (status, reason) == (401, "bad-token")


def test_delegated_credentials_let_their_user_in_like_any_other(service: RunningService, wallet: dict[str, str]) -> None:
    (plain,) = make_tokens(wallet, OURS, mech="krb5")
    (forwarding,) = make_tokens(wallet, OURS, mech="krb5", flags=FORWARDING)
    assert len(forwarding) > 1.5 * len(plain), "no ticket-granting ticket is inside"
    assert answer(service, init(*WINDOWS, token=forwarding)) == GRANTED


def test_no_delegated_credentials_are_kept(realm: LabRealm, wallet: dict[str, str], tmp_path: Path) -> None:
    tokens = make_tokens(wallet, OURS, flags=FORWARDING, count=3)
    assert left_by(tokens, realm, tmp_path) == Left(accepted=3, made=3, caches=set(), files=[])


def test_memory_does_not_grow_with_delegated_credentials(realm: LabRealm, wallet: dict[str, str], tmp_path: Path) -> None:
    # Each token holds more than half a kilobyte of credentials: 4000 of them that stayed would be megabytes.
    tokens = make_tokens(wallet, OURS, flags=FORWARDING, count=40)
    early, late = memory_after(tokens, realm, tmp_path, rounds=(20, 100))
    assert late - early < 1_000_000, (early, late)
