"""A real Active Directory domain controller for tests: Samba's, provisioned and started in a few seconds, on loopback only.

`samba -i` with a pipe on its stdin ends by itself when the pipe closes, so also when the tests die. Each domain has an address of its own
in 127/8, on which it has Kerberos' and LDAP's own ports (those of LDAP cannot be chosen).
"""

import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Self

import krb5

from tests.integration.kdc import make_tokens

ADMIN_PASSWORD = "Adm1n-Passw0rd!"
PASSWORD = "canary-K9-Passw0rd"
SERVICE_ACCOUNT = "svc-kerbauth"
AES = {17, 18}
_TOOL = Path(__file__).with_name("directory_tool.py")
_numbers = itertools.count(1)

_CONF = """[global]
netbios name = DC1
realm = {realm}
workgroup = {netbios}
server role = active directory domain controller
# Loopback only; without the /8 Samba finds no interface.
interfaces = {address}/8
bind interfaces only = yes
disable netbios = yes
server services = ldap, cldap, kdc
tls enabled = no
dns update command = /bin/true
log level = 1 auth_json_audit:3
auth event notification = no
private dir = {folder}/private
state directory = {folder}/state
lock directory = {folder}/lock
cache directory = {folder}/cache
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
ntp signd socket directory = {folder}/run/ntp_signd
winbindd socket directory = {folder}/run/winbindd
binddns dir = {folder}/bind-dns
log file = {folder}/log/log.%m
load printers = no
printing = bsd
printcap name = /dev/null
[sysvol]
path = {folder}/state/sysvol
read only = no
[netlogon]
path = {folder}/state/sysvol/{dns}/scripts
read only = no
"""

_CLIENT_CONF = """[libdefaults]
default_realm = {realm}
dns_lookup_realm = false
dns_lookup_kdc = false
dns_uri_lookup = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
forwardable = true
[realms]
{realms}
[domain_realm]
{hosts}
"""


