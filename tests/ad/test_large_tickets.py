"""Tickets of users in very many groups, on every way by which they reach the service.

The groups are domain local ones of the service's domain, and the users are of the domain that it trusts: each group is a whole SID then,
40 bytes in the PAC, and not 8 as within one domain (MS-PAC 2.2.2: what is no group of the user's own domain is in ExtraSids).
"""

import base64
import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.ad.domain import Domain
from tests.certificates import Authority
from tests.integration.kdc import make_tokens
from tests.integration.proxies import haproxy, nginx
from tests.integration.service import RunningService, Setup

MANY, MOST, TOO_MANY = 500, 1500, 1750
SIZES = {MANY: range(15_000, 25_000), MOST: range(58_000, 65_536), TOO_MANY: range(67_000, 75_000)}
"""Bytes of a token of a user in so many groups."""

DIRECT = ("http", "https")
PROXIES = {"nginx": nginx, "haproxy": haproxy}


@dataclass(frozen=True)
class Way:
    """A URL of the service, and the CA it is checked with."""

    url: str
    authority: Authority
    service: RunningService

    def curl(self, environment: dict[str, str], path: str) -> str:
        """What a client sees that takes its token itself."""
        url = self.url.replace("127.0.0.1", "localhost") + path
        command = ["curl", "-sS", "-i", "--max-time", "30", "--cacert", str(self.authority.file), "--negotiate", "-u", ":", url]
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout

    def sso(self, token: bytes) -> requests.Response:
        headers = {"Authorization": "Negotiate " + base64.b64encode(token).decode()}
        return requests.get(f"{self.url}/v1/sso", headers=headers, verify=str(self.authority.file), timeout=30)


@pytest.fixture(scope="module")
def members(domain: Domain, other_domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, str]]:
    """The environments of users with tickets, by the number of groups they are in."""
    folder = tmp_path_factory.mktemp("members")
    found = {}
    for count in SIZES:
        user = domain.user(f"in{count}")
        other_domain.ask("many_groups", domain.sid(user), "local", count)
        found[count] = domain.kinit(user, folder / user)
    return found


@pytest.fixture(scope="module", params=[*DIRECT, *PROXIES])
def way(request: pytest.FixtureRequest, both: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    pair = authority.issue("server")
    server = {"http": "", "https": pair.toml}.get(request.param, 'trusted_proxies = ["127.0.0.1"]')
    service = RunningService(tmp_path_factory.mktemp("service"), Setup(both.realms, server=server)).start()
    with contextlib.ExitStack() as stack:
        stack.callback(service.stop)
        url = service.url
        if request.param in PROXIES:
            upstream = url.removeprefix("http://")
            url = stack.enter_context(PROXIES[request.param](tmp_path_factory.mktemp(request.param), upstream, pair))
        yield Way(url, authority, service)


def token_of(members: dict[int, dict[str, str]], count: int, domain: Domain) -> bytes:
    (token,) = make_tokens(members[count], f"HTTP/localhost@{domain.realm}")
    assert len(token) in SIZES[count]
    return token


@pytest.mark.parametrize("count", [MANY, MOST])
def test_a_user_in_very_many_groups_logs_in(way: Way, members: dict[int, dict[str, str]], other_domain: Domain, count: int) -> None:
    reply = way.sso(token_of(members, count, other_domain))
    assert (reply.status_code, reply.json().get("user")) == (200, f"in{count}"), reply.text


def test_a_client_that_makes_its_token_itself_sends_it_whole(way: Way, members: dict[int, dict[str, str]], other_domain: Domain) -> None:
    seen = way.curl({**members[MOST], "KRB5_CONFIG": str(_to_service_in(other_domain, way.service.folder))}, "/v1/sso")
    assert f'"user":"in{MOST}"' in seen, seen[:2000]


def test_a_ticket_beyond_windows_largest_is_refused_in_words(way: Way, members: dict[int, dict[str, str]], other_domain: Domain) -> None:
    reply = way.sso(token_of(members, TOO_MANY, other_domain))
    assert (reply.status_code, reply.json()["reason"]) == (401, "token-too-large")


def _to_service_in(domain: Domain, folder: Path) -> Path:
    """A krb5.conf in which localhost is a host of this domain: curl makes the service principal of the URL's host."""
    config = folder / "client.krb5.conf"
    config.write_text(f"{domain.client_config.read_text()}localhost = {domain.realm}\n")
    return config
