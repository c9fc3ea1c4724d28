"""Password and SPNEGO logins per second: through the service's HTTP door, and a bare loop over GSSAPI, on one realm in one run."""

import argparse
import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import gssapi
from gssapi import raw

from kerbauth.demo import data
from kerbauth.demo.principals import RealmDescription
from kerbauth.demo.realm import ThrowawayRealm

CONNECTIONS = 8
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
KRB5 = gssapi.MechType.kerberos


def principal(text: str) -> raw.Name:
    return raw.import_name(text.encode(), gssapi.NameType.kerberos_principal)


def credential(mech: gssapi.OID) -> raw.Creds:
    user = principal(f"alice@{data.REALM}")
    return raw.acquire_cred_with_password(user, data.PASSWORD.encode(), mechs=[mech], usage="initiate").creds


def bare_password_login(service: raw.Name, acceptor: raw.Creds) -> None:
    """The Kerberos work of one password login: AS and TGS exchange, and the ticket opened with our key."""
    token = raw.init_sec_context(service, creds=credential(KRB5), mech=KRB5).token
    raw.accept_sec_context(token or b"", acceptor_creds=acceptor)


def make_tokens(service: raw.Name, count: int) -> list[bytes]:
    """Fresh tokens from one service ticket: the replay cache takes each only once."""
    one = credential(SPNEGO)
    return [bytes(raw.init_sec_context(service, creds=one, mech=SPNEGO).token or b"") for _ in range(count)]


def rate(work: Callable[[], None], count: int) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def bare_passwords(service: raw.Name, acceptor: raw.Creds, count: int) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for done in [pool.submit(bare_password_login, service, acceptor) for _ in range(count)]:
            done.result()


def bare_tokens(tokens: Iterable[bytes], acceptor: raw.Creds) -> None:
    for token in tokens:
        raw.accept_sec_context(token, acceptor_creds=acceptor)


async def http(url: str, requests: list[dict[str, Any]]) -> None:
    """Send the requests over a few kept connections; every answer must be a grant."""
    waiting = iter(requests)

    async def connection(session: aiohttp.ClientSession) -> None:
        for request in waiting:
            async with session.request(url=url, **request) as reply:
                await reply.read()
                if reply.status != 200:
                    raise SystemExit(f"the service answered {reply.status}")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        await asyncio.gather(*(connection(session) for _ in range(CONNECTIONS)))


def serve(realm: ThrowawayRealm, server: str = "", throttle: str = "") -> tuple[subprocess.Popen[str], str]:
    """The service in processes of its own, as `kerbauth serve` runs it, with these further lines of its tables."""
    folder = realm.folder
    (folder / "permissions.toml").write_text(data.permission_file())
    (folder / "trusted.token").touch(mode=0o600)
    (folder / "trusted.token").write_text("benchmark" * 5)
    config = folder / "kerbauth.toml"
    text = data.configuration("127.0.0.1:0", realm.kdc, str(realm.keytab(data.SERVICE)))
    # Wrong passwords are what `timing` measures, so none may be held back; here the default's cost is part of a login.
    text = text.replace('log_level = "warning"', f'log_level = "info"\n{server}').replace("[throttle]", f"[throttle]\n{throttle}")
    config.write_text(text)
    command = [sys.executable, "-m", "kerbauth", "serve", "--config", str(config)]
    log = (folder / "serve.log").open("w")
    process = subprocess.Popen(command, stderr=log, text=True)
    return process, _address(folder / "serve.log", process)


def _address(log: Path, process: subprocess.Popen[str]) -> str:
    ends = time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        found = [word for word in log.read_text().split() if word.startswith("http://")]
        if found:
            return found[0].rstrip(";")
        time.sleep(0.05)
    raise SystemExit(f"the service did not start:\n{log.read_text()}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--passwords", type=int, default=600, help="password logins of each kind")
    options.add_argument("--tokens", type=int, default=6000, help="SPNEGO logins of each kind")
    wanted = options.parse_args()
    users = tuple(exhibit.user for exhibit in data.EXHIBITS)
    with ThrowawayRealm(RealmDescription(data.REALM, users, data.SERVICES)) as realm:
        os.environ |= {
            "KRB5_CONFIG": str(realm.client_config),
            "KRB5CCNAME": "MEMORY:bench",
            "KRB5RCACHENAME": f"file2:{realm.folder / 'bench.rcache2'}",
        }
        service = principal(f"{data.SERVICE}@{data.REALM}")
        keytab = b"FILE:" + bytes(realm.keytab(data.SERVICE))
        acceptor = raw.acquire_cred_from({b"keytab": keytab}, mechs=[KRB5, SPNEGO], usage="accept").creds
        process, url = serve(realm)
        try:
            report(wanted.passwords, wanted.tokens, url, service, acceptor, process.pid)
        finally:
            process.terminate()
            process.wait()


def cpu_seconds(supervisor: int) -> float:
    """User and system time of the service's processes so far: fields 14 and 15 of proc(5)'s stat."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in (supervisor, *children)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def report(passwords: int, tokens: int, url: str, service: raw.Name, acceptor: raw.Creds, pid: int) -> None:
    body = {"username": "alice", "password": data.PASSWORD, "application": data.APPLICATION}
    logins: list[dict[str, Any]] = [{"method": "POST", "json": body}] * passwords
    ready = make_tokens(service, 2 * tokens)
    signed: list[dict[str, Any]] = [
        {"method": "GET", "headers": {"Authorization": "Negotiate " + base64.b64encode(token).decode()}} for token in ready[:tokens]
    ]
    rows = []
    for name, count, bare, through in (
        ("password", passwords, lambda: bare_passwords(service, acceptor, passwords), lambda: asyncio.run(http(f"{url}/v1/login", logins))),
        (
            "SPNEGO",
            tokens,
            lambda: bare_tokens(ready[tokens:], acceptor),
            lambda: asyncio.run(http(f"{url}/v1/sso?application={data.APPLICATION}", signed)),
        ),
    ):
        floor, used = rate(bare, count), cpu_seconds(pid)
        service_rate = rate(through, count)
        rows.append((name, count, floor, service_rate, service_rate / floor, (cpu_seconds(pid) - used) / count * 1000))
    print(f"{'logins':10} {'count':>6} {'bare GSSAPI /s':>15} {'kerbauth HTTP /s':>17} {'ratio':>6} {'service CPU ms':>15}")
    for name, count, floor, service_rate, ratio, milliseconds in rows:
        print(f"{name:10} {count:6} {floor:15.0f} {service_rate:17.0f} {ratio:6.2f} {milliseconds:15.2f}")


if __name__ == "__main__":
    main()
