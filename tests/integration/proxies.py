"""Real proxies in front of a running service, from the very files in deploy/, and what goes between the two."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.certificates import Pair

DEPLOY = Path(__file__).parents[2] / "deploy"
_PATH = os.environ["PATH"] + ":/usr/sbin"

_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/kerbauth.conf;
}}
"""


def written(source: Path, target: Path, changes: Mapping[str, str]) -> Path:
    """A copy of an example with this machine's addresses and files in place of the example's; each must be there."""
    text = source.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{source} has no {old}"
        text = text.replace(old, new)
    target.write_text(text, encoding="utf-8")
    return target


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def nginx(folder: Path, upstream: str, pair: Pair) -> Iterator[str]:
    """nginx with deploy/nginx/kerbauth.conf in front of `upstream` (address:port); its URL."""
    port = free_port()
    changes = {
        "server 127.0.0.1:8080;": f"server {upstream};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "sso.corp.example;": "localhost;",
        "/etc/nginx/tls/sso.corp.example.pem": str(pair.certificate_file),
        "/etc/nginx/tls/sso.corp.example.key": str(pair.key_file),
        "/var/log/nginx/": f"{folder}/",
    }
    written(DEPLOY / "nginx" / "kerbauth.conf", folder / "kerbauth.conf", changes)
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder), encoding="utf-8")
    with _running(["nginx", "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf")], folder, port):
        yield f"https://localhost:{port}"


@contextlib.contextmanager
def haproxy(folder: Path, upstream: str, pair: Pair) -> Iterator[str]:
    """HAProxy with deploy/haproxy/kerbauth.cfg in front of `upstream` (address:port); its URL."""
    port = free_port()
    both = folder / "both.pem"
    both.touch(mode=0o600)
    both.write_bytes(pair.certificate_file.read_bytes() + pair.key_file.read_bytes())
    changes = {
        "server kerbauth 127.0.0.1:8080": f"server kerbauth {upstream}",
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/haproxy/tls/sso.corp.example.pem": str(both),
        "log /dev/log local0": "log stdout format raw local0",
    }
    if os.geteuid() != 0:  # nobody else can become another user
        changes["    user haproxy\n    group haproxy\n"] = ""
    config = written(DEPLOY / "haproxy" / "kerbauth.cfg", folder / "kerbauth.cfg", changes)
    with _running(["haproxy", "-db", "-f", str(config)], folder, port):
        yield f"https://localhost:{port}"


@contextlib.contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """A process that listens on this port. What it writes stays in the folder."""
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "PATH": _PATH})
    try:
        ends = time.monotonic() + 30
        while not _listens(port):
            assert process.poll() is None, (folder / "output.log").read_text()
            assert time.monotonic() < ends, (folder / "output.log").read_text()
            time.sleep(0.02)  # polling a port that another process opens
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Relay:
    """Passes bytes on between a proxy and the service, and keeps what the service was sent, by connection."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.sent: list[bytearray] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._server, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._server.accept()
            except OSError:
                return
            onward = socket.create_connection(self._upstream)
            self._open += [taken, onward]
            self.sent.append(bytearray())
            threading.Thread(target=_pass, args=(taken, onward, self.sent[-1]), daemon=True).start()
            threading.Thread(target=_pass, args=(onward, taken, bytearray()), daemon=True).start()


def _pass(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            kept += chunk
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
