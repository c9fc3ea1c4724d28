"""Apache with mod_auth_gssapi, the peer to measure against: in the foreground on a loopback port, with a configuration of its own."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kerbauth.demo.realm import LISTEN, ThrowawayRealm, free_port

MODULES = Path("/usr/lib/apache2/modules")
# Apache refuses to serve as root (server/core.c, BIG_SECURITY_HOLE), so root lets Debian's user for it do that.
USER = "www-data"
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi")
PROCESSES, THREADS = 4, 25
_PATIENCE = 20.0


@dataclass(frozen=True)
class Apache:
    """A running Apache: its address, and the process above all its others."""

    url: str
    pid: int


def configuration(folder: Path, port: int) -> str:
    """httpd.conf: one page for those who prove a password by HTTP Basic, kept connections, as many threads as Debian's default has."""
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED)
    return f"""\
ServerRoot {folder}
ServerName localhost
Listen {LISTEN}:{port}
PidFile {folder}/httpd.pid
DefaultRuntimeDir {folder}
Mutex default:{folder}
ErrorLog {folder}/error.log
{modules}
StartServers {PROCESSES}
ServerLimit {PROCESSES}
ThreadsPerChild {THREADS}
MaxRequestWorkers {PROCESSES * THREADS}
MinSpareThreads {PROCESSES * THREADS}
MaxSpareThreads {PROCESSES * THREADS}
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
DocumentRoot {folder}/pages
<Directory {folder}/pages>
    AuthType GSSAPI
    AuthName kerbauth
    GssapiBasicAuth On
    GssapiBasicAuthMech krb5
    GssapiCredStore keytab:{folder}/service.keytab
    Require valid-user
</Directory>
"""


@contextlib.contextmanager
def apache(realm: ThrowawayRealm, service: str, configuration_of_krb5: str) -> Iterator[Apache]:
    """Run it with `service`'s keytab and this krb5.conf until the body of the `with` is done."""
    folder = Path(tempfile.mkdtemp(prefix="kerbauth-apache-"))
    try:
        port = free_port()
        (folder / "pages").mkdir()
        (folder / "pages" / "page").write_text("granted\n")
        (folder / "httpd.conf").write_text(configuration(folder, port))
        (folder / "krb5.conf").write_text(configuration_of_krb5)
        (folder / "service.keytab").touch(mode=0o600)
        (folder / "service.keytab").write_bytes(realm.keytab(service).read_bytes())
        with _process(folder) as pid:
            yield Apache(f"http://{LISTEN}:{port}/page", pid)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _process(folder: Path) -> Iterator[int]:
    command = ["/usr/sbin/apache2", "-f", str(folder / "httpd.conf"), "-DFOREGROUND"]
    if os.geteuid() == 0:
        owner = pwd.getpwnam(USER)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        command = ["setpriv", f"--reuid={USER}", f"--regid={owner.pw_gid}", "--clear-groups", *command]
    environment = {"PATH": os.environ["PATH"], "KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5RCACHEDIR": str(folder), "LC_ALL": "C"}
    with (folder / "start.log").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        _await_start(folder, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await_start(folder: Path, process: subprocess.Popen[bytes]) -> None:
    log, ends = folder / "error.log", time.monotonic() + _PATIENCE
    while not (log.exists() and "resuming normal operations" in log.read_text()):
        if process.poll() is not None or time.monotonic() > ends:
            said = (folder / "start.log").read_text() + (log.read_text() if log.exists() else "")
            raise SystemExit(f"Apache did not start:\n{said}")
        time.sleep(0.02)