class Domain:
    """A domain and its controller. `Domain(...)` provisions it; `start` runs it; as a context manager it ends and goes away."""

    def __init__(self, realm: str, netbios: str) -> None:
        self.realm, self.netbios, self.dns = realm, netbios, realm.lower()
        self._open = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="kerbauth-ad-"))
        self.address = free_address()
        self.conf = self.folder / "smb.conf"
        self.log = self.folder / "dc.log"
        self.friends: tuple[Domain, ...] = ()
        self._users = itertools.count(1)
        self._controller: subprocess.Popen[bytes] | None = None
        self._tool: subprocess.Popen[str] | None = None
        for name in ("private", "state", "lock", "cache", "run", "log", "bind-dns"):
            (self.folder / name).mkdir()
        self.conf.write_text(_CONF.format(realm=realm, netbios=netbios, address=self.address, folder=self.folder, dns=self.dns))
        self._provisioning = subprocess.Popen(
            [
                *("samba-tool", "domain", "provision", "-s", str(self.conf), f"--realm={realm}", f"--domain={netbios}", "--server-role=dc"),
                *("--dns-backend=NONE", "--host-name=dc1", f"--host-ip={self.address}", f"--adminpass={ADMIN_PASSWORD}"),
            ],
            env={**os.environ, "KRB5_CONFIG": str(self.client_config)},
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
    def host(self) -> str:
        """The host name of our service in this domain."""
        return f"kerbauth.{self.dns}"

    @property
    def client_config(self) -> Path:
        """The krb5.conf of this domain's people; written by `provisioned`, and again by `trust`."""
        return self.folder / "client.krb5.conf"

    def provisioned(self) -> Self:
        """Wait until it is, and open the directory. Accounts can be made from then on."""
        assert self._provisioning.wait(60) == 0, (self.folder / "provision.log").read_text()[-2000:]
        self._tool = subprocess.Popen(
            ["/usr/bin/python3", str(_TOOL), str(self.conf)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file("tool.log"),
            text=True,
        )
        self.ask("policy", lockoutThreshold="10", lockoutDuration="-9223372036854775808", lockOutObservationWindow="-18000000000")
        self.ask("policy", minPwdAge="0", pwdHistoryLength="0")
        self._write_client_config()
        return self

    def start(self) -> Self:
        """Run the domain controller and wait until it answers."""
        self._controller = subprocess.Popen(
            ["samba", "-i", "--no-process-group", "-M", "single", "-s", str(self.conf), "--debug-stdout"],
            stdin=subprocess.PIPE,
            stdout=self._file("dc.log"),
            stderr=subprocess.STDOUT,
        )
        for port in (88, 389):
            self._answers(port)
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
        if self._provisioning.poll() is None:
            self._provisioning.kill()
            self._provisioning.wait()
        if self._tool is not None:
            assert self._tool.stdin is not None
            assert self._tool.stdout is not None
            self._tool.stdin.close()
            self._tool.wait(20)
            self._tool.stdout.close()
            self._tool = None
        self._open.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, request: str, *arguments: Any, **values: Any) -> Any:
        """Have the directory changed or read: see directory_tool.Directory. Fails the test if that fails."""
        assert self._tool is not None
        assert self._tool.stdin is not None
        assert self._tool.stdout is not None
        self._tool.stdin.write(json.dumps([request, arguments, values]) + "\n")
        self._tool.stdin.flush()
        reply = json.loads(self._tool.stdout.readline())
        assert "error" not in reply, reply["error"]
        return reply["value"]

    def user(self, name: str = "", password: str = PASSWORD, **values: Any) -> str:
        """Make a user, of a fresh name if none is given; the sAMAccountName. `values` are attributes of the directory."""
        name = name or f"user{next(self._users):04}"
        self.ask("user", name, password, **values)
        return name

    def bad_passwords(self, user: str) -> int:
        """How many wrong passwords the domain has counted against a user since its last good one."""
        return int((self.ask("get", user, "badPwdCount") or ["0"])[0])

    def sid(self, name: str) -> str:
        return str(self.ask("sid", name))

    @property
    def domain_sid(self) -> str:
        return str(self.ask("domain_sid"))

    def keytab(self, *principals: str, enctypes: set[int] = AES) -> Path:
        """A keytab with the keys of service principals or accounts, of these enctypes alone."""
        exported, kept = (self.folder / f"{kind}{next(_numbers)}.keytab" for kind in ("exported", "kept"))
        self.ask("keytab", str(exported), *principals)
        context = krb5.init_context()
        target = krb5.kt_resolve(context, str(kept).encode())
        for entry in krb5.kt_resolve(context, str(exported).encode()):
            if entry.key.enctype in enctypes:
                krb5.kt_add_entry(context, target, entry.principal, entry.kvno, entry.timestamp, entry.key)
        exported.unlink()
        kept.chmod(0o600)
        return kept

    def trust(self, other: "Domain") -> None:
        """Let both domains trust each other. Before either runs."""
        for one, two in ((self, other), (other, self)):
            one.ask("trust", two.dns, two.netbios, two.domain_sid, "Trust-Passw0rd!1")
            one.friends = (*one.friends, two)
            one._write_client_config()

    def environment(self, ccache: Path) -> dict[str, str]:
        """What a user's programs need to use this domain with a credential cache of their own."""
        return {**os.environ, "KRB5_CONFIG": str(self.client_config), "KRB5CCNAME": f"FILE:{ccache}"}

    def kinit(self, user: str, ccache: Path, *options: str, password: str = PASSWORD) -> dict[str, str]:
        """Get a ticket as a user would, and the environment to use it in. `user` may say its realm."""
        environment = self.environment(ccache)
        done = subprocess.run(["kinit", *options, user], input=f"{password}\n".encode(), env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return environment

    def token(self, user: str, ccache: Path, *options: str, service: str = "", password: str = PASSWORD) -> bytes:
        """A SPNEGO token of a user for our service here."""
        environment = self.kinit(user, ccache, *options, password=password)
        return make_tokens(environment, service or f"HTTP/{self.host}@{self.realm}")[0]

    def _file(self, name: str) -> IO[bytes]:
        """A file that a process of the domain writes to."""
        return self._open.enter_context((self.folder / name).open("ab"))

    def _write_client_config(self) -> None:
        known = (self, *self.friends)
        names = [(name, each) for each in known for name in (each.realm, each.dns, each.netbios)]  # all three are typed behind an @
        realms = "".join(f"{name} = {{\nkdc = {each.kdc}\nkpasswd_server = {each.address}:464\n}}\n" for name, each in names)
        hosts = "".join(f".{each.dns} = {each.realm}\n{each.dns} = {each.realm}\n" for each in known)
        self.client_config.write_text(_CLIENT_CONF.format(realm=self.realm, realms=realms, hosts=hosts))

    def _answers(self, port: int) -> None:
        ends = time.monotonic() + 30
        while True:
            assert self._controller is not None
            assert self._controller.poll() is None, self.log.read_text()[-2000:]
            try:
                socket.create_connection((self.address, port), 1).close()
            except OSError:
                assert time.monotonic() < ends, self.log.read_text()[-2000:]
                time.sleep(0.02)
            else:
                return


def free_address() -> str:
    """An address of 127/8 that no other domain controller uses, of this run or another."""
    start = os.getpid()
    for number in range(20_000):
        a, b = divmod(start * 7 + next(_numbers) + number, 250)
        address = f"127.{100 + a // 250 % 100}.{a % 250}.{b + 2}"
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, 88))
            except OSError:
                continue
        return address
    msg = "no free address in 127/8"
    raise RuntimeError(msg)
