"""The commands, run as an administrator runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import CANARY, KA_NAMES, entry
from tests.integration.kdc import LabRealm, silent_server
from tests.integration.service import RealmEntry, RunningService, Setup, persons_with_desktop
from tests.integration.workers import until
from tests.kdc.behaviours import relay
from tests.kdc.scripted import scripted_kdc
from tests.kdc.test_keytab import write


@pytest.fixture
def config(realm: LabRealm, tmp_path: Path) -> Path:
    return Setup((entry(realm, settings="default = true", names=KA_NAMES),), persons_with_desktop(["jdoe", "good000"])).write(tmp_path)


def kerbauth(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kerbauth", *arguments],
        input=stdin, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def login(config: Path, user: str, password: str, *more: str) -> subprocess.CompletedProcess[str]:
    return kerbauth("login", user, "--config", str(config), "--password-stdin", *more, stdin=password + "\n")


def test_login_explains_a_grant_step_by_step(config: Path) -> None:
    done = login(config, "jdoe", CANARY, "--application", "desktop")
    assert done.returncode == 0, done.stderr
    for word in ("name", "as", "mapping", "permission", "granted: jdoe (jdoe@KA.TEST)", "application desktop"):
        assert word in done.stdout


def test_login_explains_a_refusal_with_its_code_and_what_to_do(config: Path) -> None:
    done = login(config, "jdoe", "wrong", "--application", "desktop")
    assert done.returncode == 1
    for word in ("refused: bad-credentials", "the user is told:", "what to do:", "kerbauth explain krb5:-1765328360"):
        assert word in done.stdout


def test_login_prints_json(config: Path) -> None:
    document = json.loads(login(config, "jdoe", CANARY, "--application", "desktop", "--json").stdout)
    assert (document["verdict"], document["user"], document["door"]) == ("granted", "jdoe", "cli")
    assert [step["stage"] for step in document["steps"]] == ["name", "throttle", "as", "mapping", "permission"]


def test_login_that_finds_nothing_out_has_a_status_of_its_own(realm: LabRealm, tmp_path: Path) -> None:
    entries = (RealmEntry(realm.name, ("127.0.0.1:1",), realm.keytab("HTTP/localhost"), settings="default = true"),)
    done = login(Setup(entries).write(tmp_path), "jdoe", CANARY)
    assert (done.returncode, "unavailable: kdc-unreachable" in done.stdout) == (3, True)


def test_login_with_the_ticket_of_ones_own_session(config: Path, realm: LabRealm, tmp_path: Path) -> None:
    environment = realm.kinit("jdoe", CANARY, tmp_path / "cc")
    mine = {name: environment[name] for name in ("KRB5_CONFIG", "KRB5CCNAME")}
    done = kerbauth("login", "--sso", "--config", str(config), "--application", "desktop", **mine)
    assert (done.returncode, "granted: jdoe" in done.stdout) == (0, True), done.stdout + done.stderr


def test_login_without_a_ticket_says_so(config: Path, realm: LabRealm, tmp_path: Path) -> None:
    mine = realm.client_environment(tmp_path / "no-such-cache")
    done = kerbauth("login", "--sso", "--config", str(config), KRB5_CONFIG=mine["KRB5_CONFIG"], KRB5CCNAME=mine["KRB5CCNAME"])
    assert done.returncode == 3
    assert "no ticket for single sign-on" in done.stderr


@pytest.mark.parametrize("arguments", [["--sso", "jdoe"], [], ["--sso", "--realm", "ELSEWHERE.TEST"]])
def test_login_used_wrongly(config: Path, arguments: list[str]) -> None:
    assert kerbauth("login", *arguments, "--config", str(config)).returncode == 2


def test_login_keeps_an_audit_record_and_no_password(config: Path) -> None:
    login(config, "jdoe", CANARY, "--application", "desktop")
    anchor, line = (config.parent / "audit.jsonl").read_text().splitlines()
    assert (json.loads(anchor)["kind"], json.loads(line)["door"]) == ("anchor", "cli")
    assert CANARY not in line


def test_map_says_how_a_name_is_read_and_mapped_without_a_kdc(config: Path, realm: LabRealm) -> None:
    before = realm.mark()
    done = kerbauth("map", "jdoe", "--config", str(config))
    assert done.returncode == 0, done.stderr
    assert "jdoe@KA.TEST" in done.stdout
    assert "nobody else" in done.stdout
    assert realm.requests(before) == []


@pytest.mark.parametrize(
    ("name", "reason"), [("svc-x", "no-user-mapping"), ("x@ELSEWHERE.TEST", "unknown-realm"), ("jdoe/admin", "malformed-name")]
)
def test_map_says_no(config: Path, name: str, reason: str) -> None:
    done = kerbauth("map", name, "--config", str(config), "--json")
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (1, reason)


def test_map_says_who_else_would_map_to_the_user(realm: LabRealm, other_realm: LabRealm, tmp_path: Path) -> None:
    both = (
        entry(realm, settings="default = true", names='shares_users_with = ["KB.TEST"]'),
        entry(other_realm, names='shares_users_with = ["KA.TEST"]'),
    )
    document = json.loads(kerbauth("map", "jdoe", "--config", str(Setup(both).write(tmp_path)), "--json").stdout)
    assert document["user"] == "jdoe"
    assert any("KB.TEST" in other for other in document["others"])


def test_explain_shows_every_table_a_number_is_in() -> None:
    done = kerbauth("explain", "24")
    assert done.returncode == 0
    assert "KDC_ERR_PREAUTH_FAILED" in done.stdout
    assert "EMFILE" in done.stdout


@pytest.mark.parametrize("code", ["-1765328360", "2529638936", "kdc_err_preauth_failed", "KRB5KDC_ERR_PREAUTH_FAILED", "krb5:-1765328360"])
def test_explain_takes_every_way_to_write_a_code(code: str) -> None:
    (entry_,) = json.loads(kerbauth("explain", "--json", "--", code).stdout)
    assert (entry_["name"], entry_["protocol_number"]) == ("KDC_ERR_PREAUTH_FAILED", 24)


def test_explain_of_a_negative_number_needs_no_dashes() -> None:
    assert "KDC_ERR_PREAUTH_FAILED" in kerbauth("explain", "-1765328360").stdout


def test_explain_says_when_nobody_knows_a_code() -> None:
    done = kerbauth("explain", "123456789")
    assert (done.returncode, "no table knows" in done.stderr) == (1, True)


def test_keytab_show_lists_keys_and_shows_none(realm: LabRealm) -> None:
    done = kerbauth("keytab", "show", str(realm.keytab("HTTP/localhost")))
    assert done.returncode == 0
    assert "HTTP/localhost@KA.TEST" in done.stdout
    assert "aes256-cts-hmac-sha1-96" in done.stdout
    (first, *_) = json.loads(kerbauth("keytab", "show", str(realm.keytab("HTTP/localhost")), "--json").stdout)
    assert set(first) == {"principal", "kvno", "enctype", "used", "written"}


def test_keytab_show_points_out_keys_that_are_never_used(tmp_path: Path) -> None:
    keytab = write(tmp_path / "weak", ("HTTP/localhost@KA.TEST", 2, 18), ("HTTP/localhost@KA.TEST", 2, 23))
    *_, strong, weak = kerbauth("keytab", "show", str(keytab)).stdout.splitlines()
    assert "never used" not in strong
    assert ("arcfour-hmac" in weak, weak.endswith("  never used: not AES")) == (True, True)
    listed = json.loads(kerbauth("keytab", "show", str(keytab), "--json").stdout)
    assert [(each["enctype"], each["used"]) for each in listed] == [("aes256-cts-hmac-sha1-96", True), ("arcfour-hmac", False)]


def test_keytab_show_of_nothing_says_so(tmp_path: Path) -> None:
    done = kerbauth("keytab", "show", str(tmp_path / "missing"))
    assert (done.returncode, "missing" in done.stderr) == (2, True)


def test_config_check_passes_what_would_start(config: Path) -> None:
    done = kerbauth("config", "check", "--config", str(config))
    assert (done.returncode, "fine" in done.stdout) == (0, True), done.stderr


def test_config_check_lists_every_problem(config: Path) -> None:
    config.write_text(config.read_text().replace('kind = "mit"', 'kind = "heimdal"').replace("[permissions]", "[permisions]"))
    done = kerbauth("config", "check", "--config", str(config))
    assert done.returncode == 2
    assert "kind" in done.stderr
    assert "permisions" in done.stderr


def test_config_reference_prints_every_setting() -> None:
    done = kerbauth("config", "reference")
    assert done.returncode == 0
    for setting in ("listen", "keytab", "otherwise", "adapter", "token_file", "disclosure"):
        assert setting in done.stdout


def test_no_command_is_wrong_use() -> None:
    assert kerbauth().returncode == 2


def test_login_without_a_password_on_standard_input_is_wrong_use(config: Path) -> None:
    done = kerbauth("login", "jdoe", "--config", str(config), "--password-stdin", "--application", "desktop")
    assert (done.returncode, "no password" in done.stderr) == (2, True)
    audit = config.parent / "audit.jsonl"
    assert audit.read_text() == ""


def test_realm_list_names_the_realms(config: Path, realm: LabRealm) -> None:
    done = kerbauth("realm", "list", "--config", str(config))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["KA.TEST", "mit", realm.kdc, "HTTP/localhost", "default"]
    (row,) = json.loads(kerbauth("realm", "list", "--config", str(config), "--json").stdout)
    assert (row["realm"], row["kdcs"], row["default"]) == ("KA.TEST", [realm.kdc], True)


def test_realm_show_tells_what_holds_and_what_the_keytab_has_but_no_key(config: Path) -> None:
    done = kerbauth("realm", "show", "KA.TEST", "--config", str(config))
    assert done.returncode == 0, done.stderr
    lines = [line.split(None, 1) for line in done.stdout.splitlines()]
    assert ["deadline", "5.0"] in lines
    assert ["names.rules", "2 rules"] in lines
    assert "key of HTTP/localhost@KA.TEST: kvno 1, aes256-cts-hmac-sha1-96" in done.stdout
    document = json.loads(kerbauth("realm", "show", "KA.TEST", "--config", str(config), "--json").stdout)
    assert {key["kvno"] for key in document["keys"]} == {1}


def test_realm_show_tells_what_the_running_service_knows_of_the_kdcs(realm: LabRealm, start: Callable[..., RunningService]) -> None:
    entries = (RealmEntry(realm.name, (realm.kdc, "127.0.0.1:1"), realm.keytab("HTTP/localhost"), settings="default = true"),)
    service = start(Setup(entries))

    def known() -> list[dict[str, Any]]:
        done = kerbauth("realm", "show", realm.name, "--config", str(service.config), "--json")
        states: list[dict[str, Any]] = json.loads(done.stdout)["kdc_states"]
        return states

    until(lambda: any(each["active"] for each in known()), within=30)
    assert [(each["worker"], each["address"], each["standing"], each["active"]) for each in known()] == [
        ("0", realm.kdc, "answers", True),
        ("0", "127.0.0.1:1", "answers", False),
    ]
    done = kerbauth("realm", "show", realm.name, "--config", str(service.config))
    (line,) = [line for line in done.stdout.splitlines() if "asked first" in line]
    assert line.startswith(f"  {realm.kdc} ({realm.kdc}), worker 0: answers since ")
    assert "latency" in line


def test_realm_show_knows_no_kdcs_without_a_service(config: Path) -> None:
    assert json.loads(kerbauth("realm", "show", "KA.TEST", "--config", str(config), "--json").stdout)["kdc_states"] == []


def test_realm_show_says_what_is_wrong_with_a_keytab(config: Path, realm: LabRealm) -> None:
    broken = config.read_text().replace(str(realm.keytab("HTTP/localhost")), "nowhere.keytab")
    config.write_text(broken)
    done = kerbauth("realm", "show", "KA.TEST", "--config", str(config))
    assert (done.returncode, "deadline" in done.stdout, "nowhere.keytab" in done.stderr) == (2, True, True)


def test_realm_test_asks_each_kdc_by_itself(realm: LabRealm, tmp_path: Path) -> None:
    entries = (RealmEntry(realm.name, (realm.kdc, "127.0.0.1:1"), realm.keytab("HTTP/localhost"), settings="default = true"),)
    done = kerbauth("realm", "test", "--config", str(Setup(entries).write(tmp_path)), "--json")
    told = json.loads(done.stdout)
    assert [(each["kdc"], each["address"], each["over"], each["answered"], each["problem"]) for each in told] == [
        (realm.kdc, realm.kdc, "udp", True, None),
        (realm.kdc, realm.kdc, "tcp", True, None),
        ("127.0.0.1:1", "127.0.0.1:1", "udp", False, "Connection refused"),
        ("127.0.0.1:1", "127.0.0.1:1", "tcp", False, "Connection refused"),
    ]
    assert all(0 < each["milliseconds"] < 3000 and abs(each["clock_offset_seconds"]) < 5 for each in told[:2])
    assert {each["milliseconds"] for each in told[2:]} == {None}
    assert done.returncode == 3


def test_realm_test_gives_a_silent_kdc_three_seconds(realm: LabRealm, tmp_path: Path) -> None:
    with silent_server() as (address, _):
        kdcs = (address, realm.kdc, "127.0.0.1:1")
        entries = (RealmEntry(realm.name, kdcs, realm.keytab("HTTP/localhost"), settings="default = true"),)
        done = kerbauth("realm", "test", "KA.TEST", "--config", str(Setup(entries).write(tmp_path)), "--json")
    told = [(each["kdc"], each["problem"]) for each in json.loads(done.stdout) if each["over"] == "tcp"]
    assert told == [(address, "no answer within 3 seconds"), (realm.kdc, None), ("127.0.0.1:1", "Connection refused")]
    assert done.returncode == 3


def test_realm_test_is_content_with_one_open_way_to_a_kdc(realm: LabRealm, tmp_path: Path) -> None:
    with scripted_kdc(relay, upstream=realm.kdc, transports=frozenset({"tcp"})) as kdc:
        entries = (RealmEntry(realm.name, (kdc.address,), realm.keytab("HTTP/localhost"), settings="default = true"),)
        done = kerbauth("realm", "test", "--config", str(Setup(entries).write(tmp_path)))
    heading, udp, tcp = done.stdout.splitlines()
    assert heading.split() == ["realm", "KDC", "address", "over", "took", "clock", "answer"]
    assert udp.split() == ["KA.TEST", kdc.address, kdc.address, "udp", "Connection", "refused"]
    assert tcp.split()[3] == "tcp"
    assert tcp.endswith(" s  fine")
    assert done.returncode == 0


def test_realm_test_tells_a_kdc_that_does_not_know_us(config: Path, realm: LabRealm, other_realm: LabRealm, tmp_path: Path) -> None:
    text = config.read_text().replace('service = "HTTP/localhost"', 'service = "HTTP/nobody.test"')
    config.write_text(text)
    done = kerbauth("realm", "test", "--config", str(config))
    assert (done.returncode, "does not know our principal HTTP/nobody.test@KA.TEST" in done.stdout) == (1, True), done.stdout + done.stderr


def test_realm_commands_refuse_a_realm_that_is_not_configured(config: Path) -> None:
    for action in ("show", "test"):
        done = kerbauth("realm", action, "ELSEWHERE.TEST", "--config", str(config))
        assert (done.returncode, "configured are: KA.TEST" in done.stderr) == (2, True)


def test_a_command_that_handles_a_password_leaves_no_core_file(config: Path) -> None:
    unlimited = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_CORE, (2**20, 2**20)); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-m", "kerbauth", "login", "jdoe", "--config", str(config), "--password-stdin", "--application", "desktop"]
    process = subprocess.Popen([sys.executable, "-c", unlimited, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None

    def core_limit() -> str:
        lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
        return next(line.split()[4] for line in lines if line.startswith("Max core file size"))

    until(lambda: core_limit() == "0", within=20)
    process.stdin.write(CANARY.encode() + b"\n")
    process.stdin.close()
    assert process.wait(30) == 0
