"""What a hardened process gives up, as others see it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kerbauth.process.hardening import resident_bytes

NOBODY = 65534
ROOT = Path(__file__).parents[2]

# Says when it is ready, and waits to be told to end.
_HARDENED = """
import sys
from kerbauth.process.hardening import harden, resident_bytes
harden()
secret = "canary-in-memory"
print(resident_bytes() > 0, flush=True)
sys.stdin.readline()
"""


def as_nobody(*command: str) -> list[str]:
    """The command as an unprivileged user: only root can become one."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


@contextmanager
def hardened(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A hardened process of an unprivileged user, in a folder in which it could leave a core file."""
    folder.chmod(0o777)
    process = subprocess.Popen(
        as_nobody(sys.executable, "-c", _HARDENED),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_no_core_file_is_allowed_or_left(tmp_path: Path) -> None:
    with hardened(tmp_path) as process:
        (limit,) = [line for line in Path(f"/proc/{process.pid}/limits").read_text().splitlines() if "core file size" in line]
        assert limit.split()[4:6] == ["0", "0"]
        process.send_signal(signal.SIGABRT)
        assert process.wait(10) == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["mem", "environ", "fd/0", "maps"])
def test_another_process_of_the_same_user_cannot_look_in(tmp_path: Path, file: str) -> None:
    with hardened(tmp_path) as process:
        look = f"open('/proc/{process.pid}/{file}', 'rb').read(1)"
        done = subprocess.run(as_nobody(sys.executable, "-c", look), capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode != 0
        assert "PermissionError" in done.stderr


def test_a_process_that_is_not_hardened_can_be_looked_into(tmp_path: Path) -> None:
    """What the test above would not notice if it could not see anything anyhow."""
    tmp_path.chmod(0o777)
    process = subprocess.Popen(as_nobody("sleep", "60"), cwd="/")
    try:
        look = f"open('/proc/{process.pid}/environ', 'rb').read(1)"
        assert subprocess.run(as_nobody(sys.executable, "-c", look), check=False, cwd="/").returncode == 0
    finally:
        process.kill()
        process.wait(10)


def test_no_new_privileges_can_be_gained(tmp_path: Path) -> None:
    with hardened(tmp_path) as process:
        assert "NoNewPrivs:\t1" in Path(f"/proc/{process.pid}/status").read_text()


def test_the_memory_held_is_about_what_the_kernel_says() -> None:
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    assert abs(resident_bytes() / 1024 - int(line.split()[1])) < 20_000
