"""The adapter `groups` with real domains: who gets in by which group, and names that the domain controllers resolve."""

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from kerbauth.core.sid import Sid
from kerbauth.demo.realm import free_port
from kerbauth.directory import DirectoryFailed, GroupFound, NoSuchGroup
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings.kdcs import RealmKind, Transport
from tests.ad.conftest import OTHER_NAMES, entry
from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain
from tests.integration.service import RunningService, Setup
from tests.kdc.directory.asking import groups_of, service_environment

__all__ = ["service_environment"]  # a fixture

Start = Callable[..., RunningService]

GRANTED, REFUSED, UNAVAILABLE = (200, None), (403, "not-permitted"), (503, "permission-source")
ODD = ("R&D (EMEA) #1", "Züge", "o'neil's", "first.last-2 {x}", "開発")


def granted(**groups: str) -> str:
    """The adapter with one application for each group, which lets its members in."""
    lines = ['adapter = "groups"']
    for application, group in groups.items():
        lines += [
            f'[[permissions.applications]]\nname = "{application}"',
            f'[[permissions.grants]]\napplication = "{application}"\ngroup = \'{group}\'\npermissions = ["read", "execute"]',
        ]
    return "\n".join(lines)


def answer(reply: requests.Response) -> tuple[int, str | None]:
    return reply.status_code, reply.json().get("reason")


def logged(running: RunningService, text: str) -> None:
    """Wait until the service has said it."""
    ends = time.monotonic() + 20
    while text not in running.log():
        assert time.monotonic() < ends, running.log()
        time.sleep(0.01)  # polling a file another process writes


