"""Real KDCs for tests: what tests do to a realm while it runs, and what its log says."""

import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from kerbauth.demo.principals import RealmDescription, User, add_user, command, export_keys
from kerbauth.demo.realm import ThrowawayRealm
from tests.integration.kdc_log import Request, requests_in
from tests.integration.second_kdc import SecondKdc, paused
from tests.integration.secrets import made_tokens

CONTAINER = Path(__file__).parents[1] / "kdc" / "container.sh"
_PATH = os.environ["PATH"] + ":/usr/sbin"


class LabRealm(ThrowawayRealm):
    """A throw-away realm whose principals, keys and process tests change while it runs.

    The database is the same file for a KDC here and one in a container, so kadmin.local always runs here.
    """

    @classmethod
    def described(cls, description: RealmDescription, *, container: bool = False) -> "LabRealm":
        return cls(description, command=(str(CONTAINER),), patience=60) if container else cls(description)

    def kadmin(self, *commands: str) -> str:
        """Run kadmin.local commands; its output. Fails the test if kadmin.local complains."""
        environment = {
            **os.environ,
            "PATH": _PATH,
            "KRB5_CONFIG": str(self.folder / "kdc.krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "SS_READLINE_PATH": "none",
        }
        done = subprocess.run(
            ["kadmin.local", "-p", f"kadmin/admin@{self.name}"],
            input="".join(f"{line}\n" for line in commands).encode(),
            env=environment,
            capture_output=True,
            check=True,
        )
        complaints = [line for line in done.stderr.decode().splitlines() if not line.startswith("No policy specified")]
        assert not complaints, complaints
        return done.stdout.decode()

    def add(self, *users: User) -> None:
        self.kadmin(*(add_user(user) for user in users))

    def rekey(self, service: str) -> None:
        """Give a service a new key (and key version); the old one stays in the database only."""
        self.kadmin(command("change_password", "-randkey", service))

    def export(self, service: str, keytab: Path) -> Path:
        self.kadmin(export_keys(service, str(keytab)))
        keytab.chmod(0o600)
        return keytab

    def mark(self) -> int:
        return self.log.stat().st_size

    def requests(self, since: int = 0) -> list[Request]:
        """What the KDC was asked about users. Services look now and then whether it answers, with a question about themselves."""
        return [request for request in requests_in(self.log, since) if not request.rest.upper().startswith("HTTP/")]

    def failed_password_checks(self, since: int = 0, user: str = "") -> int:
        """How many wrong passwords the KDC counted (against one user)."""
        return sum(request.failed_check and request.rest.startswith(user) for request in self.requests(since))

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """A silent KDC: its port still accepts connections, and nothing answers."""
        with paused(*self._kdc_pids()):
            yield

    def kill(self) -> None:
        """End the KDC at once; its port refuses from then on. `restart` brings it back."""
        for pid in self._kdc_pids():
            os.kill(pid, signal.SIGKILL)
        assert self._child is not None
        self._child.wait(20)

    def second_kdc(self) -> SecondKdc:
        """A context manager: a further KDC on our database, with a port and a log of its own, as a process whatever runs the first."""
        return SecondKdc(self.folder)

    def _kdc_pids(self) -> list[int]:
        """The processes whose KDC writes our log, in this container or that: all are in the machine's process table."""
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                name, files = (process / "comm").read_text().strip(), process / "fd"
                if name == "krb5kdc" and any(str(self.log) == str(file.readlink()) for file in files.iterdir()):
                    found.append(int(process.name))
        assert found, "no KDC runs"
        return found

    def client_environment(self, ccache: Path) -> dict[str, str]:
        """What a user's programs need to use this realm with a credential cache of their own."""
        return {**os.environ, "KRB5_CONFIG": str(self.client_config), "KRB5CCNAME": f"FILE:{ccache}"}

    def kinit(self, user: str, password: str, ccache: Path, *options: str, **more: str) -> dict[str, str]:
        """Get a ticket as a user would, and the environment to use it in."""
        environment = {**self.client_environment(ccache), **more}
        done = subprocess.run(
            ["kinit", *options, f"{user}@{self.name}"], input=password.encode() + b"\n", env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return environment


# A SPNEGO (or raw Kerberos) token made in a process of its own, as a client of its own realm and clock would make it.
_MAKE_TOKENS = """
import base64, sys
import gssapi
from gssapi import raw
service, mech, count, binding, flags, signed = sys.argv[1], sys.argv[2], int(sys.argv[3]), *map(bytes.fromhex, sys.argv[4:7])
mech = gssapi.MechType.kerberos if mech == "krb5" else gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
target = raw.import_name(service.encode(), gssapi.NameType.kerberos_principal)
channel = raw.ChannelBindings(application_data=binding) if binding else None
flags = [raw.RequirementFlag[name] for name in flags.decode().split()] or None
for _ in range(count):
    made = raw.init_sec_context(target, mech=mech, channel_bindings=channel, flags=flags)
    print(base64.b64encode(made.token).decode())
    if signed:
        print(base64.b64encode(raw.get_mic(made.context, signed)).decode())
"""


def make_tokens(
    environment: dict[str, str], service: str, *, mech: str = "spnego", count: int = 1, binding: bytes = b"", flags: str = ""
) -> list[bytes]:
    """Tokens for a service, bound to the channel with this application data if there is any.

    `flags` are names of RequirementFlag with blanks between them; none means what gssapi asks for by itself, mutual authentication.
    """
    tokens = _made(environment, service, mech, str(count), binding.hex(), flags.encode().hex(), "")
    made_tokens.extend(tokens[:2])  # of one ticket: more of them would only make the search at the end of the run longer
    return tokens


def signed_token(environment: dict[str, str], service: str, signed: bytes) -> tuple[bytes, bytes]:
    """A raw Kerberos token, and a checksum over `signed` that is made in its security context before that is complete."""
    token, mic = _made(environment, service, "krb5", "1", "", b"integrity".hex(), signed.hex())
    made_tokens.append(token)
    return token, mic


def _made(environment: dict[str, str], *arguments: str) -> list[bytes]:
    done = subprocess.run([sys.executable, "-c", _MAKE_TOKENS, *arguments], env=environment, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return [base64.b64decode(line) for line in done.stdout.splitlines()]


def faketime_library() -> str:
    """libfaketime's file, wherever the architecture puts it."""
    listed = subprocess.run(["dpkg-query", "-L", "libfaketime"], capture_output=True, check=True, text=True).stdout.splitlines()
    return next(path for path in listed if path.endswith("/libfaketime.so.1"))


def shifted(offset: str) -> dict[str, str]:
    """Environment that shifts a process's clock, e.g. by "+20m"."""
    return {"LD_PRELOAD": faketime_library(), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@contextlib.contextmanager
def silent_server() -> Iterator[tuple[str, list[bytes]]]:
    """A KDC address that takes connections and datagrams, keeps what it is sent, and never answers."""
    received: list[bytes] = []
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.settimeout(0.05)
        kept: list[socket.socket] = []

        def serve() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    kept.append(connection)
                    connection.settimeout(0.05)
                    with contextlib.suppress(TimeoutError, OSError):
                        received.append(connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", received
        finally:
            stop.set()
            thread.join()
            for connection in kept:
                connection.close()


def curl(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "30", *arguments], env=environment, capture_output=True, check=False, text=True
    )
