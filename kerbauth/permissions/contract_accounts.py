"""The accounts that the contract suite's questions bring along: what a domain would say of the persons of a model."""

import hashlib
from collections import defaultdict
from dataclasses import replace
from typing import Final

from kerbauth.core.account import WindowsAccount
from kerbauth.core.sid import Sid, member
from kerbauth.core.text import caseless
from kerbauth.permissions.model import PermissionModel
from kerbauth.ports import Question

_DOMAINS: Final = "S-1-5-21-1-2"  # what the SIDs of the suite's domains begin with


def group_sid(group: str) -> Sid:
    """The SID of the model's access group of this name."""
    return _sid(f"group {group}")


def alone_sid(user: str) -> Sid:
    """The SID of a group with this user in it and nobody else: what has a grant where the model gives it to the user."""
    return _sid(f"alone {caseless(user)}")


def account_of(user: str, model: PermissionModel) -> WindowsAccount:
    """The account of whoever logs in under this name: in the groups that the model has them in, directly or nested, and alone in one."""
    outer: defaultdict[str, list[str]] = defaultdict(list)
    for group in model.access_groups:
        for inner in group.groups:
            outer[inner].append(group.name)
    waiting = [group.name for group in model.access_groups if caseless(user) in map(caseless, group.members)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += outer[name]
    groups = frozenset({alone_sid(user), *map(group_sid, seen)})
    return WindowsAccount(user=user, domain="CORP", sid=_sid(f"user {caseless(user)}"), groups=groups)


def with_account(question: Question, model: PermissionModel) -> Question:
    """The question, as a login in a domain asks it."""
    return replace(question, account=account_of(question.user, model))


def _sid(what: str) -> Sid:
    # Any number that is always the same and never another one's: 32 bits of a digest hold for the suite's ten thousand groups only just
    # (one chance in 86), so 32 more make the domain.
    digest = hashlib.sha256(what.encode("utf-8", "surrogatepass")).digest()
    return member(Sid(f"{_DOMAINS}-{int.from_bytes(digest[:4])}"), int.from_bytes(digest[4:8]))
