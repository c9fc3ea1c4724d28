"""Realms and a service that are started once per run; each test gets principals of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.hostile import Hostile, hostile_kdc
from tests.integration.kdc import LabRealm
from tests.integration.secrets import found_in, keys_of, made_tokens, ticket_pieces, written_forms
from tests.integration.service import RealmEntry, RunningService, Setup, persons_with_desktop
from tests.kdc.behaviours import error, where
from tests.kdc.wire import AS_REQ

CANARY = "canary-K9-Passw0rd"
IN_CONTAINER = os.environ.get("KERBAUTH_TEST_KDC", "process") == "container"
REALM, OTHER = "KA.TEST", "KB.TEST"
SERVICES = (
    Service("HTTP/localhost", "http.keytab"),
    Service("HTTP/localhost.test", "http.keytab"),
    Service("HTTP/other.test", "other.keytab"),
)

# Users are made with the realm (5 ms each), since a permission file is read once: each test takes fresh ones from a kind's pool.
# Names of a kind are of one length, so that none is the beginning of another.
KINDS: dict[str, tuple[int, dict[str, object], str]] = {
    # kind: how many, kadmin options, what Genesys knows
    "good": (300, {}, "granted"),
    "nogrant": (4, {}, "without"),
    "ghost": (4, {}, "unknown"),
    "disabled": (4, {}, "disabled"),
    "svc-": (3, {}, "unknown"),
    "expired": (6, {"password_expires": "yesterday"}, "granted"),
    "mustchange": (3, {"attributes": ("+needchange",)}, "granted"),
    "revoked": (5, {"attributes": ("-allow_tix",)}, "granted"),
    "gone": (4, {"expires": "yesterday"}, "granted"),
    "soon": (3, {"password_expires": "3 days"}, "granted"),
}


def names_of(kind: str) -> list[str]:
    return [f"{kind}{number:03}" for number in range(KINDS[kind][0])]


def known_to_genesys(how: str) -> list[str]:
    return [name for kind, (_, _, known) in KINDS.items() if known == how for name in names_of(kind)]


ODD_NAMES = ("first.last", "with-dash", "jürgen", "ユーザー", "o'neil", "john smith", "u" * 255, "v" * 256)


def description(name: str) -> RealmDescription:
    users = [User(user, CANARY, **options) for kind, (_, options, _) in KINDS.items() for user in names_of(kind)]  # type: ignore[arg-type]  # keyword arguments of several types
    users += [User(user, CANARY) for user in (*ODD_NAMES, "jdoe", "jdoe/admin")]
    return RealmDescription(name, tuple(users), SERVICES)


@pytest.fixture(scope="session")
def realm() -> Iterator[LabRealm]:
    with LabRealm.described(description(REALM), container=IN_CONTAINER) as running:
        assert isinstance(running, LabRealm)
        yield running


@pytest.fixture(scope="session")
def other_realm() -> Iterator[LabRealm]:
    users = (User("jdoe", CANARY), User("bea", CANARY))
    with LabRealm.described(RealmDescription(OTHER, users, SERVICES), container=IN_CONTAINER) as running:
        assert isinstance(running, LabRealm)
        yield running


@pytest.fixture(scope="session")
def permissions() -> str:
    granted = (*known_to_genesys("granted"), *ODD_NAMES[:-1], "jdoe", "kb-jdoe", "kb-bea")
    return persons_with_desktop(granted, disabled=known_to_genesys("disabled"), without=known_to_genesys("without"))


def entry(realm: LabRealm, **more: str) -> RealmEntry:
    return RealmEntry(realm.name, (realm.kdc,), realm.keytab("HTTP/localhost"), **more)


# People of KB are users named kb-...; nobody of KA may be called so, or the two would land on one user name.
KA_NAMES = 'rules = [{ principal = "svc-*", refuse = true }, { principal = "kb-*", refuse = true }]\notherwise = "name"'
KB_NAMES = "rules = [{ pattern = '(?P<all>.+)', user = 'kb-\\g<all>' }]\notherwise = \"refuse\""


@pytest.fixture(scope="session")
def main_setup(realm: LabRealm, other_realm: LabRealm, permissions: str) -> Setup:
    return Setup(
        (
            entry(realm, settings='default = true\nnetbios = "KA"\nupn_suffixes = ["ka.example"]', names=KA_NAMES),
            entry(other_realm, settings='netbios = "KB"', names=KB_NAMES),
        ),
        permissions,
    )


@pytest.fixture(scope="session")
def service(main_setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service most tests ask: two realms, the static permission source."""
    running = RunningService(tmp_path_factory.mktemp("service"), main_setup).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    """Start further services, each with its own configuration."""
    started: list[RunningService] = []

    def run(setup: Setup, **environment: str) -> RunningService:
        folder = tmp_path / f"service{len(started)}"
        folder.mkdir()
        started.append(RunningService(folder, setup, environment))
        return started[-1].start()

    yield run
    for running in started:
        running.stop()


@pytest.fixture(scope="module")
def hostile_service(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with hostile_kdc(realm, tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.fixture
def hostile(hostile_service: Hostile) -> Iterator[Hostile]:
    """The KDC works before the test, and whatever the test did, logins are granted after it."""
    hostile_service.works("jdoe", CANARY)
    yield hostile_service
    hostile_service.works("jdoe", CANARY)


@pytest.fixture(scope="module")
def tgs_service(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """A service that has learned that its KDC gives tickets to it against a TGT only."""
    with hostile_kdc(realm, tmp_path_factory.mktemp("tgs")) as running:
        running.kdc.behaviour = where(lambda asked: asked.kind == AS_REQ and b"localhost" in asked.message, error(7))
        assert running.login("jdoe", CANARY).said == "granted"
        yield running


@pytest.fixture
def by_tgs(tgs_service: Hostile) -> Iterator[Hostile]:
    """The same as `hostile`, with that service."""
    tgs_service.works("jdoe", CANARY)
    yield tgs_service
    tgs_service.works("jdoe", CANARY)


_taken: dict[str, Iterator[str]] = {}


@pytest.fixture
def fresh() -> object:
    """A user of a kind that no other test uses."""

    def take(kind: str = "good") -> str:
        name = next(_taken.setdefault(kind, iter(names_of(kind))), None)
        if name is None:
            pytest.fail(f"all {KINDS[kind][0]} users of the kind {kind!r} are taken: KINDS is to have more of them")
        return name

    return take


@pytest.fixture(scope="session", autouse=True)
def no_secret_anywhere(tmp_path_factory: pytest.TempPathFactory, realm: LabRealm, other_realm: LabRealm) -> Iterator[None]:
    """At the end of the run: no user's password, no key and no ticket is in anything that a service, KDC or command wrote: replies, logs,
    audit, metrics, counters, core files, nor in the command lines and environments of their processes (tests/integration/service.py).
    """
    yield
    places = [*tmp_path_factory.getbasetemp().rglob("*"), realm.log, other_realm.log]
    keys = [key for each in (realm, other_realm) for service in SERVICES for key in keys_of(each.keytab(service.name))]
    assert found_in(places, written_forms(CANARY.encode()), also_client_files=True) == [], "the canary password was written down"
    assert found_in(places, (form for key in keys for form in written_forms(key))) == [], "a key was written down"
    assert found_in(places, ticket_pieces(made_tokens)) == [], "a ticket was written down"
