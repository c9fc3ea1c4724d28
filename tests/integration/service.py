"""Running the real service for a test: its configuration, its process, its answers, and everything it wrote."""

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

TOKEN = "integration-test-token-" + "0" * 32
IDENTITY_TOKEN = "identity-only-token-----" + "0" * 32
FIXED_TOKEN = "fixed-application-token-" + "0" * 32

ALICE_MAY = """
[[persons]]
user = "{user}"
[[applications]]
name = "desktop"
type = "agent-desktop"
[[grants]]
application = "desktop"
user = "{user}"
permissions = ["read", "execute"]
"""


@dataclass(frozen=True)
class RealmEntry:
    """One realm of a configuration."""

    name: str
    kdcs: tuple[str, ...]
    keytab: Path
    service: str = "HTTP/localhost"
    settings: str = ""
    names: str = ""
    kind: str = "mit"

    def toml(self) -> str:
        kdcs = ", ".join(f'"{kdc}"' for kdc in self.kdcs)
        return (
            f'[realms."{self.name}"]\nkind = "{self.kind}"\nkdcs = [{kdcs}]\n'
            f'keytab = "{self.keytab}"\nservice = "{self.service}"\n{self.settings}\n'
            f'[realms."{self.name}".names]\n{self.names}\n'
        )


# Most tests ask with wrong passwords on purpose, and all of them from one address: everything is counted, and no limit is reached.
COUNTS_BUT_HOLDS_NOBODY = "account_failures = 1000\npause = 0.0\nsource_failures = 0\noverall_failures = 0\nrepeat_seconds = 0.0"


@dataclass(frozen=True)
class Setup:
    """A whole configuration."""

    realms: tuple[RealmEntry, ...]
    permissions: str = ""  # the static file; empty: adapter none
    server: str = ""
    extra: str = ""
    adapter: str = ""  # instead of the static adapter: the body of [permissions]
    runtime: str = 'runtime_directory = "run"'
    throttle: str = COUNTS_BUT_HOLDS_NOBODY

    def write(self, folder: Path) -> Path:
        for name, token in (("trusted", TOKEN), ("identity", IDENTITY_TOKEN), ("fixed", FIXED_TOKEN)):
            (folder / f"{name}.token").touch(mode=0o600)
            (folder / f"{name}.token").write_text(token + "\n")
        adapter = self.adapter or 'adapter = "none"'
        if self.permissions:
            (folder / "permissions.toml").write_text(self.permissions)
            adapter = 'adapter = "static"\nfile = "permissions.toml"'
        config = folder / "kerbauth.toml"
        config.write_text(
            f'[server]\nlisten = "127.0.0.1:0"\n{self.runtime}\n{self.server}\n'
            + "\n".join(realm.toml() for realm in self.realms)
            + f"\n[permissions]\n{adapter}\n"
            '[clients."trusted"]\ntoken_file = "trusted.token"\ndisclosure = "full"\n'
            '[clients."identity"]\ntoken_file = "identity.token"\nidentity_only = true\n'
            '[clients."fixed"]\ntoken_file = "fixed.token"\napplication = "desktop"\n'
            f"[throttle]\n{self.throttle}\n"
            f"{self.extra}\n"
        )
        return config


