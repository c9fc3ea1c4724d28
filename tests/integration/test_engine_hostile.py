"""What a KDC may do to the messages themselves: a good reply is found among others, and a useless one ends the login in time.

Who asks for absurd work is refused before it is done.
"""

from collections.abc import Callable, Mapping

import pytest

from kerbauth.demo.principals import User
from kerbauth.kdc.protocol.key_info import MAX_ITERATIONS
from tests.integration.conftest import CANARY, REALM
from tests.integration.hostile import DEADLINE, Hostile
from tests.integration.kdc import LabRealm
from tests.kdc import wire
from tests.kdc.behaviours import (
    by_number,
    by_transport,
    changed,
    claiming,
    constantly,
    delayed,
    error,
    half_a_length,
    half_a_message,
    hang_up,
    in_pieces,
    lying_about_its_length,
    one_behind,
    one_late,
    preceded_by,
    preceded_by_a_foreigner,
    proves_a_password,
    relay,
    repeatedly,
    silence,
    truncated,
    where,
)
from tests.kdc.scripted import Asked, Behaviour

Fresh = Callable[..., str]

FIELDS = wire.ErrorFields(realm=REALM)
UNREACHABLE = (503, "kdc-unreachable", "as")
TOO_BIG = error(wire.RESPONSE_TOO_BIG, FIELDS)
# CPU seconds of a login that does no such work: many times what it takes, and well below the deadline, at which an answer comes anyway.
LITTLE = 0.5


def over_tcp(behaviour: Behaviour) -> Behaviour:
    return by_transport(udp=TOO_BIG, tcp=behaviour)


