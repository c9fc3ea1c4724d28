import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import krb5
import pytest

from kerbauth.kdc.runtime import KerberosRuntime, RuntimeFolderError, reseed


def test_a_folder_of_our_own_is_private_and_removed_at_the_end() -> None:
    runtime = KerberosRuntime.open(None)
    assert runtime.folder.stat().st_mode & 0o777 == 0o700
    runtime.close()
    assert not runtime.folder.exists()


def test_a_given_folder_is_made_private_and_kept(tmp_path: Path) -> None:
    runtime = KerberosRuntime.open(tmp_path / "run")
    assert runtime.folder.stat().st_mode & 0o777 == 0o700
    runtime.close()
    assert runtime.folder.exists()


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(RuntimeFolderError, match="nobody else can write"):
        KerberosRuntime.open(tmp_path)


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(RuntimeFolderError, match="must be a folder"):
        KerberosRuntime.open(tmp_path / "link")


def test_a_folder_that_another_service_uses_is_refused_until_that_is_gone(tmp_path: Path) -> None:
    first = KerberosRuntime.open(tmp_path)
    with pytest.raises(RuntimeFolderError, match="belongs to a kerbauth service that runs"):
        KerberosRuntime.open(tmp_path)
    first.close()
    KerberosRuntime.open(tmp_path).close()


def test_a_forked_process_does_not_keep_its_parents_folder(tmp_path: Path) -> None:
    runtime = KerberosRuntime.open(tmp_path)
    (reading, writing), (hearing, telling) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        runtime.leave_to_parent()
        os.close(writing)
        os.write(telling, b"left")
        os.read(reading, 1)  # until the test ends
        os._exit(0)
    assert os.read(hearing, 4) == b"left"
    runtime.close()
    KerberosRuntime.open(tmp_path).close()
    os.close(writing)
    os.waitpid(pid, 0)
    for each in (reading, hearing, telling):
        os.close(each)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFolderError, match="cannot be made"):
        KerberosRuntime.open(tmp_path / "missing" / "run")


def test_a_folder_that_vanished_cannot_be_written(tmp_path: Path) -> None:
    runtime = KerberosRuntime.open(tmp_path / "run")
    (tmp_path / "run").rmdir()
    with pytest.raises(RuntimeFolderError, match="cannot be written"):
        runtime.write_config()


def test_the_environment_names_nothing_of_the_machines(tmp_path: Path) -> None:
    runtime = KerberosRuntime.open(tmp_path)
    runtime.write_config()
    environment = runtime.environment()
    assert environment["KRB5_CONFIG"] == str(tmp_path / "krb5.conf")
    assert environment["SSSD_KRB5_LOCATOR_DISABLE"]
    assert environment["KRB5CCNAME"].startswith("MEMORY:")
    for name in ("KRB5_KTNAME", "KRB5_CLIENT_KTNAME"):
        assert not Path(environment[name].removeprefix("FILE:")).exists()
    assert Path(environment["GSS_MECH_CONFIG"]).read_text() == ""
    assert (tmp_path / "krb5.conf").stat().st_mode & 0o777 == 0o600


def test_activating_takes_away_what_would_trace_or_redirect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = KerberosRuntime(tmp_path, remove=False)
    for name in (*runtime.environment(), "KRB5_TRACE", "GSS_USE_PROXY"):
        monkeypatch.setenv(name, "/etc/somewhere")
    runtime.activate()
    assert "KRB5_TRACE" not in os.environ
    assert "GSS_USE_PROXY" not in os.environ
    assert os.environ["KRB5_CONFIG"] == str(tmp_path / "krb5.conf")


def test_only_preauthentication_plugins_are_offered(tmp_path: Path) -> None:
    runtime = KerberosRuntime.open(tmp_path)
    runtime.write_config()
    runtime.write_config()  # again, as at a restart in the same folder
    assert {path.name for path in (tmp_path / "plugins").iterdir()} <= {"preauth"}
    assert f"plugin_base_dir = {tmp_path / 'plugins'}" in (tmp_path / "krb5.conf").read_text()


def test_a_krb5_conf_that_is_right_is_left_alone_and_another_one_replaced(tmp_path: Path) -> None:
    runtime = KerberosRuntime.open(tmp_path / "run")
    runtime.write_config()
    config = runtime.folder / "krb5.conf"
    first, text = config.stat().st_ino, config.read_text()
    runtime.write_config()
    assert config.stat().st_ino == first
    config.write_text("[libdefaults]\n    dns_lookup_kdc = true\n")
    runtime.write_config()
    assert config.read_text() == text
    assert not list(runtime.folder.glob("krb5.conf.*"))


def test_libkrb5_takes_random_numbers_of_its_own_in_a_forked_process() -> None:
    krb5.init_context()  # it is loaded, as in a service
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(reseed)


def test_without_a_libkrb5_there_is_nothing_to_renew() -> None:
    alone = "from kerbauth.kdc.runtime import reseed; raise SystemExit(int(reseed()))"
    assert subprocess.run([sys.executable, "-c", alone], check=False).returncode == 0