@dataclass
class RunningService:
    """The service as a process. Its log, audit and every reply stay in `folder`."""

    folder: Path
    setup: Setup
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    process: subprocess.Popen[bytes] | None = None
    wrapper: tuple[str, ...] = ()  # what runs the command, as another user for example; it must become it (exec)
    passed: tuple[int, ...] = ()  # descriptors to leave open
    session: requests.Session = field(default_factory=requests.Session)
    trusted: str = ""  # the CA that a service with TLS is checked with

    @property
    def log_file(self) -> Path:
        return self.folder / "service.log"

    @property
    def replies(self) -> Path:
        return self.folder / "replies.log"

    def start(self) -> "RunningService":
        config = self.setup.write(self.folder)
        return self.run(config)

    def run(self, config: Path) -> "RunningService":
        """Start it with a configuration that is written already."""
        command = [*self.wrapper, sys.executable, "-m", "kerbauth", "serve", "--config", str(config)]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **self.environment}, pass_fds=self.passed)
        ends = time.monotonic() + 30
        while not self.url:
            self.url = next(iter(re.findall(r"https?://127\.0\.0\.1:\d+", self.log_file.read_text())), "")
            if self.process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"the service did not start:\n{self.log_file.read_text()}")
            time.sleep(0.02)  # polling a file another process writes
        return self

    @property
    def config(self) -> Path:
        return self.folder / "kerbauth.toml"

    def reloads(self) -> int:
        """How many reloads have come to an end, well or not."""
        return len(re.findall(r"INFO kerbauth: reloaded: |ERROR kerbauth: the new configuration is refused", self.log()))

    def reload(self) -> str:
        """Send SIGHUP and wait until it is through; what was logged meanwhile."""
        assert self.process is not None
        before, logged = self.reloads(), len(self.log())
        self.process.send_signal(signal.SIGHUP)
        ends = time.monotonic() + 20
        while self.reloads() == before:
            assert time.monotonic() < ends, self.log()[logged:]
            time.sleep(0.005)  # polling a file another process writes
        return self.log()[logged:]

    def configure(self, old: str, new: str) -> str:
        """Change the configuration file, as an editor does, and reload; what was logged."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))
        return self.reload()

    def stop(self) -> int:
        assert self.process is not None
        self._look_around(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(40)
        self.session.close()
        return status

    def _look_around(self, pid: int) -> None:
        """Keep what else could tell a secret, for the search at the end of the run: metrics, command lines, environments."""
        with contextlib.suppress(requests.RequestException):
            (self.folder / "metrics.log").write_bytes(requests.get(self.url + "/metrics", timeout=5).content)
        with (self.folder / "processes.log").open("ab") as file:
            for process in (pid, *children(pid)):
                for name in ("cmdline", "environ", "comm"):
                    with contextlib.suppress(OSError):
                        file.write(Path(f"/proc/{process}/{name}").read_bytes() + b"\n")

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        reply = self.session.request(method, self.url + path, timeout=60, **({"verify": self.trusted} if self.trusted else {}), **arguments)
        with self.replies.open("a") as file:
            file.write(f"{reply.status_code} {dict(reply.headers)} {reply.text}\n")
        return reply

    def login(
        self,
        username: str,
        password: str,
        application: str | None = "desktop",
        *,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> requests.Response:
        body = {"username": username, "password": password, **({"application": application} if application else {}), **more}
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return self.request("POST", "/v1/login", json=body, headers={**authorization, **(headers or {})})

    def change_password(self, username: str, old: str, new: str, *, token: str | None = TOKEN) -> requests.Response:
        body = {"username": username, "old_password": old, "new_password": new}
        return self.request("POST", "/v1/password", json=body, headers={"Authorization": f"Bearer {token}"} if token else {})

    def sso(self, token: bytes | None = None, application: str | None = "desktop", **arguments: Any) -> requests.Response:
        headers = {"Authorization": "Negotiate " + base64.b64encode(token).decode()} if token is not None else {}
        query = f"?application={application}" if application else ""
        return self.request("GET", f"/v1/sso{query}", headers={**headers, **arguments.pop("headers", {})}, **arguments)

    def audit(self) -> list[dict[str, Any]]:
        """The records of attempts; anchors are none."""
        file = self.folder / "audit.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if line["kind"] != "anchor"]

    def audited(self, reply: requests.Response) -> dict[str, Any]:
        """The one audit record of a reply."""
        (record,) = [record for record in self.audit() if record["correlation_id"] == reply.headers["X-Correlation-ID"]]
        return record

    def log(self) -> str:
        return self.log_file.read_text()


def children(pid: int) -> list[int]:
    """The child processes of a process: proc(5), children."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def persons_with_desktop(users: Iterable[str], *, disabled: Iterable[str] = (), without: Iterable[str] = ()) -> str:
    """A permission file in which each of `users` has read and execute on `desktop`; the others are persons without a grant."""
    lines = []
    for user in (*users, *disabled, *without):
        lines += ["[[persons]]", f"user = {json.dumps(user)}"]
        lines += ["enabled = false"] if user in set(disabled) else []
    granted = ", ".join(json.dumps(user) for user in (*users, *disabled))
    return "\n".join(lines) + (
        '\n[[applications]]\nname = "desktop"\ntype = "agent-desktop"\n[[applications]]\nname = "closed"\nenabled = false\n'
        f'[[access_groups]]\nname = "agents"\nmembers = [{granted}]\n'
        '[[grants]]\napplication = "desktop"\ngroup = "agents"\npermissions = ["read", "execute"]\n'
    )
