"""What must let nobody in, at every door: a computer in a user's place, a ticket that says nothing of its owner, and a domain controller
that is taken for an MIT KDC.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ad.conftest import ONE_NAMES, REALM, entry
from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain
from tests.integration.kdc import make_tokens
from tests.integration.service import RealmEntry, RunningService, Setup

Start = Callable[..., RunningService]


def command(service: RunningService, *arguments: str, password: str = "", environment: dict[str, str] | None = None) -> dict[str, object]:
    """What `kerbauth login` says, with the service's configuration."""
    done = subprocess.run(
        [sys.executable, "-m", "kerbauth", "login", *arguments, "--config", str(service.config), "--json"],
        input=password.encode(),
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
    )
    said: dict[str, object] = json.loads(done.stdout)
    return {**said, "status": done.returncode}


@pytest.fixture(scope="module")
def alone(domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The first domain only, so that the command line's replay cache and audit are its own."""
    running = RunningService(
        tmp_path_factory.mktemp("alone"), Setup((entry(domain, keytabs[REALM], "default = true", ONE_NAMES),), runtime="")
    ).start()
    yield running
    running.stop()


def test_a_computer_does_not_log_in_by_password_as_a_user_of_its_name(alone: RunningService) -> None:
    for name in ("ceo", "CEO", "ceo@ad.kerbauth.test", r"KERBAUTH\ceo"):
        assert alone.login(name, PASSWORD).json()["reason"] == "no-user-mapping"
    assert command(alone, "ceo", "--password-stdin", password=PASSWORD)["reason"] == "no-user-mapping"


def test_a_computer_does_not_log_in_by_ticket_as_a_user_of_its_name(alone: RunningService, domain: Domain, tmp_path: Path) -> None:
    assert alone.sso(domain.token("ceo", tmp_path / "cc")).json()["reason"] == "no-verified-pac"
    environment = domain.kinit("ceo", tmp_path / "cc")
    said = command(alone, "--sso", environment=environment)
    assert (said["reason"], said["status"]) == ("no-verified-pac", 1)


def test_a_ticket_without_a_pac_is_refused_on_the_command_line_as_well(alone: RunningService, domain: Domain, tmp_path: Path) -> None:
    with_pac = domain.kinit("alice", tmp_path / "with")
    assert command(alone, "--sso", environment=with_pac)["verdict"] == "granted"
    without = domain.kinit("alice", tmp_path / "without", "--no-request-pac")
    assert command(alone, "--sso", environment=without)["reason"] == "no-verified-pac"


def test_why_a_ticket_proves_nothing_stands_in_the_log(alone: RunningService, domain: Domain, tmp_path: Path) -> None:
    reply = alone.sso(domain.token("alice", tmp_path / "cc", "--no-request-pac"))
    assert reply.status_code == 401
    assert "WWW-Authenticate" in reply.headers  # the reply token of a complete context
    record = alone.audited(reply)
    assert (record["reason"], record["stage"]) == ("no-verified-pac", "accept")
    assert f"correlation_id={record['correlation_id']}" in alone.log()
    assert "alice@AD.KERBAUTH.TEST: the ticket holds no PAC" in alone.log()


@pytest.fixture
def misconfigured(domain: Domain, keytabs: dict[str, Path], start: Start) -> RunningService:
    """A realm of kind mit that is a domain."""
    return start(Setup((entry(domain, keytabs[REALM], "default = true", kind="mit"),)))


def test_a_domain_controller_in_a_realm_of_kind_mit_lets_nobody_in_by_password(misconfigured: RunningService) -> None:
    reply = misconfigured.login("alice", PASSWORD)
    assert (reply.status_code, reply.json()["reason"]) == (503, "kdc-not-trusted")
    assert 'say kind = "ad"' in misconfigured.log().replace('\\"', '"')


@pytest.mark.parametrize("options", [(), ("--no-request-pac",)])
@pytest.mark.parametrize("name", ["alice", "ceo"])
def test_a_domain_controller_in_a_realm_of_kind_mit_lets_nobody_in_by_ticket(
    misconfigured: RunningService, domain: Domain, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    reply = misconfigured.sso(domain.token(name, tmp_path / "cc", *options))
    assert (reply.status_code, reply.json()["reason"]) == (503, "service-principal" if options else "kdc-not-trusted")
    assert 'kind = "ad"' in misconfigured.log().replace('\\"', '"')


def test_readiness_says_that_the_realm_cannot_be_used(misconfigured: RunningService) -> None:
    reply = misconfigured.request("GET", "/readyz")
    assert reply.status_code == 503
    assert "does not know our principal" in reply.json()["realms"][0]["problem"]


def test_a_domain_is_ready_when_its_controller_knows_our_account(alone: RunningService) -> None:
    assert alone.request("GET", "/readyz").status_code == 200


def test_a_ticket_for_any_service_principal_of_our_account_opens(alone: RunningService, domain: Domain, tmp_path: Path) -> None:
    """They all have the account's key. That is why it has to be an account for kerbauth alone."""
    domain.ask("add", SERVICE_ACCOUNT, servicePrincipalName="HTTP/not-in-also-accept.example")
    token = domain.token("alice", tmp_path / "cc", service=f"HTTP/not-in-also-accept.example@{REALM}")
    assert alone.sso(token).json()["verdict"] == "granted"


@pytest.fixture
def called_like_its_service(domain: Domain) -> Iterator[None]:
    """The account's user principal name is its service principal, as ktpass makes it: the domain controller knows it as a client."""
    domain.ask("set", SERVICE_ACCOUNT, userPrincipalName=f"HTTP/{domain.host}@{REALM}")
    yield
    domain.ask("set", SERVICE_ACCOUNT, userPrincipalName=f"{SERVICE_ACCOUNT}@{domain.dns}")


@pytest.mark.usefixtures("called_like_its_service")
def test_a_domain_controller_that_knows_our_principal_is_noticed_by_how_it_compares_names(
    misconfigured: RunningService, domain: Domain, tmp_path: Path
) -> None:
    reply = misconfigured.sso(domain.token("ceo", tmp_path / "cc", "--no-request-pac"))
    assert (reply.status_code, reply.json()["reason"]) == (503, "service-principal")
    assert "for our principal, as domain controllers do" in misconfigured.log()
    assert misconfigured.request("GET", "/readyz").status_code == 503


def test_in_a_realm_of_kind_mit_no_ticket_is_believed_before_a_kdc_has_shown_that_it_is_one(
    domain: Domain, keytabs: dict[str, Path], start: Start, tmp_path: Path
) -> None:
    nobody = replace(entry(domain, keytabs[REALM], "default = true", kind="mit"), kdcs=(f"{domain.address}:1",))
    reply = start(Setup((nobody,))).sso(domain.token("ceo", tmp_path / "cc", "--no-request-pac"))
    assert (reply.status_code, reply.json()["reason"]) == (503, "kdc-unreachable")


def test_a_service_does_not_log_people_in_by_delegation(alone: RunningService, domain: Domain, tmp_path: Path) -> None:
    domain.user("frontend", servicePrincipalName=["HTTP/frontend.ad.kerbauth.test"])
    domain.ask("set", "frontend", **{"msDS-AllowedToDelegateTo": [f"HTTP/{domain.host}"]})
    domain.ask("flags", "frontend", "TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION")
    environment, service = domain.kinit("frontend", tmp_path / "frontend", "-f"), f"HTTP/{domain.host}@{REALM}"
    keytab = domain.keytab("frontend")
    subprocess.run(["kinit", "-f", "-k", "-t", str(keytab), "frontend"], env=environment, check=True)
    subprocess.run(
        ["kvno", "-P", "-U", "alice", "--out-cache", str(tmp_path / "alice"), service], env=environment, check=True, capture_output=True
    )
    reply = alone.sso(make_tokens(domain.environment(tmp_path / "alice"), service)[0])
    assert reply.json()["reason"] == "no-verified-pac"
    assert "a service got the ticket in the account's name, by delegation" in alone.log()


def test_a_service_principal_that_the_domain_does_not_have_is_nobody_s_wrong_password(
    domain: Domain, start: Start, other_domain: Domain
) -> None:
    elsewhere = f"HTTP/portal.{other_domain.dns}"
    domain.ask("add", SERVICE_ACCOUNT, servicePrincipalName=[elsewhere])
    keytab = domain.keytab(elsewhere, SERVICE_ACCOUNT)
    setting = f'default = true\naccount = "{SERVICE_ACCOUNT}"'
    service = start(
        Setup((RealmEntry(REALM, (domain.kdc,), keytab, elsewhere, setting, kind="ad"),), throttle="account_failures = 2\nreserve = 0")
    )
    user = domain.user()
    for _ in range(4):  # the domain controller refers to the other domain for a name like that
        reply = service.login(user, PASSWORD, token=None)
        assert (reply.status_code, reply.json()["reason"]) == (503, "service-principal")
    assert f"looks for our service principal in the realm {other_domain.realm}" in service.log()
