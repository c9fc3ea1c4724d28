"""Two domains that trust each other, with an account in every state and of every sort of name, and services for their users.

The domains are provisioned and started once per process that runs tests, when the first test wants one. Tests that change an account make
one of their own (`Domain.user`, 20 ms).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain
from tests.integration.secrets import found_in, keys_of, made_tokens, ticket_pieces, written_forms
from tests.integration.service import RealmEntry, RunningService, Setup

REALM, OTHER = "AD.KERBAUTH.TEST", "CORP2.TEST"
NEVER_AGAIN = b"\0" * 21  # logonHours: one bit for each hour of the week

LONG = "name-of-thirty-one-characters-x"
NAMES = ("alice", "CamelCase", "jürgen", "Åsa", "straße", "ユーザー", "o'neil", "john smith", "first.last", LONG)


def seed(domain: Domain) -> None:
    """An account in every state and of every sort of name."""
    domain.ask("upn_suffixes", "corp.example")
    for name in NAMES:
        domain.user(name)
    domain.user("bob", userPrincipalName="bob.builder@corp.example")
    domain.user("disabled")
    domain.ask("flags", "disabled", "ACCOUNTDISABLE")
    domain.user("expired", accountExpires="133000000000000000")
    domain.user("mustchange")
    domain.ask("password", "mustchange", PASSWORD, must_change=True)
    domain.user("oldpassword")
    domain.ask("password_age", "oldpassword", 100)
    domain.user("nighttime")
    domain.ask("logon_hours", "nighttime", NEVER_AGAIN.hex())
    domain.user("elsewhere", userWorkstations="SOMEPC")
    for name, flag in (("nopreauth", "DONT_REQUIRE_PREAUTH"), ("notdelegated", "NOT_DELEGATED"), ("smartcard", "SMARTCARD_REQUIRED")):
        domain.user(name)
        domain.ask("flags", name, flag)
    domain.user("protected")
    domain.ask("members", "Protected Users", ["protected"])
    domain.ask("computer", "ceo", PASSWORD)
    for name, kind, members in (
        ("Engineers", "global", ["alice"]),
        ("Platform", "global", ["Engineers"]),
        ("AllTech", "global", ["Platform"]),
        ("DomLocal", "local", ["Platform"]),
        ("Univ1", "universal", ["alice"]),
        ("Dist1", "distribution", ["alice"]),
    ):
        domain.ask("group", name, kind, members)


def seed_service(domain: Domain) -> None:
    """Our service's account, with AES keys only, and the names by which LDAP clients know the domain controller."""
    domain.user(
        SERVICE_ACCOUNT,
        "canary-of-the-service-K9",
        servicePrincipalName=[f"HTTP/{domain.host}", "HTTP/localhost"],
        **{"msDS-SupportedEncryptionTypes": "24"},
    )
    host = f"ldap/dc1.{domain.dns}"
    domain.ask("add", "DC1$", servicePrincipalName=[host, f"{host}/{domain.dns}"])


@pytest.fixture(scope="session")
def domains() -> Iterator[tuple[Domain, Domain]]:
    """Both, provisioned at once."""
    with Domain(REALM, "KERBAUTH") as one, Domain(OTHER, "CORP2") as other:
        for domain in (one, other):
            domain.provisioned()
            seed_service(domain)
        seed(one)
        for name in ("alice", "carol"):
            other.user(name)
        one.trust(other)
        for domain in (one, other):
            domain.start()
        yield one, other


@pytest.fixture(scope="session")
def domain(domains: tuple[Domain, Domain]) -> Domain:
    """The domain AD.KERBAUTH.TEST, whose NetBIOS name is KERBAUTH."""
    return domains[0]


@pytest.fixture(scope="session")
def other_domain(domains: tuple[Domain, Domain]) -> Domain:
    """The domain CORP2.TEST, which trusts the first one and is trusted by it."""
    return domains[1]


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
def no_secret_anywhere(tmp_path_factory: pytest.TempPathFactory, keytabs: dict[str, Path]) -> Iterator[None]:
    """At the end of the run: no user's password, no key and no ticket is in anything that a service wrote."""
    yield
    places = [*tmp_path_factory.getbasetemp().rglob("*")]
    keys = [key for keytab in keytabs.values() for key in keys_of(keytab)]
    assert found_in(places, written_forms(PASSWORD.encode()), also_client_files=True) == [], "the canary password was written down"
    assert found_in(places, (form for key in keys for form in written_forms(key))) == [], "a key was written down"
    assert found_in(places, ticket_pieces(made_tokens)) == [], "a ticket was written down"
