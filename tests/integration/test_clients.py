"""Who may ask, shown by the running service; and what strangers can do to its connections."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY, KA_NAMES, KB_NAMES, entry
from tests.integration.kdc import LabRealm
from tests.integration.service import IDENTITY_TOKEN, TOKEN, RunningService, Setup
from tests.integration.test_sso import OURS, make_tokens

Start = Callable[..., RunningService]
Fresh = Callable[..., str]

LIMITED_TOKEN = "limited-client-token----" + "1" * 32
ELSEWHERE_TOKEN = "elsewhere-client-token--" + "1" * 32
MONITOR_TOKEN = "monitoring-token--------" + "1" * 32

CLIENTS = """
[clients."limited"]
token_file = "limited.token"
realms = ["KA.TEST"]
applications = ["desktop"]
[clients."elsewhere"]
token_file = "elsewhere.token"
addresses = ["198.51.100.0/24"]
doors = ["http"]
[clients."monitor"]
token_file = "monitor.token"
operations = true
"""


class LimitedSetup(Setup):
    """A configuration with further clients."""

    def write(self, folder: Path) -> Path:
        for name, token in (("limited", LIMITED_TOKEN), ("elsewhere", ELSEWHERE_TOKEN), ("monitor", MONITOR_TOKEN)):
            (folder / f"{name}.token").touch(mode=0o600)
            (folder / f"{name}.token").write_text(token + "\n")
        return super().write(folder)


@pytest.fixture(scope="module")
def limited(realm: LabRealm, other_realm: LabRealm, permissions: str, tmp_path_factory: pytest.TempPathFactory) -> object:
    realms = (entry(realm, settings="default = true", names=KA_NAMES), entry(other_realm, names=KB_NAMES))
    server = 'trusted_proxies = ["127.0.0.1"]\noperations_listen = "127.0.0.1:0"'
    running = RunningService(tmp_path_factory.mktemp("limited"), LimitedSetup(realms, permissions, server=server, extra=CLIENTS)).start()
    yield running
    assert running.stop() == 0


def asked_at(realm: LabRealm, name: str) -> bool:
    return f"{name}@{realm.name}" in realm.log.read_text()


def test_a_client_within_its_limits_is_served(limited: RunningService, fresh: Fresh) -> None:
    assert limited.login(fresh(), CANARY, token=LIMITED_TOKEN).status_code == 200


def test_a_client_asking_about_another_realm_is_refused_before_its_kdc_is_asked(limited: RunningService, other_realm: LabRealm) -> None:
    reply = limited.login("nobody-asked-for-me@KB.TEST", CANARY, token=LIMITED_TOKEN)
    assert (reply.status_code, reply.json()["reason"]) == (403, "client-not-allowed")
    assert reply.json()["messages"][1]["text"] == "This client may not ask about users of this realm."
    assert not asked_at(other_realm, "nobody-asked-for-me")
    record = limited.audited(reply)
    assert (record["client"], record["reason"], record["realm"]) == ("limited", "client-not-allowed", "KB.TEST")


def test_the_same_by_ticket_is_known_once_it_is_opened(limited: RunningService, other_realm: LabRealm, tmp_path: Path) -> None:
    (token,) = make_tokens(other_realm.kinit("jdoe", CANARY, tmp_path / "cc"), "HTTP/localhost@KB.TEST")
    reply = limited.sso(token, headers={"X-Kerbauth-Client": LIMITED_TOKEN})
    assert (reply.status_code, reply.json()["reason"]) == (403, "client-not-allowed")
    assert limited.audited(reply)["principal"] == "jdoe@KB.TEST"


def test_a_client_asking_for_another_application_is_refused_before_a_kdc_is_asked(limited: RunningService, realm: LabRealm) -> None:
    reply = limited.login("nobody-asked-for-me", CANARY, "closed", token=LIMITED_TOKEN)
    assert (reply.status_code, reply.json()["messages"][1]["text"]) == (403, "This client may not ask for this application.")
    assert not asked_at(realm, "nobody-asked-for-me")


def test_a_client_asks_from_its_addresses_only(limited: RunningService, fresh: Fresh) -> None:
    reply = limited.login(fresh(), CANARY, token=ELSEWHERE_TOKEN)
    assert (reply.status_code, reply.json()["messages"][1]["text"]) == (403, "This client may not ask from this address.")
    assert limited.audited(reply)["peer"] == "127.0.0.1"
    forged = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    assert limited.login(fresh(), CANARY, token=ELSEWHERE_TOKEN, headers=forged).status_code == 403
    there = limited.login(fresh(), CANARY, token=ELSEWHERE_TOKEN, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert there.status_code == 200
    assert limited.audited(there)["peer"] == "198.51.100.7"


def test_a_client_asks_at_its_doors_only(limited: RunningService, realm: LabRealm, tmp_path: Path, fresh: Fresh) -> None:
    (token,) = make_tokens(realm.kinit(fresh(), CANARY, tmp_path / "cc"), OURS)
    reply = limited.sso(token, headers={"X-Kerbauth-Client": ELSEWHERE_TOKEN, "X-Forwarded-For": "198.51.100.7"})
    assert (reply.status_code, reply.json()["messages"][1]["text"]) == (403, "This client may not use this way to log in.")
    assert "WWW-Authenticate" not in reply.headers


def test_operators_pages_have_a_listener_of_their_own(limited: RunningService) -> None:
    (line,) = [line for line in limited.log().splitlines() if "operators' pages on " in line]
    main = limited.url
    for path in ("/metrics", "/readyz", "/docs"):
        assert limited.request("GET", path, headers={"Authorization": f"Bearer {MONITOR_TOKEN}"}).status_code == 404
    limited.url = next(word.rstrip('",') for word in line.split() if word.startswith("http://"))
    try:
        statuses = [limited.request("GET", path).status_code for path in ("/metrics", "/readyz", "/docs", "/healthz", "/openapi.json")]
    finally:
        limited.url = main
    assert statuses == [200, 200, 200, 200, 404]


def test_a_client_that_is_not_allowed_to_gets_no_operators_pages_from_elsewhere(service: RunningService) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.9"}
    assert service.request("GET", "/metrics", headers=headers).status_code == 403


def test_an_exposed_listener_for_operators_is_warned_about(realm: LabRealm, start: Start) -> None:
    running = start(Setup((entry(realm),), server='operations_listen = "0.0.0.0:0"'))
    assert "operations_listen" in running.log()
    assert "let a firewall decide" in running.log()


def test_a_closed_service_answers_registered_clients_only(realm: LabRealm, start: Start, fresh: Fresh) -> None:
    running = start(Setup((entry(realm, settings="default = true"),), server="require_client = true"))
    reply = running.login(fresh(), CANARY, token=None)
    assert (reply.status_code, reply.json()["reason"]) == (401, "client-not-allowed")
    assert running.login(fresh(), CANARY, None, token=IDENTITY_TOKEN).status_code == 200


# --- slow loris

LOGINS = 60
LORISES = 500


async def one_login(port: int, user: str) -> float:
    """The seconds one login takes, on a connection of its own. It must be granted."""
    body = json.dumps({"username": user, "password": CANARY, "application": "desktop"}).encode()
    head = (
        f"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    return time.monotonic() - began


async def slow_loris(port: int, phase: int, connected: asyncio.Semaphore) -> bytes:
    """Send a byte now and then until the service has had enough: of a request line, of header fields, or of a body. What comes back."""
    first, more = (
        (b"GET /", b"a"),
        (b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-A: ", b"b"),
        (b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{", b" "),
    )[phase]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    connected.release()
    reading = asyncio.create_task(reader.read())
    while not reading.done():
        await asyncio.wait([reading], timeout=0.5)
        writer.write(more)
    writer.close()
    try:
        return reading.result()
    except ConnectionError:
        return b""


def told(latencies: list[float]) -> str:
    p95 = statistics.quantiles(latencies, n=20)[-1]
    return f"median {statistics.median(latencies) * 1000:.1f} ms, 95 % within {p95 * 1000:.1f} ms, slowest {max(latencies) * 1000:.1f} ms"


def test_five_hundred_slow_connections_hold_up_nobody_and_are_cut(
    realm: LabRealm, permissions: str, start: Start, fresh: Fresh, capsys: pytest.CaptureFixture[str]
) -> None:
    timeouts = "header_timeout = 5.0\nbody_timeout = 5.0"
    running = start(Setup((entry(realm, settings="default = true"),), permissions, server=timeouts))
    port, user = int(running.url.rpartition(":")[2]), fresh()

    async def attack() -> tuple[list[float], list[float], list[bytes]]:
        before = [await one_login(port, user) for _ in range(LOGINS)]
        connected = asyncio.Semaphore(0)
        lorises = [asyncio.create_task(slow_loris(port, number % 3, connected)) for number in range(LORISES)]
        for _ in range(LORISES):
            await connected.acquire()
        during = [await one_login(port, user) for _ in range(LOGINS)]
        assert not any(loris.done() for loris in lorises), "all were open all the time"
        async with asyncio.timeout(60):
            return before, during, list(await asyncio.gather(*lorises))

    before, during, cut = asyncio.run(attack())
    with capsys.disabled():
        print(f"\nlogins before {LORISES} slow connections: {told(before)}\nwhile they are open: {told(during)}")  # noqa: T201 -- the figures are what the run is for
    assert len(cut) == LORISES
    assert {answer[9:12] for answer in cut} == {b"", b"400"}, "heads are cut, bodies are told so"
    metrics = running.request("GET", "/metrics").text
    assert 'kerbauth_http_connections_ended_total{cause="slow-header"}' in metrics
