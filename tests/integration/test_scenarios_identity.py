"""Acceptance scenarios A: who somebody is."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.conftest import CANARY, KA_NAMES, ODD_NAMES, entry
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.service import IDENTITY_TOKEN, TOKEN, RealmEntry, RunningService, Setup, persons_with_desktop

Fresh = Callable[..., str]
LDAP_KDC = Path(__file__).parents[1] / "kdc" / "ldap_kdc.sh"
Start = Callable[..., RunningService]


def alike(reply: requests.Response) -> tuple[object, ...]:
    """A reply without what differs by design: the correlation id and the time of day."""
    own = reply.headers["X-Correlation-ID"]
    headers = {name: value for name, value in reply.headers.items() if name not in {"X-Correlation-ID", "Date"}}
    return reply.status_code, headers, reply.text.replace(own, "ID")


def test_a01_the_right_password_is_granted(service: RunningService, fresh: Fresh, realm: LabRealm) -> None:
    user = fresh()
    reply = service.login(user, CANARY)
    body = reply.json()
    assert reply.status_code == 200
    assert (body["verdict"], body["user"], body["principal"], body["realm"]) == ("granted", user, f"{user}@{realm.name}", realm.name)


def test_a02_a_wrong_password_is_refused_and_the_code_stays_in_the_log(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh(), "wrong")
    assert (reply.status_code, reply.json()["reason"]) == (401, "bad-credentials")
    assert "1765328360" not in reply.text
    (line,) = [line for line in service.log().splitlines() if reply.headers["X-Correlation-ID"] in line]
    assert "krb5:-1765328360" in line
    assert "krb5:-1765328360" in service.audited(reply)["codes"]


def test_a03_an_unknown_principal_looks_like_a_wrong_password(service: RunningService, fresh: Fresh) -> None:
    wrong, unknown = service.login(fresh(), "wrong", token=None), service.login("nobody-at-all", "wrong", token=None)
    assert alike(wrong) == alike(unknown)
    assert service.audited(unknown)["reason"] == "unknown-user"


@pytest.mark.parametrize("typed", ["jdoe", r"KA\jdoe", r"ka\JDOE", "JDOE@ka.example", "jdoe@KA.TEST", "Jdoe@ka.test", "jdoe@KA", " jdoe "])
def test_a04_every_way_to_type_a_name_leads_to_one_user(folding_service: RunningService, typed: str) -> None:
    body = folding_service.login(typed, CANARY).json()
    assert (body["verdict"], body["user"], body["principal"]) == ("granted", "jdoe", "jdoe@KA.TEST")


@pytest.fixture(scope="module")
def folding_service(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> RunningService:
    names = 'case = "lower"\n' + KA_NAMES
    settings = 'default = true\nnetbios = "KA"\nupn_suffixes = ["ka.example"]'
    setup = Setup((entry(realm, settings=settings, names=names),), persons_with_desktop(["jdoe"]))
    running = RunningService(tmp_path_factory.mktemp("folding"), setup).start()
    yield running  # type: ignore[misc]  # a fixture that yields
    running.stop()


def test_a05_two_persons_that_differ_only_by_case_are_a_configuration_error(realm: LabRealm, tmp_path: Path) -> None:
    config = Setup((entry(realm),), persons_with_desktop(["jdoe", "JDoe"])).write(tmp_path)
    done = subprocess.run([sys.executable, "-m", "kerbauth", "serve", "--config", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.search(r"persons\[\d\].*JDoe.*case", done.stderr), done.stderr


def test_a06_a_realm_that_is_not_configured_is_refused_without_a_packet(
    service: RunningService, realm: LabRealm, other_realm: LabRealm
) -> None:
    marks = realm.mark(), other_realm.mark()
    reply = service.login("jdoe@ELSEWHERE.TEST", CANARY)
    assert (reply.status_code, reply.json()["reason"]) == (401, "unknown-realm")
    assert (realm.requests(marks[0]), other_realm.requests(marks[1])) == ([], [])


def test_a07_of_two_realms_with_the_same_name_the_rule_decides(service: RunningService) -> None:
    first, second = service.login("jdoe@KA.TEST", CANARY).json(), service.login(r"KB\jdoe", CANARY).json()
    assert (first["user"], first["principal"]) == ("jdoe", "jdoe@KA.TEST")
    assert (second["user"], second["principal"]) == ("kb-jdoe", "jdoe@KB.TEST")


def test_a07_two_realms_that_would_share_a_user_name_do_not_start(realm: LabRealm, other_realm: LabRealm, tmp_path: Path) -> None:
    config = Setup((entry(realm, names=KA_NAMES), entry(other_realm)), persons_with_desktop(["jdoe"])).write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "kerbauth", "config", "check", "--config", str(config)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "shares_users_with" in done.stderr


def test_a08_an_instance_is_refused_by_default(service: RunningService, realm: LabRealm) -> None:
    before = realm.mark()
    reply = service.login("jdoe/admin@KA.TEST", CANARY)
    assert reply.json()["verdict"] == "refused"
    assert realm.requests(before) == []


def test_a08_a_proved_instance_is_refused_too(service: RunningService, realm: LabRealm, tmp_path: Path) -> None:
    environment = realm.kinit("jdoe/admin", CANARY, tmp_path / "cc")
    (token,) = make_tokens(environment, "HTTP/localhost@KA.TEST")
    reply = service.sso(token, headers={"X-Kerbauth-Client": TOKEN})
    assert (reply.status_code, reply.json()["reason"]) == (403, "no-user-mapping")


@pytest.mark.parametrize("user", ODD_NAMES[:-1], ids=lambda name: name[:12])
def test_a09_names_with_dots_dashes_blanks_and_letters_of_all_scripts_log_in(service: RunningService, user: str) -> None:
    body = service.login(user, CANARY).json()
    assert (body["verdict"], body["user"]) == ("granted", user)


def test_a09_a_user_name_of_256_characters_is_refused(service: RunningService) -> None:
    reply = service.login(ODD_NAMES[-1], CANARY, application=None, token=IDENTITY_TOKEN)
    assert (reply.status_code, reply.json()["reason"]) == (403, "no-user-mapping")


def test_a10_the_kdcs_canonical_name_is_what_is_mapped(start: Start) -> None:
    # Only MIT's LDAP back end knows aliases: the user is asked for by one name, and the KDC answers with the other.
    description = RealmDescription("LDAP.TEST", (User("canonical", CANARY),), (Service("HTTP/localhost"),))
    with LabRealm(description, command=(str(LDAP_KDC),), environment={"ALIASES": "alias=canonical"}, patience=60) as ldap:
        entries = (RealmEntry(ldap.name, (ldap.kdc,), ldap.keytab("HTTP/localhost"), settings="default = true"),)
        body = start(Setup(entries, persons_with_desktop(["canonical", "alias"]))).login("alias", CANARY).json()
    assert (body["verdict"], body["user"], body["principal"]) == ("granted", "canonical", "canonical@LDAP.TEST")