FORGED = wire.krb_error(24, FIELDS)
SURVIVED: Mapping[str, Callable[[], Behaviour]] = {
    "twice": lambda: repeatedly(2),
    "many-times": lambda: repeatedly(20),
    "after-garbage": lambda: by_transport(udp=preceded_by(b"garbage")),
    "after-nothing": lambda: by_transport(udp=preceded_by(b"")),
    "after-half-a-message": lambda: by_transport(udp=preceded_by(FORGED[: len(FORGED) // 2])),
    "after-a-message-with-a-tail": lambda: by_transport(udp=preceded_by(FORGED + b"\0")),
    "after-a-foreigner": lambda: by_transport(udp=preceded_by_a_foreigner(FORGED)),
    "overtaken": lambda: by_transport(udp=one_late()),
    "too-big-for-udp": lambda: by_transport(udp=TOO_BIG),
    "in-pieces": lambda: over_tcp(in_pieces(3)),
}


@pytest.mark.parametrize("what", SURVIVED)
def test_a_good_reply_is_found_among_others_and_a_wrong_password_counts_once(hostile: Hostile, fresh: Fresh, what: str) -> None:
    user, mark = fresh(), hostile.realm.mark()
    hostile.kdc.behaviour = SURVIVED[what]()
    assert hostile.login(user, CANARY).short == (200, "granted", None)
    hostile.kdc.behaviour = SURVIVED[what]()
    assert hostile.login(user, "wrong").short == (401, "bad-credentials", "as")
    assert hostile.realm.failed_password_checks(mark, user) == 1


USELESS: Mapping[str, Behaviour] = {
    "silence": silence,
    "cut": truncated(-1),
    "cut-to-a-byte": truncated(1),
    "empty": truncated(0),
    "zeros": constantly(bytes(200)),
    "endless-nesting": constantly(b"\x7e\x84\x7f\xff\xff\xff" + b"\x30\x80" * 500),
    "tcp-silent": over_tcp(silence),
    "tcp-half-a-length": over_tcp(half_a_length()),
    "tcp-half-a-message": over_tcp(half_a_message(then_hang_up=False)),
    "tcp-half-a-message-and-gone": over_tcp(half_a_message(then_hang_up=True)),
    "tcp-gone": over_tcp(hang_up),
    "tcp-two-gigabytes": over_tcp(claiming(0x7FFFFFFF)),
    "tcp-128-kibibytes": over_tcp(error(60, wire.ErrorFields(realm=REALM, text="x" * 0x20000))),
    "tcp-the-reserved-bit": over_tcp(lying_about_its_length(lambda length: length | 1 << 31)),
    "tcp-a-length-of-0": over_tcp(lying_about_its_length(lambda _: 0)),
    "tcp-a-length-too-short": over_tcp(lying_about_its_length(lambda length: length - 1)),
    "tcp-a-length-too-long": over_tcp(lying_about_its_length(lambda length: length + 1)),
    "tcp-a-length-too-long-and-gone": over_tcp(lying_about_its_length(lambda length: length + 1, then_hang_up=True)),
}


@pytest.mark.parametrize("what", USELESS)
def test_a_kdc_without_a_whole_reply_is_unreachable(hostile: Hostile, what: str) -> None:
    hostile.kdc.behaviour = USELESS[what]
    answer = hostile.login("jdoe", CANARY)
    assert (answer.short, answer.codes) == (UNREACHABLE, ())


@pytest.mark.parametrize("what", USELESS)
def test_a_kdc_without_a_whole_reply_to_a_proof_is_unreachable_and_counts_a_wrong_password_once(
    hostile: Hostile, fresh: Fresh, what: str
) -> None:
    user, mark = fresh(), hostile.realm.mark()
    hostile.kdc.behaviour = where(proves_a_password, USELESS[what])
    answer = hostile.login(user, "wrong")
    assert (answer.short, answer.codes) == (UNREACHABLE, ())
    hostile.works("jdoe", CANARY)
    assert (hostile.proofs_of(user), hostile.realm.failed_password_checks(mark, user)) in {(1, 0), (1, 1)}


@pytest.mark.parametrize("after_proof", [False, True], ids=["at-once", "after-the-proof"])
def test_a_kdc_that_says_too_big_over_tcp_as_well_is_unreachable(hostile: Hostile, fresh: Fresh, after_proof: bool) -> None:
    user = fresh()
    hostile.kdc.behaviour = where(proves_a_password, TOO_BIG, relay if after_proof else TOO_BIG)
    assert hostile.login(user, CANARY).short == UNREACHABLE
    assert hostile.requests_about(user) == 2 + after_proof  # the same request over UDP and over TCP


def test_a_reply_of_60_kilobytes_is_read(hostile: Hostile) -> None:
    hostile.kdc.behaviour = error(60, wire.ErrorFields(realm=REALM, text="x" * 60_000))
    answer = hostile.login("jdoe", CANARY)
    assert answer.short == (503, "kdc-error", "as")
    assert len(answer.diagnostic) <= 200


def test_each_request_with_the_reply_to_the_one_before_is_given_no_second_proof(hostile: Hostile, fresh: Fresh) -> None:
    user = fresh()
    hostile.kdc.behaviour = where(lambda asked: user.encode() in asked.message, one_behind())
    assert hostile.login(user, CANARY).short == (503, "kdc-error", "as")
    assert hostile.proofs_of(user) == 1


def test_a_reply_that_comes_after_the_deadline_is_not_taken_for_one_to_the_next_login(hostile: Hostile, fresh: Fresh) -> None:
    user, mark = fresh(), hostile.realm.mark()
    hostile.kdc.behaviour = where(proves_a_password, by_number({1: delayed(DEADLINE + 0.2)}, silence))
    assert hostile.login(user, CANARY).short == UNREACHABLE
    hostile.kdc.behaviour = relay
    assert hostile.login(user, "wrong").short == (401, "bad-credentials", "as")
    assert hostile.login(user, CANARY).short == (200, "granted", None)
    assert hostile.realm.failed_password_checks(mark, user) == 1


# ETYPE-INFO2 wherever it may stand. 16 million rounds of PBKDF2 are some 10 s of a processor, and fewer than libkrb5 refuses (2 ** 24).
BOMB = wire.iterations(0xFFFFFF)
SALT = f"{REALM}jdoe"
TIMESTAMP = wire.pa_data(wire.ENC_TIMESTAMP)


def key_info(count: bytes | None, enctype: int = wire.AES256) -> bytes:
    return wire.etype_info2(enctype, SALT, count)


def asking(*infos: bytes, code: int = wire.PREAUTH_REQUIRED) -> Behaviour:
    """A KRB-ERROR with each of these as an element of its METHOD-DATA."""
    data = wire.method_data(TIMESTAMP, *(wire.pa_data(wire.ETYPE_INFO2, info) for info in infos))
    return error(code, wire.ErrorFields(realm=REALM, data=data))


def with_bomb(reply: bytes) -> bytes:
    if wire.message_type(reply) == wire.KRB_ERROR:
        return reply
    return wire.with_padata(reply, wire.pa_data(wire.ETYPE_INFO2, key_info(BOMB)))


CHALLENGES: Mapping[str, Behaviour] = {
    "alone": asking(key_info(BOMB)),
    "behind-a-good-entry": asking(wire.together(key_info(None), key_info(BOMB, wire.AES128))),
    "in-a-second-element": asking(key_info(None), key_info(BOMB)),
    "of-a-type-with-sha-2": asking(key_info(BOMB, 20)),
    "of-a-type-that-nobody-knows": asking(wire.together(key_info(None), key_info(BOMB, 99))),
    "beside-a-wrong-password": asking(key_info(BOMB), code=24),
    "beside-an-unknown-user": asking(key_info(BOMB), code=6),
    "beside-a-wish-for-more": asking(key_info(BOMB), code=91),
    "0-for-2-to-the-32nd": asking(key_info(wire.iterations(0))),
    "one-too-many": asking(key_info(wire.iterations(MAX_ITERATIONS + 1))),
}


def refused_at_once(hostile: Hostile, user: str, stage: str = "as") -> None:
    """The login ends with an alarm, and no key was made."""
    used = hostile.cpu_seconds()
    answer = hostile.login(user, CANARY)
    assert (answer.short, answer.alarm) == ((503, "kdc-not-trusted", stage), True)
    assert "iterations" in answer.diagnostic
    assert hostile.cpu_seconds() - used < LITTLE


@pytest.mark.parametrize("what", CHALLENGES)
@pytest.mark.parametrize("after_proof", [False, True], ids=["at-once", "after-the-proof"])
def test_absurd_iterations_in_a_krb_error_are_refused_before_they_are_done(
    hostile: Hostile, fresh: Fresh, after_proof: bool, what: str
) -> None:
    user = fresh()
    hostile.kdc.behaviour = where(proves_a_password, CHALLENGES[what], relay if after_proof else CHALLENGES[what])
    refused_at_once(hostile, user)
    assert hostile.proofs_of(user) == after_proof


@pytest.fixture(scope="module")
def unproved(realm: LabRealm) -> str:
    """A user of whom the KDC wants no proof before it sends what only the key opens."""
    realm.add(User("unproved", CANARY, ("-requires_preauth",)))
    return "unproved"


def test_absurd_iterations_beside_a_ticket_are_refused_before_they_are_done(hostile: Hostile, unproved: str) -> None:
    hostile.kdc.behaviour = changed(with_bomb)
    refused_at_once(hostile, unproved)


def test_absurd_iterations_beside_a_ticket_are_refused_after_a_proof_too(hostile: Hostile) -> None:
    hostile.kdc.behaviour = where(proves_a_password, changed(with_bomb))
    refused_at_once(hostile, "jdoe")


def asks_the_tgs(asked: Asked) -> bool:
    return asked.kind == wire.TGS_REQ


def test_absurd_iterations_in_a_tgs_rep_are_refused(by_tgs: Hostile) -> None:
    by_tgs.kdc.behaviour = where(asks_the_tgs, changed(with_bomb))
    refused_at_once(by_tgs, "jdoe", "tgs")


def test_as_many_iterations_as_are_taken_make_a_key(hostile: Hostile) -> None:
    first = asking(key_info(wire.iterations(MAX_ITERATIONS)))
    hostile.kdc.behaviour = where(proves_a_password, relay, first)
    assert hostile.login("jdoe", CANARY).short == (401, "bad-credentials", "as")  # another key than the KDC's, which knows of no such count
