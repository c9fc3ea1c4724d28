"""Acceptance scenarios C: passwords, and the proof of the KDC."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.conftest import CANARY, REALM
from tests.integration.kdc import LabRealm
from tests.integration.service import IDENTITY_TOKEN, RealmEntry, RunningService, Setup

Fresh = Callable[..., str]
Start = Callable[..., RunningService]


def test_c01_an_empty_password_is_refused_without_a_packet(service: RunningService, realm: LabRealm) -> None:
    before = realm.mark()
    reply = service.login("jdoe", "")
    assert (reply.status_code, reply.json()["reason"]) == (422, "empty-password")
    assert realm.requests(before) == []


def test_c02_an_expired_password_is_said_and_no_permission_is_asked(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh("expired"), CANARY)
    assert (reply.status_code, reply.json()["reason"]) == (401, "password-expired")
    assert "permission" not in service.audited(reply)["duration_ms"]


def test_c03_a_disabled_account_is_told_to_trusted_callers_only(service: RunningService, fresh: Fresh) -> None:
    user = fresh("revoked")
    assert service.login(user, CANARY).json()["reason"] == "account-disabled"
    assert service.login(user, CANARY, token=None).json()["reason"] == "bad-credentials"


@pytest.mark.parametrize(("kind", "count"), [("good", 1), ("expired", 1), ("revoked", 0), ("gone", 0)])
def test_c04_one_wrong_password_is_one_failed_check_at_the_kdc(
    service: RunningService, realm: LabRealm, fresh: Fresh, kind: str, count: int
) -> None:
    user, before = fresh(kind), realm.mark()
    service.login(user, "wrong")
    assert realm.failed_password_checks(before, user) == count


@pytest.mark.parametrize(
    "password",
    ["pässwörd-密码-🔑", "x" * 1024, "ü" * 512, ' "quoted" \\ %s {} ', "\ttab"],
    ids=["utf8", "1024", "utf8-1024", "signs", "tab"],
)
def test_c05_long_and_utf8_passwords_reach_the_kdc_unaltered(
    service: RunningService, realm: LabRealm, password: str, request: pytest.FixtureRequest
) -> None:
    user = "c05-" + "".join(letter for letter in request.node.callspec.id if letter.isalnum())
    realm.add(User(user, password))
    assert service.login(user, password, application=None, token=IDENTITY_TOKEN).status_code == 200
    assert service.login(user, password[:-1], application=None, token=IDENTITY_TOKEN).status_code == 401


def test_c05_a_password_that_is_too_long_is_refused_never_cut(service: RunningService, realm: LabRealm) -> None:
    before = realm.mark()
    reply = service.login("jdoe", "x" * 1025)
    assert (reply.status_code, reply.json()["reason"]) == (422, "password-too-long")
    assert realm.requests(before) == []


def test_c05_a_nul_in_a_password_is_refused_never_cut(service: RunningService, realm: LabRealm) -> None:
    before = realm.mark()
    assert service.login("jdoe", CANARY + "\0more").status_code == 422
    assert realm.requests(before) == []


def spoofed(real: LabRealm) -> RealmDescription:
    """A realm of the same name whose KDC believes any password the attacker chose, and does not know our key."""
    return RealmDescription(real.name, (User("jdoe", "chosen-by-the-attacker"),), (Service("HTTP/localhost"),))


def test_c06_a_spoofed_kdc_lets_nobody_in(realm: LabRealm, start: Start) -> None:
    with LabRealm.described(spoofed(realm)) as attacker:
        service = start(Setup((RealmEntry(REALM, (attacker.kdc,), realm.keytab("HTTP/localhost"), settings="default = true"),)))
        reply = service.login("jdoe", "chosen-by-the-attacker", application=None)
    assert (reply.status_code, reply.json()["verdict"], reply.json()["reason"]) == (503, "unavailable", "kdc-not-trusted")
    record = service.audited(reply)
    assert (record["stage"], record["alarm"]) == ("verify", True)
    assert "ALARM" in service.log()
    assert "kerbauth_alarms_total 1.0" in service.request("GET", "/metrics").text


def test_c06_a_spoofed_kdc_with_another_key_version_lets_nobody_in(realm: LabRealm, start: Start) -> None:
    with LabRealm.described(spoofed(realm)) as attacker:
        assert isinstance(attacker, LabRealm)
        attacker.rekey("HTTP/localhost")
        service = start(Setup((RealmEntry(REALM, (attacker.kdc,), realm.keytab("HTTP/localhost"), settings="default = true"),)))
        reply = service.login("jdoe", "chosen-by-the-attacker", application=None)
    assert (reply.status_code, reply.json()["verdict"], reply.json()["reason"]) == (503, "unavailable", "service-keys")


def test_c07_no_secret_is_in_any_output(service: RunningService, realm: LabRealm, fresh: Fresh) -> None:
    secret = "canary-C07-" + "z" * 12
    realm.add(User("c07", secret))
    for body in (
        json.dumps({"username": "c07", "password": secret, "application": "desktop"}),
        json.dumps({"username": "c07", "password": secret + "wrong", "application": "desktop"}),
        json.dumps({"username": "c07", "password": secret, "application": 7}),
        json.dumps({"username": "c07", "password": secret, "aplication": "desktop"}),
        json.dumps({"username": "c07@ELSEWHERE.TEST", "password": secret, "application": "desktop"}),
        json.dumps({"username": "c07", "password": secret + "\0", "application": "desktop"}),
        json.dumps({"username": fresh("expired"), "password": secret, "application": "desktop"}),
        '{"username": "c07", "password": "' + secret,
        '{"password": "' + secret + '", "password": "' + secret + '"}',
    ):
        service.request("POST", "/v1/login", data=body, headers={"Content-Type": "application/json"})
    service.request("GET", f"/v1/sso?application={'x' * 10}", headers={"Authorization": f"Basic {secret}"})
    service.request("GET", "/v1/sso", headers={"Authorization": f"Negotiate {secret}"})
    service.request("POST", "/v1/login", data="{}", headers={"Authorization": f"Bearer {secret}"})
    assert service.process is not None
    proc = Path(f"/proc/{service.process.pid}")
    places = [*service.folder.rglob("*"), realm.log, proc / "cmdline", proc / "environ"]
    told = [str(place) for place in places if place.is_file() and b"canary-C07" in place.read_bytes()]
    assert told == []
    assert "canary-C07" not in service.request("GET", "/metrics").text


def test_a_stale_keytab_is_our_fault_and_said_so(realm: LabRealm, start: Start, tmp_path: Path) -> None:
    with LabRealm.described(RealmDescription("STALE.TEST", (User("jdoe", CANARY),), (Service("HTTP/localhost"),))) as own:
        assert isinstance(own, LabRealm)
        service = start(Setup((RealmEntry(own.name, (own.kdc,), own.keytab("HTTP/localhost"), settings="default = true"),)))
        assert service.login("jdoe", CANARY, application=None).status_code == 200
        own.rekey("HTTP/localhost")
        reply = service.login("jdoe", CANARY, application=None)
        assert (reply.status_code, reply.json()["reason"]) == (503, "service-keys")
        own.export("HTTP/localhost", own.keytab("HTTP/localhost"))  # beside the old key version
        assert start(service.setup).login("jdoe", CANARY, application=None).status_code == 200


def test_a_wrong_keytab_does_not_start_where_its_principal_is_missing(realm: LabRealm, start: Start) -> None:
    with pytest.raises(AssertionError, match=r"holds no key of HTTP/localhost@KA\.TEST"):
        start(Setup((RealmEntry(REALM, (realm.kdc,), realm.keytab("HTTP/other.test")),)))


def test_an_unknown_service_principal_is_unavailable(realm: LabRealm, start: Start, tmp_path: Path) -> None:
    with LabRealm.described(RealmDescription(REALM, (User("jdoe", CANARY),))) as without:
        service = start(Setup((RealmEntry(REALM, (without.kdc,), realm.keytab("HTTP/localhost"), settings="default = true"),)))
        reply = service.login("jdoe", CANARY, application=None)
    assert (reply.status_code, reply.json()["reason"]) == (503, "service-principal")


def test_an_expired_account_does_not_show_where_kadmin_changepw_is_unusable(start: Start) -> None:
    users = (User("erin", CANARY, password_expires="yesterday"), User("jdoe", CANARY))
    with LabRealm.described(RealmDescription("CHPW.TEST", users, (Service("HTTP/localhost"),))) as own:
        assert isinstance(own, LabRealm)
        own.kadmin("modify_principal -allow_svr kadmin/changepw")
        service = start(Setup((RealmEntry(own.name, (own.kdc,), own.keytab("HTTP/localhost"), settings="default = true"),)))
        erin, jdoe = (service.login(user, "wrong", application=None, token=None) for user in ("erin", "jdoe"))
    assert (erin.status_code, erin.json()["reason"]) == (jdoe.status_code, jdoe.json()["reason"]) == (401, "bad-credentials")
    record = service.audited(erin)
    assert record["reason"] == "password-expired"
    assert "krb5:-1765328361" in record["codes"]


def test_a_primary_kdc_that_is_not_there_leaves_the_first_answer_and_the_count_alone(realm: LabRealm, start: Start, fresh: Fresh) -> None:
    user, before = fresh(), realm.mark()
    service = start(Setup((RealmEntry(REALM, (realm.kdc,), realm.keytab("HTTP/localhost"), settings="default = true"),)))
    config = service.folder / "run" / "krb5.conf"
    config.write_text(config.read_text().replace(f"primary_kdc = {realm.kdc}", "primary_kdc = 127.0.0.1:1"))
    assert service.login(user, "wrong", application=None).json()["reason"] == "bad-credentials"
    assert realm.failed_password_checks(before, user) == 1
