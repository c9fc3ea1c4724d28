"""A further KDC on a realm's database, as a realm has for when the first fails."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from kerbauth.demo.realm import LISTEN, free_port

_PATIENCE = 20.0


class SecondKdc:
    """Another krb5kdc process on the database in `folder`, on a port and with a log of its own; a context manager.

    It reads the database that the first KDC's programs write: the files are locked for each access (kdb5's db2 module).
    """

    def __init__(self, folder: Path, changes: Mapping[str, str] = MappingProxyType({})) -> None:
        """`changes` are made to the first KDC's configuration: what is replaced by what."""
        self._folder = folder
        self._changes = changes
        self._child: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.log = folder / "second.log"

    @property
    def kdc(self) -> str:
        """The KDC's address, `host:port`, the same for UDP and TCP."""
        return f"{LISTEN}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._child is not None, "the second KDC does not run"
        return self._child.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._child is not None:
            self.kill()

    def start(self) -> None:
        """Start it, on the same port if it ran before, and return when it listens."""
        profile, configuration = self._folder / "second.kdc.conf", self._folder / "second.krb5.conf"
        first = (self._folder / "kdc.conf").read_text()
        (port,) = {line.rpartition(":")[2] for line in first.splitlines() if "kdc_listen = " in line}
        for own, text in ((profile, first), (configuration, (self._folder / "kdc.krb5.conf").read_text())):
            own.write_text(replaced(text, {f"{LISTEN}:{port}": self.kdc, "/kdc.log": f"/{self.log.name}", **self._changes}))
        self.log.touch(mode=0o600)
        logged = self.log.stat().st_size
        environment = {
            **os.environ,
            "PATH": os.environ["PATH"] + ":/usr/sbin",
            "KRB5_CONFIG": str(configuration),
            "KRB5_KDC_PROFILE": str(profile),
            "LC_ALL": "C",
        }
        # It ends with the thread that started it, however that ends: prctl(2), PR_SET_PDEATHSIG.
        command = ["setpriv", "--pdeathsig", "KILL", "krb5kdc", "-n"]
        with (self._folder / "second.start.log").open("wb") as output:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        ends = time.monotonic() + _PATIENCE
        while b"commencing operation" not in self.log.read_bytes()[logged:]:
            assert self._child.poll() is None, self.log.read_text()
            assert time.monotonic() < ends, self.log.read_text()
            time.sleep(0.005)  # polling a file another process writes

    def kill(self) -> None:
        """End it at once; its port refuses from then on."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._child is not None
        self._child.wait()
        self._child = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """It is silent: its port still accepts connections, and nothing answers."""
        with paused(self.pid):
            yield


def replaced(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def paused(*pids: int) -> Iterator[None]:
    """Processes stand still meanwhile. One that was killed meanwhile stays so."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        while any(state(pid) != "T" for pid in pids):
            pass  # a running process stops only when it is scheduled next
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def state(pid: int) -> str:
    """A process's state, e.g. T for stopped: proc(5), field 3 of stat."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
