"""Behind nginx and HAProxy, set up by the files in deploy/."""

import base64
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import requests_gssapi
from requests.adapters import HTTPAdapter

from kerbauth.demo.principals import User
from kerbauth.settings.certificates import end_point
from tests.certificates import SHA384, Authority, Pair
from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.proxies import Relay, haproxy, nginx
from tests.integration.service import RunningService, Setup, persons_with_desktop
from tests.integration.test_sso import KRB5, offer

USERS = ("proxied1", "proxied2")
OURS = "HTTP/localhost@KA.TEST"
PROXIES = {"nginx": nginx, "haproxy": haproxy}


@dataclass
class Front:
    """A proxy in front of a service that requires tokens to be bound to the proxy's certificate."""

    url: str
    service: RunningService
    relay: Relay
    authority: Authority
    certificate: Pair
    shares_connections: bool  # HAProxy keeps a connection on which a 401 asked for Negotiate to one client (its manual: http-reuse)

    def request(self, method: str, path: str, session: requests.Session | None = None, **arguments: Any) -> requests.Response:
        return (session or requests).request(method, self.url + path, verify=str(self.authority.file), timeout=30, **arguments)

    def sso(self, token: bytes, session: requests.Session | None = None) -> requests.Response:
        headers = {"Authorization": "Negotiate " + base64.b64encode(token).decode()}
        return self.request("GET", "/v1/sso?application=desktop", session, headers=headers)


