"""A realm whose passwords may go out in armour (FAST), and services that send them so."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kerbauth.demo.principals import Policy, RealmDescription, Service, User
from tests.integration.conftest import CANARY
from tests.integration.kdc import LabRealm
from tests.integration.service import RealmEntry, RunningService, Setup
from tests.kdc import wire
from tests.kdc.behaviours import relay
from tests.kdc.scripted import Asked, ScriptedKdc, scripted_kdc

REALM = "KF.TEST"
ACCOUNT = "svc-kerbauth"
LOCKING = Policy("once", ("-maxfailure", "1", "-failurecountinterval", "600s"))
USERS = (
    *(User(name, CANARY) for name in ("alice", "bob", "carol")),
    User("unproved", CANARY, ("-requires_preauth",)),
    User("expired", CANARY, password_expires="yesterday"),
    User("mustchange", CANARY, ("+needchange",)),
    User("disabled", CANARY, ("-allow_tix",)),
    User("gone", CANARY, expires="yesterday"),
    User("soon", CANARY, password_expires="3 days"),
    User("locked", CANARY, policy="once"),
)
WRONG = (401, "bad-credentials")


@dataclass(frozen=True)
class Armoured:
    """A service, and what stands between it and the realm's KDC."""

    service: RunningService
    between: ScriptedKdc
    realm: LabRealm

    def said(self, user: str, password: str = CANARY) -> tuple[int, str | None]:
        reply = self.service.login(user, password, None)
        return reply.status_code, reply.json().get("reason")

    def asked_about(self, user: str) -> list[frozenset[int]]:
        """The types of pre-authentication data in each AS-REQ that names a user."""
        return [wire.padata_types(asked.message) for asked in list(self.between.asked) if names(user)(asked)]


Run = Callable[..., Armoured]


def fast_realm() -> LabRealm:
    """The realm, not started yet: our account and service principal are in one keytab."""
    services = (Service("HTTP/localhost"), Service(ACCOUNT))
    return LabRealm(RealmDescription(REALM, USERS, services, (LOCKING,), lockout=True, kpasswd=True))


def entry(realm: LabRealm, kdc: ScriptedKdc, mode: str, account: str = ACCOUNT, keytab: Path | None = None) -> RealmEntry:
    settings = f'default = true\nkpasswd = ["{realm.kpasswd}"]\nfast = "{mode}"\ndeadline = 3.0\n'
    settings += f'account = "{account}"\n' if account else ""
    return RealmEntry(realm.name, (kdc.address,), keytab or realm.keytab("HTTP/localhost"), settings=settings)


@contextlib.contextmanager
def armoured_services(realm: LabRealm, start: Callable[..., RunningService]) -> Iterator[Run]:
    """What starts a service whose passwords go out in armour as `mode` says."""
    with scripted_kdc(relay, upstream=realm.kdc) as between:

        def run(mode: str, account: str = ACCOUNT, keytab: Path | None = None) -> Armoured:
            return Armoured(start(Setup((entry(realm, between, mode, account, keytab),))), between, realm)

        yield run


def names(user: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.kind == wire.AS_REQ and user.encode() in asked.message


def in_armour(asked: Asked) -> bool:
    return wire.FX_FAST in wire.padata_types(asked.message)
