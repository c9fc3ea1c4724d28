"""A throw-away MIT realm: a real KDC in a temporary folder, gone when its program stops, however that ends."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from kerbauth.demo.ports import LISTEN, free_port, listens
from kerbauth.demo.principals import RealmDescription, client_configuration, creation

_ENTRY_POINT = Path(__file__).with_name("kdc.sh")
_POLL_SECONDS = 0.005
_TRIES_FOR_A_PORT = 5
_STOP_SECONDS = 10.0


class RealmError(Exception):
    """The realm could not be started; the message ends with what its KDC said."""


class _PortTakenError(RealmError):
    """Somebody else took the port between our choice and the KDC's start."""


class ThrowawayRealm:
    """Runs the realm of a description on a free loopback port, from `start` to `stop` or as a context manager.

    `command` takes the realm's folder as its last argument and the parameters of kdc.sh in its environment; the default runs
    kdc.sh here. `environment` is added to it. The KDC also ends when this process ends, even by SIGKILL: it watches a pipe that
    only this process holds. Passwords are on no command line and in no environment. Files in `folder` are readable by us only.
    """

    def __init__(
        self,
        description: RealmDescription,
        *,
        command: Sequence[str] = ("/bin/sh", str(_ENTRY_POINT)),
        environment: Mapping[str, str] | None = None,
        patience: float = 20.0,
    ) -> None:
        self.description = description
        self.environment = dict(environment or {})
        self._command = tuple(command)
        self._patience = patience
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self.port = 0
        self._kpasswd_port = self._kadmin_port = 0

    @property
    def name(self) -> str:
        """The realm's name."""
        return self.description.name

    @property
    def folder(self) -> Path:
        """The realm's folder. Raises RealmError when the realm was not started."""
        if self._folder is None:
            raise RealmError(f"realm {self.name} is not started")
        return self._folder

    @property
    def kdc(self) -> str:
        """The KDC's address, `host:port`, the same for UDP and TCP."""
        return f"{LISTEN}:{self.port}"

    @property
    def kpasswd(self) -> str:
        """The password-changing server's address, `host:port`, the same for UDP and TCP. Raises RealmError for a realm without one."""
        if not self.description.kpasswd:
            raise RealmError(f"realm {self.name} has no password-changing server")
        return f"{LISTEN}:{self._kpasswd_port}"

    @property
    def pid(self) -> int:
        """The process id of the command: the KDC itself, or what stands for it."""
        if self._child is None:
            raise RealmError(f"realm {self.name} is not started")
        return self._child.pid

    @property
    def log(self) -> Path:
        """The KDC's log."""
        return self.folder / "kdc.log"

    @property
    def kadmind_log(self) -> Path:
        """The log of the kadmind of now, where there is one."""
        return self.folder / "kadmind.log"

    @property
    def client_config(self) -> Path:
        """A krb5.conf for this realm's users; its credential cache is a file in the realm's folder."""
        return self.folder / "krb5.conf"

    def keytab(self, service: str) -> Path:
        """The keytab that holds `service`'s keys. Raises KeyError for a service that the description does not have."""
        files = {described.name: described.keytab for described in self.description.services}
        return self.folder / files[service]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Create the realm and return when its KDC answers. Raises RealmError, and then nothing is left behind."""
        if self._folder is not None:
            raise RealmError(f"realm {self.name} is started already")
        # Resolved, because a container and the KDC's own files name it by its one absolute path.
        self._folder = Path(tempfile.mkdtemp(prefix="kerbauth-realm-")).resolve()
        script = self._folder / "principals.kadmin"
        with contextlib.ExitStack() as undo:
            undo.callback(self.stop)
            script.touch(mode=0o600)
            script.write_text(creation(self.description, str(self._folder)), encoding="utf-8")
            self._launch_on_a_free_port()
            script.unlink()
            undo.pop_all()

    def stop(self) -> None:
        """Stop the KDC and remove the folder. Does nothing if that is done already."""
        self._halt()
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def restart(self) -> None:
        """Stop the KDC and start it on the same database and port, with `environment` as it is now. Raises RealmError."""
        self._halt()
        self._launch()

    def _launch_on_a_free_port(self) -> None:
        for remaining in reversed(range(_TRIES_FOR_A_PORT)):
            self.port, self._kpasswd_port, self._kadmin_port = free_port(), free_port(), free_port()
            try:
                return self._launch()
            except _PortTakenError:
                if not remaining:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _launch(self) -> None:
        kpasswd = self.kpasswd if self.description.kpasswd else ""
        self.client_config.write_text(client_configuration(self.description, self.kdc, self.folder / "ccache", kpasswd), encoding="utf-8")
        parameters = {
            "REALM": self.name,
            "LISTEN": LISTEN,
            "PORT": str(self.port),
            "LOCKOUT": "1" if self.description.lockout else "0",
            "STOP_WITH_STDIN": "1",
        }
        if self.description.kpasswd:
            parameters |= {"KPASSWD_PORT": str(self._kpasswd_port), "KADMIN_PORT": str(self._kadmin_port)}
        self.kadmind_log.unlink(missing_ok=True)
        logged = _size(self.log)
        with (self.folder / "start.log").open("wb") as output:
            # A process group of its own: control-C in a terminal is for us, and we stop the KDC when we are done with it.
            self._child = subprocess.Popen(  # noqa: S603 - our own script
                [*self._command, str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment, **parameters},
                process_group=0,
            )
        with contextlib.ExitStack() as undo:
            undo.callback(self._halt)
            self._await_answer(self._child, logged)
            undo.pop_all()

    def _await_answer(self, child: subprocess.Popen[bytes], logged: int) -> None:
        """Return when our KDC answers. A listener on the port is not enough, it might be somebody else's: the log must say so too."""
        deadline = time.monotonic() + self._patience
        while not (b"commencing operation" in _read_from(self.log, logged) and listens(self.port) and self._changes_passwords()):
            if child.poll() is not None:
                said = self._last_words(logged)
                error = _PortTakenError if "Address already in use" in said else RealmError
                raise error(f"the KDC of {self.name} ended with status {child.returncode}: {said}")
            if time.monotonic() > deadline:
                raise RealmError(f"the KDC of {self.name} did not answer within {self._patience:g} s: {self._last_words(logged)}")
            time.sleep(_POLL_SECONDS)

    def _changes_passwords(self) -> bool:
        """Whether our kadmind answers, if there is to be one. Raises RealmError where it cannot."""
        if not self.description.kpasswd:
            return True
        said = _read_from(self.kadmind_log, 0)
        if b"Address already in use" in said:
            raise _PortTakenError(f"the kadmind of {self.name} did not start: {self._last_words(0)}")
        return b"starting" in said and listens(self._kpasswd_port)

    def _last_words(self, logged: int) -> str:
        lines = (
            (_read_from(self.log, logged) + _read_from(self.kadmind_log, 0) + _read_from(self.folder / "start.log", 0))
            .decode(errors="replace")
            .splitlines()
        )
        return "\n  ".join(["", *lines[-8:]]) if lines else "(nothing)"

    def _halt(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()  # what kdc.sh waits for
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        ends = time.monotonic() + _STOP_SECONDS
        while self.description.kpasswd and listens(self._kpasswd_port) and time.monotonic() < ends:
            time.sleep(_POLL_SECONDS)  # kadmind ends by itself where the KDC was killed


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _read_from(file: Path, position: int) -> bytes:
    if not file.exists():
        return b""
    with file.open("rb") as stream:
        stream.seek(position)
        return stream.read()
