"""Who is who when names change hands: by name the directory's word of the moment, by SID the account for ever."""

from collections.abc import Callable
from pathlib import Path

from tests.ad.conftest import REALM, entry
from tests.ad.domain import PASSWORD, Domain
from tests.integration.service import RunningService, Setup

Start = Callable[..., RunningService]


def test_by_sid_a_renamed_account_is_the_same_user_and_its_old_name_another_one(
    domain: Domain, keytabs: dict[str, Path], start: Start, tmp_path: Path
) -> None:
    leaver, heir = domain.user("leaver"), domain.user()
    people = f'{{ "{domain.sid(leaver)}" = "paul", "{domain.sid(heir)}" = "mary" }}'
    names = f'identity = "sid"\notherwise = "refuse"\nmap = {people}\nrules = [{{ principal = "svc-*", refuse = true }}]'
    service = start(Setup((entry(domain, keytabs[REALM], f'default = true\ndomain_sid = "{domain.domain_sid}"', names),)))
    assert service.login("leaver", PASSWORD).json()["user"] == "paul"
    of_before = domain.token("leaver", tmp_path / "before")

    rename(domain, leaver, "left")
    rename(domain, heir, "leaver")
    assert service.login("left", PASSWORD).json()["user"] == "paul"
    assert service.login("leaver", PASSWORD).json()["user"] == "mary"
    assert service.sso(domain.token("leaver", tmp_path / "after")).json()["user"] == "mary"
    assert service.sso(of_before).json()["user"] == "paul"

    rename(domain, "left", "svc-left")
    assert service.login("svc-left", PASSWORD).json()["reason"] == "no-user-mapping"
    assert service.login("alice", PASSWORD).json()["reason"] == "no-user-mapping"


def rename(domain: Domain, old: str, new: str) -> None:
    domain.ask("set", old, sAMAccountName=new, userPrincipalName=f"{new}@{domain.dns}")


def test_an_account_of_another_domain_s_sid_is_not_believed(
    domain: Domain, other_domain: Domain, keytabs: dict[str, Path], start: Start
) -> None:
    service = start(Setup((entry(domain, keytabs[REALM], f'default = true\ndomain_sid = "{other_domain.domain_sid}"'),)))
    reply = service.login("alice", PASSWORD)
    assert reply.json()["reason"] == "no-verified-pac"
    assert "the account's SID is not one of the domain_sid of AD.KERBAUTH.TEST" in service.log()
