"""The unit files, as systemd itself reads them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerbauth.settings import ServerSettings

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
EXPOSURE = 1.5
"""systemd-analyze rates a unit from 0 (nothing can be reached) to 10; below 2 it says OK."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with a command and a user that are here: what is not installed would be a complaint of its own."""
    for unit in UNITS.iterdir():
        text = (
            unit.read_text()
            .replace("/opt/kerbauth/bin/kerbauth", sys.executable)
            .replace("=kerbauth\nGroup=kerbauth", "=daemon\nGroup=daemon")
        )
        (tmp_path / unit.name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", ["kerbauth.service", "kerbauth.socket"])
def test_systemd_finds_nothing_wrong_with_a_unit(installed: Path, name: str) -> None:
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(installed / name)], capture_output=True, text=True, check=False)
    about_ours = [line for line in (done.stdout + done.stderr).splitlines() if "kerbauth" in line]
    assert (done.returncode, about_ours) == (0, []), done.stderr


def test_systemd_rates_the_service_as_hardened() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / "kerbauth.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rated = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert rated, done.stdout + done.stderr
    assert float(rated[1]) <= EXPOSURE, done.stdout


def test_the_stop_time_is_longer_than_the_drain() -> None:
    text = (UNITS / "kerbauth.service").read_text()
    stop = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert stop
    assert int(stop[1]) >= ServerSettings().drain + 10  # the supervisor gives a worker five seconds on top, and needs a moment itself
