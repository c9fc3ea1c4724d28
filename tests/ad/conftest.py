"""Two domains that trust each other, with an account in every state and of every sort of name, and services for their users.

The domains are started once per process that runs tests, when the first test wants one. Tests that change an account make one of their
own (`Domain.user` and the fixture `fresh`, 20 ms each).
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ad.accounts import seed, seed_service, user_of
from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain
from tests.ad.shared import pair
from tests.integration.secrets import found_in, keys_of, made_tokens, ticket_pieces, written_forms
from tests.integration.service import RealmEntry, RunningService, Setup

REALM, OTHER = "AD.KERBAUTH.TEST", "CORP2.TEST"


def seed_both(one: Domain, other: Domain) -> None:
    seed_service(one)
    seed_service(other)
    seed(one)
    for name in ("alice", "carol"):
        other.user(name)
    one.trust(other)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """Where the processes of this run share domains. `worker_id` is pytest-xdist's; the folders of its processes are in a common one.

    It is not in this process's own folder: all that is there is searched for secrets at the end.
    """
    if worker_id != "master":
        yield tmp_path_factory.getbasetemp().parent / "domains"
    else:
        with tempfile.TemporaryDirectory(prefix="kerbauth-ad-") as folder:
            yield Path(folder)


@pytest.fixture(scope="session")
def domains(templates: Path) -> Iterator[tuple[Domain, Domain]]:
    """Both."""
    with pair(((REALM, "KERBAUTH"), (OTHER, "CORP2")), seed_both, templates) as running:
        yield running


@pytest.fixture(scope="session")
def domain(domains: tuple[Domain, Domain]) -> Domain:
    """The domain AD.KERBAUTH.TEST, whose NetBIOS name is KERBAUTH."""
    return domains[0]


@pytest.fixture(scope="session")
def other_domain(domains: tuple[Domain, Domain]) -> Domain:
    """The domain CORP2.TEST, which trusts the first one and is trusted by it."""
    return domains[1]


@pytest.fixture
def fresh(domain: Domain) -> Callable[[str], str]:
    """A user of a kind (tests.ad.accounts.KINDS) that no other test uses, of the first domain."""
    return lambda kind: user_of(domain, kind)


@pytest.fixture(scope="session")
def keytabs(domains: tuple[Domain, Domain]) -> dict[str, Path]:
    """The service's keytab of each domain, by realm."""
    return {domain.realm: domain.keytab(f"HTTP/{domain.host}", "HTTP/localhost", SERVICE_ACCOUNT) for domain in domains}


def entry(domain: Domain, keytab: Path, settings: str = "", names: str = "", kind: str = "ad") -> RealmEntry:
    """A realm's table for a domain."""
    more = f'account = "{SERVICE_ACCOUNT}"\nnetbios = "{domain.netbios}"\nalso_accept = ["HTTP/localhost"]\n{settings}'
    return RealmEntry(domain.realm, (domain.kdc,), keytab, f"HTTP/{domain.host}", more, names, kind)


# People of CORP2 are users named c2-...; nobody of the first domain may be called so, or the two would land on one user name.
ONE_NAMES = 'rules = [{ principal = "svc-*", refuse = true }, { principal = "c2-*", refuse = true }]\notherwise = "name"'
OTHER_NAMES = "rules = [{ pattern = '(?P<all>.+)', user = 'c2-\\g<all>' }]\notherwise = \"refuse\""


@pytest.fixture(scope="session")
def both(domain: Domain, other_domain: Domain, keytabs: dict[str, Path]) -> Setup:
    """One service for both domains, each of whose KDCs is believed about the other's users, too."""
    return Setup(
        (
            entry(
                domain,
                keytabs[domain.realm],
                f'default = true\nupn_suffixes = ["corp.example"]\ndomain_sid = "{domain.domain_sid}"\ntrusts = ["{OTHER}"]',
                ONE_NAMES,
            ),
            entry(
                other_domain,
                keytabs[other_domain.realm],
                f'domain_sid = "{other_domain.domain_sid}"\ntrusts = ["{REALM}"]',
                OTHER_NAMES,
            ),
        )
    )


@pytest.fixture(scope="session")
def service(both: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service most tests ask: both domains, and nobody asked about permissions."""
    running = RunningService(tmp_path_factory.mktemp("ad-service"), both).start()
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


@pytest.fixture(scope="session", autouse=True)
def no_secret_anywhere(
    tmp_path_factory: pytest.TempPathFactory, domains: tuple[Domain, Domain], keytabs: dict[str, Path]
) -> Iterator[None]:
    """At the end of the run: no user's password, no key and no ticket is in anything that a service or controller wrote."""
    yield
    places = [*tmp_path_factory.getbasetemp().rglob("*"), *(domain.log for domain in domains)]
    keys = [key for keytab in keytabs.values() for key in keys_of(keytab)]
    assert found_in(places, written_forms(PASSWORD.encode()), also_client_files=True) == [], "the canary password was written down"
    assert found_in(places, (form for key in keys for form in written_forms(key))) == [], "a key was written down"
    assert found_in(places, ticket_pieces(made_tokens)) == [], "a ticket was written down"