@pytest.fixture(scope="module")
def grouped(both: Setup, domain: Domain, other_domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with an application for each sort of group, by name and by SID."""
    other_domain.ask("group", "Engineers", "global", ["carol"])
    other_domain.ask("group", "Elsewhere", "universal", ["alice"])
    names = {"direct": "Engineers", "nested": "AllTech", "local": "DomLocal", "universal": "Univ1"}
    adapter = granted(
        **{application: f"KERBAUTH\\{name}" for application, name in names.items()},
        **{f"{application}-sid": domain.sid(name) for application, name in names.items()},
        **{"theirs": "corp2\\ENGINEERS", "theirs-sid": other_domain.sid("Engineers"), "their-universal": "CORP2.TEST\\Elsewhere"},
        **{"distributed-sid": domain.sid("Dist1"), "users": "KERBAUTH\\Domain Users"},
    )
    running = RunningService(tmp_path_factory.mktemp("groups"), replace(both, adapter=adapter)).start()
    yield running
    assert running.stop() == 0


BY_NAME = ("direct", "nested", "local", "universal", "users")
BY_SID = ("direct-sid", "nested-sid", "local-sid", "universal-sid")


@pytest.mark.parametrize("application", [*BY_NAME, *BY_SID])
def test_a_member_enters_by_every_sort_of_group(grouped: RunningService, application: str) -> None:
    reply = grouped.login("alice", PASSWORD, application)
    assert answer(reply) == GRANTED
    assert reply.json()["application"] == {"name": application, "type": None, "permissions": ["read", "execute"]}


@pytest.mark.parametrize("application", ["direct", "nested", "local", "universal"])
def test_a_member_enters_by_single_sign_on_as_well(grouped: RunningService, domain: Domain, application: str, tmp_path: Path) -> None:
    assert answer(grouped.sso(domain.token("alice", tmp_path / "cc"), application)) == GRANTED


@pytest.mark.parametrize("application", [each for each in (*BY_NAME, *BY_SID) if each != "users"])
def test_who_is_in_none_of_them_is_refused(grouped: RunningService, application: str) -> None:
    assert answer(grouped.login("first.last", PASSWORD, application)) == REFUSED


def test_a_distribution_group_lets_nobody_in(grouped: RunningService) -> None:
    assert answer(grouped.login("alice", PASSWORD, "distributed-sid")) == REFUSED


@pytest.mark.parametrize("application", ["theirs", "theirs-sid"])
def test_a_member_of_the_other_domains_group_enters_by_that(grouped: RunningService, application: str) -> None:
    assert answer(grouped.login("carol@CORP2.TEST", PASSWORD, application)) == GRANTED


@pytest.mark.parametrize("application", ["theirs", "theirs-sid"])
def test_a_member_of_the_other_domains_group_enters_across_the_trust(
    grouped: RunningService, domain: Domain, other_domain: Domain, application: str, tmp_path: Path
) -> None:
    token = other_domain.token("carol@CORP2.TEST", tmp_path / "cc", service=f"HTTP/{domain.host}@{domain.realm}")
    assert answer(grouped.sso(token, application)) == GRANTED


def test_a_foreigner_enters_by_a_domain_local_group_of_the_services_domain(
    grouped: RunningService, domain: Domain, other_domain: Domain, tmp_path: Path
) -> None:
    domain.ask("foreign_member", "DomLocal", other_domain.sid("carol"))
    token = other_domain.token("carol@CORP2.TEST", tmp_path / "cc", service=f"HTTP/{domain.host}@{domain.realm}")
    assert answer(grouped.sso(token, "local")) == GRANTED
    assert answer(grouped.login("carol@CORP2.TEST", PASSWORD, "local")) == REFUSED  # that ticket is for the service in their own domain


def test_groups_of_one_name_in_two_domains_do_not_mix(grouped: RunningService) -> None:
    assert answer(grouped.login("carol@CORP2.TEST", PASSWORD, "direct")) == REFUSED
    assert answer(grouped.login("alice", PASSWORD, "theirs")) == REFUSED


def test_users_of_one_name_in_two_domains_do_not_mix(grouped: RunningService) -> None:
    assert answer(grouped.login("alice@CORP2.TEST", PASSWORD, "their-universal")) == GRANTED
    assert answer(grouped.login("alice", PASSWORD, "their-universal")) == REFUSED
    assert answer(grouped.login("alice@CORP2.TEST", PASSWORD, "universal")) == REFUSED


def test_a_ticket_without_a_pac_lets_nobody_in(grouped: RunningService, domain: Domain, tmp_path: Path) -> None:
    reply = grouped.sso(domain.token("alice", tmp_path / "cc", "--no-request-pac"), "direct")
    assert answer(reply) == (401, "no-verified-pac")


def test_a_service_whose_groups_are_all_found_is_ready(grouped: RunningService) -> None:
    reply = grouped.request("GET", "/readyz")
    assert reply.json()["permissions"] == {"ready": True, "problem": ""}


def test_a_group_that_is_not_there_is_told_and_is_no_trouble_of_others(domain: Domain, both: Setup, start: Start) -> None:
    running = start(replace(both, adapter=granted(missing="KERBAUTH\\No Such Group", direct="KERBAUTH\\Engineers")))
    assert answer(running.login("alice", PASSWORD, "missing")) == UNAVAILABLE
    assert answer(running.login("alice", PASSWORD, "direct")) == GRANTED
    assert running.request("GET", "/readyz").json()["permissions"]["ready"] is True
    assert f"the group {domain.realm}\\no such group is not found: the directory has no group of that name" in running.log()


def test_a_directory_that_is_down_lets_nobody_in_by_name_and_those_by_sid(domain: Domain, both: Setup, start: Start) -> None:
    one, other = both.realms
    down = replace(one, settings=f'{one.settings}\nldap = ["{domain.address}:{free_port()}"]')
    adapter = granted(named="KERBAUTH\\Engineers", numbered=domain.sid("Engineers"))
    running = start(replace(both, realms=(down, other), adapter=adapter))
    assert answer(running.login("alice", PASSWORD, "named")) == UNAVAILABLE
    assert answer(running.login("alice", PASSWORD, "numbered")) == GRANTED
    assert "Connection refused" in running.request("GET", "/readyz").json()["permissions"]["problem"]


def test_a_renamed_group_counts_on_until_the_service_starts_anew(domain: Domain, both: Setup, start: Start) -> None:
    user = domain.user()
    domain.ask("group", "Before", "global", [user])
    setup = replace(both, adapter=granted(renamed="KERBAUTH\\Before"))
    running = start(setup)
    assert answer(running.login(user, PASSWORD, "renamed")) == GRANTED
    domain.ask("set", "Before", sAMAccountName="After")
    running.reload()
    logged(running, "before is not found: the directory has no group of that name; its SID of before is used for a while")
    assert answer(running.login(user, PASSWORD, "renamed")) == GRANTED
    assert running.request("GET", "/readyz").json()["permissions"]["ready"] is True
    assert answer(start(setup).login(user, PASSWORD, "renamed")) == UNAVAILABLE


def test_a_group_that_was_made_anew_is_another_one(domain: Domain, both: Setup, start: Start) -> None:
    user, successor = domain.user(), domain.user()
    domain.ask("group", "Anew", "global", [user])
    running = start(replace(both, adapter=granted(anew="KERBAUTH\\Anew")))
    assert answer(running.login(user, PASSWORD, "anew")) == GRANTED
    domain.ask("delete", "Anew")
    domain.ask("group", "Anew", "global", [successor])
    running.reload()
    logged(running, "anew has another SID now")
    assert answer(running.login(successor, PASSWORD, "anew")) == GRANTED
    assert answer(running.login(user, PASSWORD, "anew")) == REFUSED


def realm_of(domain: Domain, keytab: Path, account: str = SERVICE_ACCOUNT) -> KerberosRealm:
    return KerberosRealm(
        domain.realm,
        (domain.kdc,),
        keytab,
        f"HTTP/{domain.host}",
        account=account,
        transport=Transport.TCP,
        kind=RealmKind.AD,
        domain_sid=Sid(domain.domain_sid),
    )


@pytest.mark.usefixtures("service_environment")
async def test_odd_names_are_found_and_patterns_are_not(domain: Domain, keytabs: dict[str, Path]) -> None:
    for name in ODD:
        domain.ask("group", name, "local")
    async with groups_of(realm_of(domain, keytabs[domain.realm])) as groups:
        found = await groups.find([*ODD, "Eng*", "*", "a)(objectClass=*", "Engineers\0", "\\2a", "Engineers ", "Zuge", "x" * 1000])
    assert not isinstance(found, DirectoryFailed)
    assert {name for name, each in found.items() if isinstance(each, GroupFound)} >= set(ODD)
    assert {name: found[name] for name in ODD} == {name: GroupFound(Sid(domain.sid(name))) for name in ODD}
    for name in ("Eng*", "*", "a)(objectClass=*", "Engineers\0", "\\2a", "Zuge", "x" * 1000):
        assert isinstance(found[name], NoSuchGroup), name


@pytest.mark.usefixtures("service_environment")
async def test_users_computers_and_the_controllers_own_groups_are_no_groups(domain: Domain, keytabs: dict[str, Path]) -> None:
    async with groups_of(realm_of(domain, keytabs[domain.realm])) as groups:
        found = await groups.find(["alice", "ceo$", "Administrators", "Dist1"])
    assert not isinstance(found, DirectoryFailed)
    assert all(isinstance(each, NoSuchGroup) for each in found.values())


@pytest.mark.usefixtures("service_environment")
async def test_a_stale_key_is_told_and_tried_once_only(domain: Domain) -> None:
    aes = {"msDS-SupportedEncryptionTypes": "24"}
    domain.user("svc-stale", "stale-Passw0rd", servicePrincipalName=[f"HTTP/stale.{domain.dns}"], **aes)
    keytab = domain.keytab(f"HTTP/stale.{domain.dns}", "svc-stale")
    domain.ask("password", "svc-stale", "another-Passw0rd")
    async with groups_of(replace(realm_of(domain, keytab, "svc-stale"), service=f"HTTP/stale.{domain.dns}")) as groups:
        first, second = [await groups.find(["Engineers"]) for _ in range(2)]
    assert isinstance(first, DirectoryFailed)
    assert first.problem.startswith("service-keys: the KDC gives svc-stale@AD.KERBAUTH.TEST no ticket")
    assert isinstance(second, DirectoryFailed)
    assert "is left alone for" in second.problem
    assert domain.bad_passwords("svc-stale") == 1


@pytest.mark.usefixtures("service_environment")
async def test_a_service_without_a_directory_is_told_nothing_in_clear(domain: Domain, keytabs: dict[str, Path]) -> None:
    """Kerberos' own port is one where somebody listens who speaks no LDAP."""
    async with groups_of(replace(realm_of(domain, keytabs[domain.realm]), ldap=(domain.kdc,))) as groups:
        found = await groups.find(["Engineers"])
    assert isinstance(found, DirectoryFailed)


def test_a_service_for_the_other_domain_alone_asks_that(other_domain: Domain, keytabs: dict[str, Path], start: Start) -> None:
    realm = entry(other_domain, keytabs[other_domain.realm], names=OTHER_NAMES)
    running = start(Setup((realm,), adapter=granted(users="CORP2\\Domain Users")))
    assert answer(running.login("carol@CORP2.TEST", PASSWORD, "users")) == GRANTED


def test_the_commands_of_the_page_make_a_group_that_lets_in(domain: Domain, both: Setup, start: Start) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/grant-access-by-groups.md").read_text(encoding="utf-8")
    commands = [line for line in page.splitlines() if line.startswith("samba-tool ")]
    assert len(commands) == 3
    database = ("-s", str(domain.conf), "-H", str(domain.folder / "private/sam.ldb"))
    said = ""
    for command in commands:
        said = subprocess.run([*shlex.split(command), *database], capture_output=True, check=True, text=True).stdout
    assert f"objectSid: {domain.sid('GenesysAgents')}" in said
    settings = next(block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[permissions]" in block)
    adapter = settings.partition("[permissions]\n")[2].replace("CORP", domain.netbios)
    running = start(replace(both, adapter=adapter))
    assert answer(running.login("alice", PASSWORD, "desktop")) == GRANTED
    assert answer(running.login("first.last", PASSWORD, "desktop")) == REFUSED
