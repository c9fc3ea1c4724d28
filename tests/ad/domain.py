"""A real Active Directory domain controller for tests: Samba's, provisioned and started in a few seconds, on loopback only.

`samba -i` with a pipe on its stdin ends by itself when the pipe closes, so also when the tests die. Each domain has an address of its own
in 127/8, on which it has Kerberos' and LDAP's own ports (those of LDAP cannot be chosen). See README.md.
"""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Self

from tests.ad.addresses import Address
from tests.ad.attempts import WRONG_PASSWORD, Attempt, attempts_in
from tests.ad.configuration import FOLDERS, Place, client_conf, controller_conf
from tests.ad.directory import Directory
from tests.ad.keytabs import AES, copy_keys
from tests.ad.people import PASSWORD as PASSWORD  # noqa: PLC0414 -- tests take it from here
from tests.ad.people import People

ADMIN_PASSWORD = "Adm1n-Passw0rd!"
SERVICE_ACCOUNT = "svc-kerbauth"
_PORTS = (88, 389)
_ENVIRONMENT = {**os.environ, "TDB_NO_FSYNC": "1"}  # the databases go away with the tests, so they need not outlive the machine
_numbers = itertools.count(1)


class Domain(People):
    """A domain and its controller. `Domain(...)` provisions it; `start` runs it; as a context manager it ends and goes away.

    `lockout_threshold` wrong passwords lock an account until somebody unlocks it; 0: none do. With `tls` LDAP has its port 636, too, with a
    certificate that takes two seconds to make. With `template`, a folder that `save` wrote, the domain is a copy of that one.
    """

    def __init__(self, realm: str, netbios: str, *, lockout_threshold: int = 10, tls: bool = False, template: Path | None = None) -> None:
        self._open = contextlib.ExitStack()
        address = Address()
        self._open.callback(address.give_back)
        self.place = Place(realm, netbios, address.text)
        self.realm, self.netbios, self.dns, self.address = realm, netbios, self.place.dns, address.text
        self.folder = Path(tempfile.mkdtemp(prefix="kerbauth-ad-"))
        self.conf = self.folder / "smb.conf"
        self.log = self.folder / "dc.log"
        self.friends: tuple[Domain, ...] = ()
        self.lockout_threshold = lockout_threshold
        self._users = itertools.count(1)
        self._controller: subprocess.Popen[bytes] | None = None
        self._directory: Directory | None = None
        for name in FOLDERS:
            (self.folder / name).mkdir()
        self.conf.write_text(controller_conf(self.place, self.folder, tls=tls))
        self._making = subprocess.Popen(
            _copy(template, self.folder) if template is not None else self._provision(),
            env={**_ENVIRONMENT, "KRB5_CONFIG": str(self.client_config)},
            stdin=subprocess.DEVNULL,
            stdout=self._file("provision.log"),
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def kdc(self) -> str:
        return f"{self.address}:88"

    @property
    def controller_host(self) -> str:
        """The host name of the domain controller, as in its service principals."""
        return f"dc1.{self.dns}"

    @property
    def ca(self) -> Path:
        """The CA of the controller's certificate, once it has started with `tls`."""
        return self.folder / "private" / "tls" / "ca.pem"

    def provisioned(self) -> Self:
        """Wait until it is, and open the directory. Accounts can be made from then on."""
        assert self._making.wait(120) == 0, (self.folder / "provision.log").read_text()[-2000:]
        self._directory = Directory(self.conf, self.folder / "tool.log", _ENVIRONMENT)
        self.ask("policy", lockoutThreshold=str(self.lockout_threshold), minPwdAge="0", pwdHistoryLength="0")
        # Locked until unlocked, and counted over half an hour: no test meets an end of either.
        self.ask("policy", lockoutDuration="-9223372036854775808", lockOutObservationWindow="-18000000000")
        self._write_client_config()
        return self

    def save(self, folder: Path) -> None:
        """Keep the domain as it is as a template for others. Before it is started."""
        assert self._controller is None
        folder.mkdir(exist_ok=True)
        subprocess.run(_copy(self.folder, folder), check=True)

    def start(self) -> Self:
        """Run the domain controller and wait until it answers."""
        self.launch()
        return self.answering()

    def launch(self) -> None:
        """Run the domain controller."""
        assert self._controller is None
        self._controller = subprocess.Popen(
            ["samba", "-i", "--no-process-group", "-M", "single", "-s", str(self.conf), "--debug-stdout"],
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=self._file("dc.log"),
            stderr=subprocess.STDOUT,
        )

    def answering(self) -> Self:
        """Wait until the domain controller answers."""
        ends = time.monotonic() + 30
        for port in _PORTS:
            while True:
                assert self._controller is not None
                assert self._controller.poll() is None, self.log.read_text()[-2000:]
                try:
                    socket.create_connection((self.address, port), 1).close()
                except OSError:
                    assert time.monotonic() < ends, self.log.read_text()[-2000:]
                    time.sleep(0.02)  # polling another process
                else:
                    break
        return self

    def stop(self) -> None:
        """End the domain controller; `start` brings it back with its data."""
        if self._controller is not None:
            assert self._controller.stdin is not None
            self._controller.stdin.close()
            self._controller.wait(20)
            self._controller = None

    def close(self) -> None:
        self.stop()
        if self._making.poll() is None:
            self._making.kill()
            self._making.wait()
        if self._directory is not None:
            self._directory.close()
            self._directory = None
        self._open.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, request: str, *arguments: Any, **values: Any) -> Any:
        """Have the directory changed or read: see directory_tool.Directory. Fails the test if that fails."""
        assert self._directory is not None
        return self._directory.ask(request, *arguments, **values)

    def user(self, name: str = "", password: str = PASSWORD, **values: Any) -> str:
        """Make a user, of a fresh name if none is given; the sAMAccountName. `values` are attributes of the directory."""
        name = name or f"user{next(self._users):04}"
        self.ask("user", name, password, **values)
        return name

    def bad_passwords(self, user: str) -> int:
        """How many wrong passwords the domain has counted against a user since its last good one (badPwdCount)."""
        return int((self.ask("get", user, "badPwdCount") or ["0"])[0])

    def mark(self) -> int:
        """Where the controller's log ends now, as `since` for `attempts`."""
        return self.log.stat().st_size

    def attempts(self, since: int = 0) -> list[Attempt]:
        """What the controller decided, in order. Whoever has its answer finds it here."""
        return attempts_in(self.log, since)

    def wrong_passwords(self, user: str = "", since: int = 0) -> int:
        """How many wrong passwords the controller was sent (for one account)."""
        return sum(each.status == WRONG_PASSWORD and user in {"", each.account} for each in self.attempts(since))

    def sid(self, name: str) -> str:
        """The SID of a user, computer or group by sAMAccountName."""
        return str(self.ask("sid", name))

    @property
    def domain_sid(self) -> str:
        return str(self.ask("domain_sid"))

    def keytab(self, *principals: str, enctypes: frozenset[int] = AES, after: Path | None = None) -> Path:
        """A keytab with the present keys of service principals or accounts, of these enctypes alone, after all those of another keytab."""
        exported, kept = (self.folder / f"{kind}{next(_numbers)}.keytab" for kind in ("exported", "kept"))
        self.ask("keytab", str(exported), *principals)
        copy_keys(exported, kept, enctypes, after)
        exported.unlink()
        return kept

    def trust(self, other: "Domain") -> None:
        """Let both domains trust each other. Before either runs."""
        for one, two in ((self, other), (other, self)):
            one.ask("trust", two.dns, two.netbios, two.domain_sid, "Trust-Passw0rd!1")
        self.knows(other)

    def knows(self, other: "Domain") -> None:
        """Tell the people of both domains where the other is, as copies of domains that trust each other need it."""
        for one, two in ((self, other), (other, self)):
            one.friends = (*one.friends, two)
            one._write_client_config()

    def _provision(self) -> list[str]:
        options = [f"--realm={self.realm}", f"--domain={self.netbios}", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"]
        options += [f"--host-ip={self.address}", f"--adminpass={ADMIN_PASSWORD}"]
        return ["samba-tool", "domain", "provision", "-s", str(self.conf), *options]

    def _file(self, name: str) -> IO[bytes]:
        """A file that a process of the domain writes to."""
        return self._open.enter_context((self.folder / name).open("ab"))

    def _write_client_config(self) -> None:
        self.client_config.write_text(client_conf(self.place, [friend.place for friend in self.friends]))


def _copy(source: Path, target: Path) -> list[str]:
    """The command that copies a domain's data; its files are large and mostly empty."""
    return ["cp", "-a", "--sparse=always", *(str(source / name) for name in ("private", "state")), str(target)]
