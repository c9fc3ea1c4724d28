"""Password logins per second through HTTP: kerbauth beside Apache with mod_auth_gssapi, on one KDC, in alternating rounds of one run."""

import argparse
import base64
import json
import os
import re
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.apache import apache
from bench.logins import cpu_seconds, serve
from kerbauth.demo import data
from kerbauth.demo.principals import RealmDescription
from kerbauth.demo.realm import ThrowawayRealm, client_configuration

USER = "alice"


@dataclass(frozen=True)
class Round:
    """One round against one server."""

    per_second: float
    cpu_milliseconds: float  # of the server's processes, per login
    kdc_milliseconds: float
    p99_milliseconds: float


def wrk(url: str, script: Path, connections: int, seconds: float) -> tuple[int, float, float]:
    """So many logins in so many seconds, and the 99th percentile in ms. Every answer must be a grant."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "--timeout", "30s", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    if match is None:
        raise SystemExit(f"wrk said nothing of use:\n{said}")
    requests, microseconds, not_granted, broken, p99 = map(int, match.groups())
    if not_granted or broken:
        raise SystemExit(f"{not_granted} answers were no grant, {broken} connections broke:\n{said}")
    return requests, microseconds / 1e6, p99 / 1000


# What wrk counts as it goes, without reading its prose. Its errors.status are answers of 400 and above.
_DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration, e.status,
    e.connect + e.read + e.write + e.timeout, latency:percentile(99)))
end
"""


def write_scripts(folder: Path) -> tuple[Path, Path]:
    """The two requests, as wrk's scripts: to Apache and to kerbauth."""
    basic = base64.b64encode(f"{USER}@{data.REALM}:{data.PASSWORD}".encode()).decode()
    body = json.dumps({"username": USER, "password": data.PASSWORD, "application": data.APPLICATION})
    to_apache, to_kerbauth = folder / "apache.lua", folder / "kerbauth.lua"
    to_apache.write_text(f'wrk.headers["Authorization"] = "Basic {basic}"\n{_DONE}')
    to_kerbauth.write_text(f'wrk.method = "POST"\nwrk.body = [[{body}]]\nwrk.headers["Content-Type"] = "application/json"\n{_DONE}')
    return to_apache, to_kerbauth


def one_round(url: str, script: Path, pid: int, kdc: int, *, connections: int, seconds: float) -> Round:
    wrk(url, script, connections, 1)  # connections, caches and threads of every process are there
    used, used_by_kdc = cpu_seconds(pid), cpu_seconds(kdc)
    logins, took, p99 = wrk(url, script, connections, seconds)
    cpu, cpu_of_kdc = cpu_seconds(pid) - used, cpu_seconds(kdc) - used_by_kdc
    return Round(logins / took, cpu / logins * 1000, cpu_of_kdc / logins * 1000, p99)


def report(connections: int, rounds: dict[str, list[Round]]) -> None:
    medians = {}
    for name, done in rounds.items():
        medians[name] = statistics.median(each.per_second for each in done)
        cpu, kdc, p99 = (
            statistics.median(getattr(each, what) for each in done) for what in ("cpu_milliseconds", "kdc_milliseconds", "p99_milliseconds")
        )
        each = " ".join(f"{one.per_second:.0f}" for one in done)
        print(f"{connections:11} {name:10} {medians[name]:10.0f} {cpu:8.2f} {kdc:8.2f} {p99:8.1f}  {each}")
    ratios = sorted(ours.per_second / peer.per_second for ours, peer in zip(rounds["kerbauth"], rounds["apache"], strict=True))
    ratio = medians["kerbauth"] / medians["apache"]
    print(f"{connections:11} ratio of medians {ratio:.2f} (of single rounds {ratios[0]:.2f} to {ratios[-1]:.2f})")


def measure(servers: Mapping[str, Callable[..., Round]], connections: int, count: int) -> None:
    rounds: dict[str, list[Round]] = {name: [] for name in servers}
    for number in range(count):
        # Who begins changes, so that neither always has the machine as the other left it.
        for name in sorted(servers, reverse=number % 2 == 1):
            rounds[name].append(servers[name](connections=connections))
    report(connections, rounds)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5.0, help="of one round")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--connections", type=int, nargs="+", default=[8, 16])
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="server.workers of kerbauth; one for each core")
    wanted = options.parse_args()
    users = tuple(exhibit.user for exhibit in data.EXHIBITS)
    description = RealmDescription(data.REALM, users, data.SERVICES)
    with ThrowawayRealm(description) as realm:
        # UDP first, as libkrb5 does where nobody says otherwise: no connection to set up for each exchange.
        krb5_conf = client_configuration(description, realm.kdc, Path("/nonexistent")).replace("    udp_preference_limit = 1\n", "")
        to_apache, to_kerbauth = write_scripts(realm.folder)
        with apache(realm, data.SERVICE, krb5_conf) as peer:
            process, url = serve(realm, f"workers = {wanted.workers}")
            try:
                servers = {
                    "apache": partial(one_round, peer.url, to_apache, peer.pid, realm.pid, seconds=wanted.seconds),
                    "kerbauth": partial(one_round, f"{url}/v1/login", to_kerbauth, process.pid, realm.pid, seconds=wanted.seconds),
                }
                print(f"{'connections':11} {'server':10} {'logins/s':>10} {'CPU ms':>8} {'KDC ms':>8} {'p99 ms':>8}  rounds")
                for connections in wanted.connections:
                    measure(servers, connections, wanted.rounds)
            finally:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
