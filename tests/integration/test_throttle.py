"""Wrong passwords against a real KDC: what it counts, and who is held."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import CANARY, KA_NAMES, entry
from tests.integration.kdc import LabRealm
from tests.integration.service import IDENTITY_TOKEN, RealmEntry, RunningService, Setup
from tests.integration.test_commands import kerbauth
from tests.kdc.behaviours import delayed, proves_a_password, where
from tests.kdc.scripted import scripted_kdc
from tests.throttle.stores import ServerStore, running_server

Fresh = Callable[..., str]
Start = Callable[..., RunningService]
STRICT = "account_failures = 3\nreserve = 0\npause = 0.0\nrepeat_seconds = 0.0\nsource_failures = 0\noverall_failures = 0"


def setup(realm: LabRealm, permissions: str, throttle: str = STRICT) -> Setup:
    return Setup((entry(realm, settings="default = true", names=KA_NAMES),), permissions, throttle=throttle, server="refusal_floor = 0.0")


@pytest.fixture(scope="module")
def strict(realm: LabRealm, permissions: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(tmp_path_factory.mktemp("strict"), setup(realm, permissions)).start()
    yield running
    assert running.stop() == 0


def reasons(replies: list[requests.Response]) -> list[str]:
    return sorted(reply.json().get("reason", "granted") for reply in replies)


def test_beyond_the_budget_no_kdc_is_asked_not_even_with_the_right_password(strict: RunningService, realm: LabRealm, fresh: Fresh) -> None:
    user, before = fresh(), realm.mark()
    assert reasons([strict.login(user, f"wrong-{number}") for number in range(3)]) == ["bad-credentials"] * 3
    reply = strict.login(user, CANARY)
    assert (reply.status_code, reply.json()["reason"], reply.json()["retryable"]) == (429, "throttled", True)
    assert 800 < int(reply.headers["Retry-After"]) <= 900
    assert realm.failed_password_checks(before) == 3
    assert (strict.audited(reply)["stage"], strict.audited(reply)["reason"]) == ("throttle", "throttled")


def test_fifty_wrong_passwords_at_once_cost_the_account_no_more_than_the_budget(
    strict: RunningService, realm: LabRealm, fresh: Fresh
) -> None:
    user, before = fresh(), realm.mark()
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda number: strict.login(user, f"wrong-{number}"), range(50)))
    assert realm.failed_password_checks(before) == 3
    assert reasons(replies) == ["bad-credentials"] * 3 + ["throttled"] * 47


def test_the_right_password_from_many_connections_at_once_is_never_held(strict: RunningService, fresh: Fresh) -> None:
    user = fresh()
    with ThreadPoolExecutor(16) as pool:
        assert reasons(list(pool.map(lambda _: strict.login(user, CANARY), range(32)))) == ["granted"] * 32


def test_a_success_clears_the_count(strict: RunningService, realm: LabRealm, fresh: Fresh) -> None:
    user, before = fresh(), realm.mark()
    for _ in range(2):
        assert reasons([strict.login(user, "wrong-1"), strict.login(user, "wrong-2"), strict.login(user, CANARY)])[-1] == "granted"
    assert realm.failed_password_checks(before) == 4


def test_strangers_cannot_tell_a_held_account_from_a_name_that_is_none(strict: RunningService, fresh: Fresh) -> None:
    told = []
    for name in (fresh(), "nobody-of-that-name"):
        for number in range(3):
            assert strict.login(name, f"wrong-{number}", token=None).json()["reason"] == "bad-credentials"
        reply = strict.login(name, "wrong-4", token=None)
        told.append((reply.status_code, reply.text.replace(reply.headers["X-Correlation-ID"], "")))
    assert told[0] == told[1]
    assert told[0][0] == 429


def test_a_kdc_that_does_not_answer_uses_no_budget_up(realm: LabRealm, permissions: str, start: Start, fresh: Fresh) -> None:
    user = fresh()
    service = start(Setup((entry(realm, settings="default = true\ndeadline = 1.0", names=KA_NAMES),), permissions, throttle=STRICT))
    with realm.paused():
        assert reasons([service.login(user, CANARY) for _ in range(4)]) == ["kdc-unreachable"] * 4
    ends = time.monotonic() + 30
    while service.login(user, CANARY).status_code != 200:  # until the KDC's return is noticed
        assert time.monotonic() < ends
    assert service.login(user, CANARY).status_code == 200


def test_a_wrong_password_whose_answer_came_late_is_counted_all_the_same(
    realm: LabRealm, permissions: str, start: Start, fresh: Fresh
) -> None:
    user, before = fresh(), realm.mark()
    with scripted_kdc(where(proves_a_password, delayed(2.5)), upstream=realm.kdc) as slow:
        one = RealmEntry(
            realm.name, (slow.address,), realm.keytab("HTTP/localhost"), settings="default = true\ndeadline = 1.0", names=KA_NAMES
        )
        service = start(Setup((one,), permissions, throttle=STRICT))
        with ThreadPoolExecutor(3) as pool:
            wrong = list(pool.map(lambda number: service.login(user, f"wrong-{number}"), range(3)))
        assert reasons(wrong) == ["kdc-unreachable"] * 3
        ends = time.monotonic() + 30
        while (told := reasons([service.login(user, CANARY)])) != ["throttled"]:
            assert told == ["kdc-unreachable"], "let in while nobody knew what the three attempts would count"
            assert time.monotonic() < ends
    assert realm.failed_password_checks(before) == 3


def test_a_password_that_no_kdc_was_given_uses_no_budget_up(realm: LabRealm, permissions: str, start: Start, fresh: Fresh) -> None:
    user, before = fresh(), realm.mark()
    service = start(Setup((entry(realm, settings="default = true\ndeadline = 1.0", names=KA_NAMES),), permissions, throttle=STRICT))
    with realm.paused():
        assert reasons([service.login(user, f"wrong-{number}") for number in range(4)]) == ["kdc-unreachable"] * 4
    ends = time.monotonic() + 30
    while service.login(user, CANARY).status_code != 200:  # until the KDC's return is noticed
        assert time.monotonic() < ends
    assert realm.failed_password_checks(before) == 0


def test_the_same_wrong_password_is_put_to_the_kdc_once(realm: LabRealm, permissions: str, start: Start, fresh: Fresh) -> None:
    user, before = fresh(), realm.mark()
    service = start(setup(realm, permissions, STRICT.replace("repeat_seconds = 0.0", "repeat_seconds = 30.0")))
    assert reasons([service.login(user, "the-same") for _ in range(10)]) == ["bad-credentials"] * 10
    assert realm.failed_password_checks(before) == 1
    assert service.login(user, CANARY).status_code == 200
    assert "kerbauth_throttle_repeated_total 9.0" in service.request("GET", "/metrics").text


def test_an_attacker_at_another_address_does_not_lock_the_owner_out(realm: LabRealm, permissions: str, start: Start, fresh: Fresh) -> None:
    user, before = fresh(), realm.mark()
    service = start(setup(realm, permissions, STRICT.replace("reserve = 0", "reserve = 1")))
    assert service.login(user, CANARY).status_code == 200  # the owner, through the named client
    assert reasons([service.login(user, f"wrong-{number}", token=None) for number in range(5)])[-3:] == ["throttled"] * 3
    assert service.login(user, CANARY).status_code == 200
    assert realm.failed_password_checks(before) == 2


def test_held_accounts_are_listed_and_released_by_command(strict: RunningService, fresh: Fresh) -> None:
    user, config = fresh(), str(strict.folder / "kerbauth.toml")
    for number in range(3):
        strict.login(user, f"wrong-{number}")
    listed = json.loads(kerbauth("throttle", "list", "--config", config, "--json").stdout)
    (row,) = [row for row in listed if row["principal"] == f"{user}@KA.TEST"]
    assert (row["store"], row["failures"], row["held_seconds"] > 800) == ("file", 3, True)
    assert f"{user}@KA.TEST: 3 wrong" in kerbauth("throttle", "list", "--config", config).stdout
    released = kerbauth("throttle", "release", user.upper(), "--config", config)
    assert (released.returncode, user in released.stdout.lower()) == (0, True), released.stderr
    assert strict.login(user, CANARY).status_code == 200
    assert kerbauth("throttle", "release", user, "--config", config).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["release"], 2, "name one account, or use --all"),
        (["release", "--all", "alice"], 2, "name one account, or use --all"),
        (["release", "alice@ELSEWHERE"], 2, "unknown-realm"),
    ],
)
def test_the_command_used_wrongly(strict: RunningService, arguments: list[str], status: int, said: str) -> None:
    done = kerbauth("throttle", *arguments, "--config", str(strict.folder / "kerbauth.toml"))
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_the_command_says_where_it_cannot_find_the_counts(realm: LabRealm, tmp_path: Path) -> None:
    config = Setup((entry(realm, settings="default = true"),), runtime="").write(tmp_path)
    done = kerbauth("throttle", "list", "--config", str(config))
    assert (done.returncode, "set server.runtime_directory" in done.stderr) == (2, True)
    config.write_text(config.read_text().replace("[throttle]", "[throttle]\nenabled = false"))
    assert "nothing is counted" in kerbauth("throttle", "list", "--config", str(config)).stderr


def test_a_start_without_these_protections_says_so(realm: LabRealm, start: Start) -> None:
    service = start(Setup((entry(realm, settings="default = true"),), throttle="enabled = false", server="refusal_floor = 0.0"))
    assert "WARNING kerbauth: throttle.enabled = false" in service.log()
    assert "WARNING kerbauth: server.refusal_floor = 0" in service.log()


@pytest.fixture(scope="module")
def valkey() -> Iterator[ServerStore]:
    with running_server() as store:
        yield store


def test_machines_that_share_a_server_share_the_budget(
    realm: LabRealm, permissions: str, start: Start, fresh: Fresh, valkey: ServerStore, tmp_path: Path
) -> None:
    user, before = fresh(), realm.mark()
    shared = setup(realm, permissions, f'{STRICT}\nvalkey = "valkey://127.0.0.1:{valkey.port}/0"')
    machines = [start(shared), start(shared)]
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda number: machines[number % 2].login(user, f"wrong-{number}"), range(30)))
    assert realm.failed_password_checks(before) == 3
    assert reasons(replies) == ["bad-credentials"] * 3 + ["throttled"] * 27
    listed = kerbauth("throttle", "list", "--config", str(machines[0].folder / "kerbauth.toml")).stdout
    assert f"{user}@KA.TEST: 3 wrong, 0 under way" in listed
    assert "(shared server)" in listed
    content = valkey.content()
    assert CANARY.encode() not in content
    assert b"wrong-" not in content


def test_without_the_server_logins_go_on_and_it_is_said_loudly(realm: LabRealm, permissions: str, start: Start, fresh: Fresh) -> None:
    with running_server() as store:
        service = start(setup(realm, permissions, f'{STRICT}\nvalkey = "valkey://127.0.0.1:{store.port}/0"'))
        assert service.login(fresh(), CANARY).status_code == 200
        store.stop()
        user, before = fresh(), realm.mark()
        assert service.login(user, CANARY, token=IDENTITY_TOKEN, application=None).status_code == 200
        assert reasons([service.login(user, f"wrong-{number}") for number in range(5)])[-2:] == ["throttled"] * 2
        assert realm.failed_password_checks(before) == 3
        assert "counts without its shared server" in service.log()
        assert 'kerbauth_throttle_degraded{worker="0"} 1.0' in service.request("GET", "/metrics").text
