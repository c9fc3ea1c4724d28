"""What a KDC, or somebody who speaks for it, may say: nobody is let in by it, no login hangs, and no work is done for nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bench.logins import cpu_seconds
from kerbauth.demo.principals import User
from tests.integration.conftest import CANARY, REALM
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService, Setup
from tests.integration.two_kdcs import entry
from tests.kdc import wire
from tests.kdc.behaviours import (
    by_number,
    by_transport,
    changed,
    claiming,
    constantly,
    error,
    flipped,
    half_a_length,
    half_a_message,
    hang_up,
    in_pieces,
    of_realm,
    one_late,
    preauth_required,
    preceded_by,
    preceded_by_a_foreigner,
    proves_a_password,
    relay,
    repeatedly,
    silence,
    truncated,
    where,
    wrong_nonce,
)
from tests.kdc.scripted import Behaviour, ScriptedKdc, scripted_kdc

Fresh = Callable[..., str]

NO_GRANT = {401, 403, 422, 503}
SALT = "any"
FIELDS = wire.ErrorFields(realm=REALM)
TOO_BIG = error(wire.RESPONSE_TOO_BIG, FIELDS)
BOMB = wire.iterations(0xFFFFFF)  # 16 million rounds: some 10 s of a processor, and fewer than libkrb5's own limit of 2 ** 24
# CPU seconds of a login that does no such work: many times what it takes, and well below the deadline, at which an answer comes anyway.
LITTLE = 0.5


@dataclass(frozen=True)
class Hostile:
    """The service, and the one KDC that it knows."""

    service: RunningService
    kdc: ScriptedKdc

    def login(self, user: str, password: str = CANARY) -> tuple[int, str]:
        """The status and what it was for; the KDC was asked about the user, which it is not while it counts as silent."""
        for _ in range(40):
            before = self.requests_about(user)
            reply = self.service.login(user, password, None)
            if self.requests_about(user) > before:
                return reply.status_code, reply.json().get("reason") or reply.json()["verdict"]
        raise AssertionError("the KDC is not asked any more")

    def requests_about(self, user: str) -> int:
        return sum(user.encode() in asked.message for asked in list(self.kdc.asked))

    def cpu_seconds(self) -> float:
        assert self.service.process is not None
        return cpu_seconds(self.service.process.pid)


@pytest.fixture(scope="module")
def hostile(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    realm.add(User("unproved", CANARY, ("-requires_preauth",)))
    with scripted_kdc(relay, upstream=realm.kdc) as kdc:
        setup = Setup((entry(realm, kdc, settings="deadline = 2.0"),))
        service = RunningService(tmp_path_factory.mktemp("hostile"), setup).start()
        yield Hostile(service, kdc)
        kdc.behaviour = relay
        assert service.stop() == 0


@pytest.fixture(autouse=True)
def harmless_before(hostile: Hostile, fresh: Fresh) -> str:
    """The KDC works before every test, and the service knows it; the user who showed that."""
    hostile.kdc.behaviour = relay
    for _ in range(100):
        if hostile.service.login("jdoe", CANARY, None).status_code == 200:
            return fresh()
    raise AssertionError("no login is granted by a KDC that works")


def with_bomb(reply: bytes) -> bytes:
    if wire.message_type(reply) != wire.AS_REP:
        return reply
    return wire.with_padata(reply, wire.pa_data(wire.ETYPE_INFO2, wire.etype_info2(wire.AES256, SALT, BOMB)))


@pytest.mark.parametrize(
    ("user", "behaviour"),
    [
        ("jdoe", preauth_required(REALM, SALT, BOMB)),
        ("unproved", changed(with_bomb)),
    ],
    ids=["challenge", "ticket"],
)
def test_absurd_iterations_are_refused_before_they_are_done(hostile: Hostile, user: str, behaviour: Behaviour) -> None:
    hostile.kdc.behaviour = behaviour
    used, proofs = hostile.cpu_seconds(), len(hostile.kdc.proofs)
    status, _ = hostile.login(user)
    assert status in NO_GRANT
    assert hostile.cpu_seconds() - used < LITTLE
    assert len(hostile.kdc.proofs) == proofs, "a proof was made with the key"


FORGED = wire.krb_error(24, FIELDS)
SURVIVED = {
    "twice": repeatedly(2),
    "many-times": repeatedly(20),
    "after-garbage": by_transport(udp=preceded_by(b"garbage")),
    "after-nothing": by_transport(udp=preceded_by(b"")),
    "after-half-a-message": by_transport(udp=preceded_by(FORGED[: len(FORGED) // 2])),
    "after-a-message-with-a-tail": by_transport(udp=preceded_by(FORGED + b"\0")),
    "after-a-foreigner": by_transport(udp=preceded_by_a_foreigner(FORGED)),
    "late": by_transport(udp=one_late()),
    "too-big-for-udp": by_transport(udp=TOO_BIG),
    "in-pieces": by_transport(udp=TOO_BIG, tcp=in_pieces(3)),
}


@pytest.mark.parametrize("what", SURVIVED)
def test_a_good_reply_is_found_among_others(hostile: Hostile, harmless_before: str, what: str) -> None:
    hostile.kdc.behaviour = SURVIVED[what]
    assert hostile.login(harmless_before) == (200, "granted")


USELESS = {
    "silence": silence,
    "cut": truncated(-1),
    "cut-to-a-byte": truncated(1),
    "empty": truncated(0),
    "zeros": constantly(bytes(200)),
    "60-kilobytes": error(60, wire.ErrorFields(realm=REALM, text="x" * 60_000)),
    "endless-nesting": constantly(b"\x7e\x84\x7f\xff\xff\xff" + b"\x30\x80" * 500),
    "wrong-nonce": wrong_nonce,
    "wrong-realm": of_realm(REALM, "KX.TEST"),
    "tcp-silent": by_transport(udp=TOO_BIG, tcp=silence),
    "tcp-half-a-length": by_transport(udp=TOO_BIG, tcp=half_a_length()),
    "tcp-half-a-message": by_transport(udp=TOO_BIG, tcp=half_a_message(then_hang_up=False)),
    "tcp-half-a-message-and-gone": by_transport(udp=TOO_BIG, tcp=half_a_message(then_hang_up=True)),
    "tcp-gone": by_transport(udp=TOO_BIG, tcp=hang_up),
    "tcp-two-gigabytes": by_transport(udp=TOO_BIG, tcp=claiming(0x7FFFFFFF)),
    "tcp-too-big-as-well": TOO_BIG,
}


@pytest.mark.parametrize("what", USELESS)
@pytest.mark.parametrize("after_proof", [False, True], ids=["at-once", "after-the-proof"])
def test_a_kdc_that_says_nothing_of_use_ends_a_login_without_a_grant(hostile: Hostile, what: str, after_proof: bool) -> None:
    useless = USELESS[what]
    # TGS replies are spoilt with the others: a ticket for ourselves is part of the proof.
    hostile.kdc.behaviour = by_number({1: relay}, useless) if after_proof else useless
    assert hostile.login("jdoe")[0] in NO_GRANT


def test_a_flipped_bit_lets_nobody_in_as_somebody_else_and_is_no_fault_of_ours(hostile: Hostile) -> None:
    for bit in range(0, 6000, 97):
        hostile.kdc.behaviour = where(proves_a_password, flipped(bit))
        reply = hostile.service.login("jdoe", CANARY, None)
        assert reply.status_code in {200, *NO_GRANT}, (bit, reply.text)
        assert reply.json().get("principal", f"jdoe@{REALM}") == f"jdoe@{REALM}", bit
        assert reply.json().get("reason") != "internal", bit
