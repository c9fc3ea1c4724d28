"""A bit turned over anywhere in a KDC's reply: what nothing vouches for changes nothing, and all else is found out, with a true reason."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.integration.conftest import CANARY, REALM
from tests.integration.hostile import Hostile
from tests.kdc import wire
from tests.kdc.behaviours import keeping, proves_a_password, where
from tests.kdc.forgeries import SPOTS, flipped_in_data, flipped_in_element
from tests.kdc.scripted import Asked

HEAD = frozenset({"tag", "length"})
MASKS = {"tag": (0x01, 0x20), "length": (0x01,), "first": (0x01, 0x40), "middle": (0x01,), "last": (0x01, 0x40)}

GRANTED = "granted"
# What may come of a change in a field's content (fields as RFC 4120 numbers them: 5.4.2, 5.9.1), by the stage that finds it out.
# A change in a tag or length makes a broken message of it, or in the outermost two none at all.
AS_REP: Mapping[str, set[str]] = {
    "0": {"kdc-error as"},
    "1": {"kdc-error as"},
    "2.1": {GRANTED},  # padata: the key was made before
    "2.2": {GRANTED, "kdc-error as"},
    "3": {"kdc-not-trusted verify"},  # the client: the ticket names another
    "4.0": {GRANTED},  # a name's type says nothing
    "4.1": {"kdc-not-trusted verify"},
    "5.0": {"kdc-error as"},
    "5.1": {"kdc-not-trusted as"},  # the service: what is encrypted for the client names another
    "5.2.0": {GRANTED},
    "5.2.1": {"kdc-not-trusted as"},
    "5.3.0": {"service-keys verify"},
    "5.3.1": {GRANTED, "service-keys verify"},  # a kvno: one octet of it stands for all keys (RFC 4120, 5.2.9; kt_memory.c)
    "5.3.2": {"kdc-not-trusted verify"},
    "6.0": {"kdc-error as", "account-keys as"},
    "6.2": {"kdc-error as"},  # to libkrb5 the same as a wrong password, but the KDC has just taken that
}
TGT_REP = AS_REP | {
    # The TGT is opened by its KDC, which then says no.
    **{field: {"kdc-error tgs"} for field in ("3", "4.1", "5.3.0", "5.3.2")},
    "5.3.1": {GRANTED, "kdc-error tgs"},
}
# libkrb5 has a TGS-REP in armour (RFC 6113, 5.4), which vouches for the client's name again and for the whole ticket.
TGS_REP: Mapping[str, set[str]] = {
    **{field: {"kdc-error tgs"} for field in ("0", "1", "2.1", "2.2", "5.0", "6.2")},
    **{field: {GRANTED} for field in ("3", "4.0", "4.1")},
    **{field: {"kdc-not-trusted tgs"} for field in ("5.1", "5.2.0", "5.2.1", "5.3.0", "5.3.1", "5.3.2")},
    "6.0": {"service-keys tgs"},
}
KRB_ERROR: Mapping[str, set[str]] = {
    "0": {"kdc-error as"},
    "1": {"preauth-required as"},
    "4": {"server-clock as", "kdc-error as"},
    "5": {GRANTED, "preauth-required as"},  # microseconds, which may have become too many
    "6": {"bad-credentials as", "internal as"},  # other codes: 24, and 89, which nobody knows
    **{field: {GRANTED} for field in ("7", "8.0", "8.1", "9", "10.0", "10.1", "11")},
    "12": {GRANTED, "kdc-error as"},
}


@dataclass(frozen=True)
class Case:
    """A reply: what it is an answer to, what may come of changes, and the stage at which it is read."""

    condition: Callable[[Asked], bool]
    fields: Mapping[str, set[str]]
    stage: str = "as"


def asks_the_tgs(asked: Asked) -> bool:
    return asked.kind == wire.TGS_REQ


def asks_first(asked: Asked) -> bool:
    return asked.kind == wire.AS_REQ and not asked.proves_a_password


DIRECT = {"krb-error": Case(asks_first, KRB_ERROR), "as-rep": Case(proves_a_password, AS_REP)}
BY_TGS = {"as-rep": Case(proves_a_password, TGT_REP), "tgs-rep": Case(asks_the_tgs, TGS_REP, "tgs")}


def places(reply: bytes) -> Iterator[tuple[str, int, str, int]]:
    """Field, element, spot and mask of each change to a message like this one."""
    for number, (field, element) in enumerate(wire.walk(reply)):
        for spot in SPOTS if element.content and not element.tag & 0x20 else HEAD:
            for mask in MASKS[spot]:
                yield field, number, spot, mask


def outcomes(hostile: Hostile, case: Case) -> dict[tuple[str, bool], set[str]]:
    """What came of the changes, by field, and whether they were in the head of an element."""
    replies: list[bytes] = []
    hostile.kdc.behaviour = where(case.condition, keeping(replies))
    assert hostile.login("jdoe", CANARY).said == GRANTED
    found = defaultdict[tuple[str, bool], set[str]](set)
    for field, number, spot, mask in places(replies[0]):
        hostile.works("jdoe", CANARY)
        hostile.kdc.behaviour = where(case.condition, flipped_in_element(number, spot, mask))
        mark = hostile.realm.mark()
        answer = hostile.login("jdoe", CANARY)
        assert answer.principal in {None, f"jdoe@{REALM}"}
        assert hostile.realm.failed_password_checks(mark) <= 1
        found[field, spot in HEAD].add(GRANTED if answer.said == GRANTED else f"{answer.said} {answer.stage}")
    return found


def unexpected(found: dict[tuple[str, bool], set[str]], case: Case) -> dict[tuple[str, bool], set[str]]:
    """What should not have come of them."""
    broken = {f"kdc-error {case.stage}"}
    heads = {"": {"kdc-unreachable as"}, "12": broken | {"preauth-required as"}}
    wanted = {place: heads.get(place[0], broken) if place[1] else case.fields[place[0]] for place in found}
    return {place: said - wanted[place] for place, said in found.items() if said - wanted[place]}


@pytest.mark.parametrize("message", DIRECT)
def test_a_changed_reply_to_a_login_that_asks_the_as_for_our_ticket(hostile: Hostile, message: str) -> None:
    found = outcomes(hostile, DIRECT[message])
    assert unexpected(found, DIRECT[message]) == {}
    assert {field for field, head in found if not head} == DIRECT[message].fields.keys()


@pytest.mark.parametrize("message", BY_TGS)
def test_a_changed_reply_to_a_login_that_asks_the_tgs_for_it(by_tgs: Hostile, message: str) -> None:
    found = outcomes(by_tgs, BY_TGS[message])
    assert unexpected(found, BY_TGS[message]) == {}
    assert {field for field, head in found if not head} == BY_TGS[message].fields.keys()


def test_a_changed_byte_in_what_the_kdc_says_about_the_key_is_a_wrong_key_at_most(hostile: Hostile) -> None:
    replies: list[bytes] = []
    hostile.kdc.behaviour = where(asks_first, keeping(replies))
    assert hostile.login("jdoe", CANARY).said == GRANTED
    (data,) = (element.content for field, element in wire.walk(replies[0]) if (field, element.tag) == ("12", wire.OCTETS))
    said = set()
    for index in range(len(data)):
        hostile.kdc.behaviour = where(asks_first, flipped_in_data(index, 0x01))
        mark = hostile.realm.mark()
        answer = hostile.login("jdoe", CANARY)
        said.add(answer.said)
        assert answer.principal in {None, f"jdoe@{REALM}"}
        assert hostile.realm.failed_password_checks(mark) <= 1
    assert said <= {GRANTED, "bad-credentials", "kdc-error", "preauth-required", "account-keys"}
    assert "bad-credentials" in said, "no byte of the salt was changed"
