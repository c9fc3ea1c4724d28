"""Acceptance scenarios E06 and F09, and what a start does and does not take from the machine."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.service import RealmEntry, RunningService, Setup

Fresh = Callable[..., str]
Start = Callable[..., RunningService]


def serve(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kerbauth", "serve", "--config", str(config)], capture_output=True, text=True, check=False, timeout=60
    )


def test_e06_one_correlation_id_is_in_reply_log_and_audit(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh(), "wrong", headers={"X-Correlation-ID": "my-own-id-0001"})
    assert reply.headers["X-Correlation-ID"] == reply.json()["correlation_id"] == "my-own-id-0001"
    assert service.audited(reply)["reason"] == "bad-credentials"
    assert "correlation_id=my-own-id-0001" in service.log()


def test_f09_a_missing_keytab_does_not_start(realm: LabRealm, tmp_path: Path) -> None:
    done = serve(Setup((RealmEntry(realm.name, (realm.kdc,), tmp_path / "missing.keytab"),)).write(tmp_path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "missing.keytab is not there" in line


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_f09_a_keytab_that_others_can_read_does_not_start(realm: LabRealm, tmp_path: Path, mode: int) -> None:
    keytab = tmp_path / "open.keytab"
    keytab.write_bytes(realm.keytab("HTTP/localhost").read_bytes())
    keytab.chmod(mode)
    done = serve(Setup((RealmEntry(realm.name, (realm.kdc,), keytab),)).write(tmp_path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"mode {mode:04o}" in line


def test_f09_bad_options_do_not_start_and_are_all_named(realm: LabRealm, tmp_path: Path) -> None:
    setup = Setup((entry(realm, settings="deadlin = 3"),), server="workerz = 2", extra='[messages]\nlanguages = ["xx"]')
    done = serve(setup.write(tmp_path))
    assert done.returncode == 2
    for key in ("workerz", "deadlin", "languages"):
        assert key in done.stderr


def test_f09_several_domains_that_do_not_say_what_they_are_called_do_not_start(
    realm: LabRealm, other_realm: LabRealm, tmp_path: Path
) -> None:
    config = Setup((entry(realm, names='otherwise = "refuse"'), entry(other_realm, names='otherwise = "refuse"'))).write(tmp_path)
    config.write_text(config.read_text().replace('kind = "mit"', 'kind = "ad"'))
    done = serve(config)
    assert done.returncode == 2
    assert done.stderr.count("domain_sid: is missing, and there are several realms of kind ad") == 2


def test_f09_a_taken_port_does_not_start(service: RunningService, realm: LabRealm, tmp_path: Path) -> None:
    config = Setup((entry(realm),)).write(tmp_path)
    config.write_text(config.read_text().replace("127.0.0.1:0", service.url.removeprefix("http://")))
    done = serve(config)
    assert done.returncode == 2
    assert "cannot listen on" in done.stderr


def test_nothing_of_the_machines_kerberos_settings_is_used(realm: LabRealm, start: Start, tmp_path: Path) -> None:
    trace, hostile = tmp_path / "trace", tmp_path / "hostile.conf"
    hostile.write_text("[libdefaults]\n default_realm = EVIL.TEST\n permitted_enctypes = arcfour-hmac\n")
    service = start(
        Setup((entry(realm, settings="default = true"),)),
        KRB5_CONFIG=str(hostile), KRB5_TRACE=str(trace), KRB5_KTNAME=f"FILE:{hostile}", KRB5CCNAME=f"FILE:{hostile}",
        KRB5RCACHENAME="none:", GSS_MECH_CONFIG=str(hostile),
    )  # fmt: skip
    assert service.login("jdoe", CANARY, application=None).status_code == 200
    (ticket,) = make_tokens(realm.kinit("jdoe", CANARY, tmp_path / "ccache"), "HTTP/localhost@KA.TEST")
    assert service.sso(ticket, application=None).status_code == 200
    assert not trace.exists()
    assert (service.folder / "run" / "replay.rcache2").exists()


def test_the_adapter_none_is_said_loudly_at_start(realm: LabRealm, start: Start) -> None:
    (line,) = [line for line in start(Setup((entry(realm),))).log().splitlines() if "WARNING" in line]
    assert "none" in line


def test_a_private_runtime_folder_is_removed_at_the_end(realm: LabRealm, start: Start, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    service = start(Setup((entry(realm),), runtime=""), TMPDIR=str(tmp_path / "tmp"))
    assert service.stop() == 0
    assert list((tmp_path / "tmp").iterdir()) == []
