"""Two domains with a trust, and a domain beside an MIT realm: each user is one of their own realm, at both doors, under its own rules."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.ad.conftest import OTHER, OTHER_NAMES, REALM, entry
from tests.ad.domain import PASSWORD, Domain
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.service import RealmEntry, RunningService, Setup, persons_with_desktop

Start = Callable[..., RunningService]


@pytest.mark.parametrize(("typed", "user", "realm"), [("alice", "alice", REALM), (r"CORP2\alice", "c2-alice", OTHER)])
def test_users_of_the_same_name_are_two_users(service: RunningService, typed: str, user: str, realm: str) -> None:
    granted = service.login(typed, PASSWORD).json()
    assert (granted["user"], granted["realm"]) == (user, realm)


def test_a_password_is_asked_of_the_user_s_own_domain_only(service: RunningService, domain: Domain, other_domain: Domain) -> None:
    here, there = domain.user("bertha"), other_domain.user("bertha")
    assert service.login(r"CORP2\bertha", "wrong").json()["reason"] == "bad-credentials"
    assert (domain.bad_passwords(here), other_domain.bad_passwords(there)) == (0, 1)


def test_a_wrong_password_behind_a_referral_is_counted_once_and_where_it_belongs(
    service: RunningService, domain: Domain, other_domain: Domain
) -> None:
    here, there = domain.user("clara"), other_domain.user("clara")
    assert service.login(r"clara\@corp2.test", "wrong").json()["reason"] == "bad-credentials"
    assert (domain.bad_passwords(here), other_domain.bad_passwords(there)) == (0, 1)


def test_a_ticket_of_the_trusted_domain_s_user_for_our_service_in_the_other_is_theirs(
    service: RunningService, domain: Domain, other_domain: Domain, tmp_path: Path
) -> None:
    token = other_domain.token(f"alice@{OTHER}", tmp_path / "cc", service=f"HTTP/{domain.host}@{REALM}")
    granted = service.sso(token).json()
    assert (granted["user"], granted["principal"], granted["realm"]) == ("c2-alice", f"alice@{OTHER}", OTHER)


def test_across_the_trust_a_ticket_needs_its_pac_too(service: RunningService, domain: Domain, other_domain: Domain, tmp_path: Path) -> None:
    token = other_domain.token(f"alice@{OTHER}", tmp_path / "cc", "--no-request-pac", service=f"HTTP/{domain.host}@{REALM}")
    assert service.sso(token).json()["reason"] == "no-verified-pac"


def test_a_domain_that_the_settings_do_not_trust_vouches_for_its_own_users_only(
    both: Setup, start: Start, domain: Domain, other_domain: Domain, tmp_path: Path
) -> None:
    careful = start(
        replace(both, realms=tuple(replace(each, settings=each.settings.replace("trusts", "# trusts")) for each in both.realms))
    )
    token = other_domain.token(f"alice@{OTHER}", tmp_path / "cc", service=f"HTTP/{domain.host}@{REALM}")
    assert careful.sso(token).json()["reason"] == "wrong-realm"
    assert f"the KDC of {REALM} vouches for alice@{OTHER}; it is believed about users of {REALM} only" in careful.log()
    assert careful.login(r"alice\@corp2.test", PASSWORD).json()["reason"] == "wrong-realm"
    assert careful.login("alice@corp2.test", PASSWORD).json()["user"] == "c2-alice"


def test_each_realm_s_users_have_their_own_permissions(both: Setup, start: Start) -> None:
    service = start(replace(both, permissions=persons_with_desktop(["c2-alice"], without=["alice"])))
    assert service.login("alice@corp2.test", PASSWORD).json()["verdict"] == "granted"
    assert service.login("alice", PASSWORD).json()["reason"] == "not-permitted"


@pytest.fixture(scope="module")
def mit() -> Iterator[LabRealm]:
    users = (User("alice", PASSWORD), User("dora", PASSWORD))
    with LabRealm.described(RealmDescription("KA.TEST", users, (Service("HTTP/localhost", "http.keytab"),))) as running:
        assert isinstance(running, LabRealm)
        yield running


@pytest.fixture(scope="module")
def beside_mit(
    mit: LabRealm, domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The domain, and an MIT realm whose people are users named ka-...; both have a service principal HTTP/localhost."""
    keytab = mit.keytab("HTTP/localhost")
    names = OTHER_NAMES.replace("c2-", "ka-")
    ad_names = 'rules = [{ principal = "ka-*", refuse = true }]\notherwise = "name"'
    realms = (
        entry(domain, keytabs[REALM], "default = true", ad_names),
        RealmEntry(mit.name, (mit.kdc,), keytab, "HTTP/localhost", 'netbios = "KA"', names),
    )
    running = RunningService(tmp_path_factory.mktemp("beside"), Setup(realms)).start()
    yield running
    running.stop()


def test_a_domain_beside_an_mit_realm_each_with_its_own_rules(
    beside_mit: RunningService, mit: LabRealm, domain: Domain, tmp_path: Path
) -> None:
    assert beside_mit.login("alice", PASSWORD).json()["user"] == "alice"
    assert beside_mit.login(r"KA\alice", PASSWORD).json()["user"] == "ka-alice"
    assert beside_mit.login("dora@KA.TEST", PASSWORD).json()["user"] == "ka-dora"
    assert beside_mit.login("dora", PASSWORD).json()["reason"] == "unknown-user"
    environment = mit.kinit("dora", PASSWORD, tmp_path / "mit")
    assert beside_mit.sso(make_tokens(environment, "HTTP/localhost@KA.TEST")[0]).json()["user"] == "ka-dora"
    assert beside_mit.sso(domain.token("alice", tmp_path / "ad", service=f"HTTP/localhost@{REALM}")).json()["user"] == "alice"