@pytest.fixture(scope="module", params=PROXIES)
def front(request: pytest.FixtureRequest, realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    shown, following = authority.issue("proxy", signed=SHA384), authority.issue("next")
    server = f'channel_binding = "require"\nchannel_binding_certificates = ["{following.files[0]}", "{shown.files[0]}"]'
    server += '\ntrusted_proxies = ["127.0.0.1"]'
    permissions = persons_with_desktop(USERS)
    service = RunningService(
        tmp_path_factory.mktemp("service"), Setup((entry(realm, settings="default = true"),), permissions, server=server)
    ).start()
    host, _, port = service.url.removeprefix("http://").partition(":")
    with contextlib.ExitStack() as stack:
        stack.callback(service.stop)
        relay = stack.enter_context(Relay((host, int(port))))
        folder = tmp_path_factory.mktemp(request.param)
        url = stack.enter_context(PROXIES[request.param](folder, relay.address, shown))
        yield Front(url, service, relay, authority, shown, shares_connections=request.param == "nginx")


@pytest.fixture(scope="module")
def tickets(realm: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Users with ticket-granting tickets, and the environments these are in."""
    realm.add(*(User(user, CANARY) for user in USERS))
    return {user: realm.kinit(user, CANARY, tmp_path_factory.mktemp("tickets") / user) for user in USERS}


@pytest.fixture
def ticket(tickets: dict[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
    """One of them."""
    return USERS[0], tickets[USERS[0]]


def test_a_password_login(front: Front, ticket: tuple[str, dict[str, str]]) -> None:
    user, _ = ticket
    reply = front.request("POST", "/v1/login", json={"username": user, "password": CANARY, "application": "desktop"})
    assert (reply.status_code, reply.json().get("user")) == (200, user), reply.text
    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_token_bound_to_the_proxys_certificate(front: Front, ticket: tuple[str, dict[str, str]]) -> None:
    (token,) = make_tokens(ticket[1], OURS, binding=end_point(front.certificate.certificate))
    reply = front.sso(token)
    assert (reply.status_code, reply.json()["user"]) == (200, ticket[0])
    assert reply.headers["WWW-Authenticate"].startswith("Negotiate ")


def test_a_client_that_binds_its_token_to_what_it_was_shown(
    front: Front, ticket: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, ticket[1][name])
    auth = requests_gssapi.HTTPSPNEGOAuth(channel_bindings="tls-server-end-point", mutual_authentication=requests_gssapi.REQUIRED)
    reply = front.request("GET", "/v1/sso?application=desktop", auth=auth)
    assert (reply.status_code, reply.json()["user"]) == (200, ticket[0])


@pytest.mark.parametrize("binding", [b"", b"tls-server-end-point:" + bytes(32)], ids=["not bound", "bound to another"])
def test_a_token_for_another_channel_is_refused(front: Front, ticket: tuple[str, dict[str, str]], binding: bytes) -> None:
    (token,) = make_tokens(ticket[1], OURS, binding=binding)
    reply = front.sso(token)
    assert (reply.status_code, reply.json()["reason"]) == (401, "channel-binding")


def test_a_token_of_windows_largest_size(front: Front, ticket: tuple[str, dict[str, str]]) -> None:
    (small,) = make_tokens(ticket[1], OURS, mech="krb5", binding=end_point(front.certificate.certificate))
    padding = [f"1.3.6.1.4.1.99999.{number}.{2**30}" for number in range(3800)]
    token = offer(KRB5, *padding, token=small)
    assert 60_000 < len(token) < 66_000
    assert front.sso(token).json()["user"] == ticket[0]


def test_two_users_on_one_upstream_connection_are_never_mixed(front: Front, tickets: dict[str, dict[str, str]]) -> None:
    binding = end_point(front.certificate.certificate)
    before = [sent.count(b" /v1/sso") for sent in front.relay.sent]
    tokens = [make_tokens(tickets[user], OURS, binding=binding, count=6) for user in USERS]
    with requests.Session() as first, requests.Session() as second, requests.Session() as third:
        for each in zip(*tokens, strict=True):
            for user, token, session in zip(USERS, each, (first, second), strict=True):
                reply = front.sso(token, session)
                assert (reply.status_code, reply.json()["user"]) == (200, user)
            nobody = front.request("GET", "/v1/sso?application=desktop", third)
            assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Negotiate")
    asked = [sent.count(b" /v1/sso") - known for sent, known in itertools.zip_longest(front.relay.sent, before, fillvalue=0)]
    assert sum(asked) == 18
    if front.shares_connections:
        assert max(asked) > 6, "no connection carried more than one client, and this test has shown nothing"


class FromElsewhere(HTTPAdapter):
    """Connects from an address that is not the proxy's own; all of 127.0.0.0/8 is this machine."""

    def init_poolmanager(self, *args: Any, **arguments: Any) -> None:
        super().init_poolmanager(*args, source_address=("127.0.0.2", 0), **arguments)


@pytest.mark.parametrize("claimed", [{}, {"X-Forwarded-For": "192.0.2.66"}, {"Forwarded": "for=192.0.2.66"}], ids=str)
def test_the_audit_names_the_clients_address(front: Front, claimed: dict[str, str]) -> None:
    body = {"username": "nobody", "password": CANARY, "application": "desktop"}
    with requests.Session() as session:
        session.mount("https://", FromElsewhere())
        reply = front.request("POST", "/v1/login", session, json=body, headers=claimed)
    assert front.service.audited(reply)["peer"] == "127.0.0.2"


@pytest.mark.parametrize(
    "path", ["/metrics", "/readyz", "/docs", "/", "/v1", "/v1/../metrics", "/v1/%2e%2e/metrics", "//metrics", "/METRICS"]
)
def test_what_is_for_operators_is_not_reached_through_the_proxy(front: Front, path: str) -> None:
    request = requests.Request("GET", front.url).prepare()
    request.url = front.url + path  # as it is: requests would resolve the dots
    with requests.Session() as session:
        reply = session.send(request, verify=str(front.authority.file), timeout=30)
    assert reply.status_code in {400, 403, 404}
    assert "kerbauth_" not in reply.text


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json"])
def test_what_is_for_everybody_is(front: Front, path: str) -> None:
    assert front.request("GET", path).status_code == 200


def test_the_proxy_says_itself_who_asked(front: Front) -> None:
    # What a client writes into the fields that proxies write does not reach the service.
    front.request("GET", "/healthz", headers={"X-Forwarded-For": "192.0.2.66", "Forwarded": "for=192.0.2.66"})
    sent = b"".join(front.relay.sent).lower()
    assert b"x-forwarded-for: 127.0.0.1\r\n" in sent
    assert b"192.0.2.66" not in sent


def test_no_token_is_in_what_the_proxy_wrote(
    front: Front, ticket: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    (token,) = make_tokens(ticket[1], OURS, binding=end_point(front.certificate.certificate))
    assert front.sso(token).status_code == 200
    too_large = b"\x60" + base64.b64decode("canary" * 40_000)
    with contextlib.suppress(requests.ConnectionError):  # the proxy may have closed the connection before all of it was sent
        assert front.sso(too_large).status_code in {400, 431}
    written = [place.read_bytes() for place in tmp_path_factory.getbasetemp().glob("*/*.log")]
    assert not any(base64.b64encode(token)[:60] in each or b"canarycanary" in each for each in written)
