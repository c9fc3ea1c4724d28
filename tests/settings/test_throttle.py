"""The table `[throttle]`."""

from pathlib import Path

import pytest

from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read


def test_left_out_it_is_on_with_its_defaults(tmp_path: Path) -> None:
    throttle = read(tmp_path, REALM, PERMISSIONS).throttle
    assert (throttle.enabled, throttle.account_failures, throttle.reserve, throttle.window, throttle.valkey) == (True, 4, 1, 900.0, None)


@pytest.mark.parametrize(
    ("line", "key", "message"),
    [
        ("account_failures = 0", "throttle.account_failures", "is out of range"),
        ("account_failures = 2\nreserve = 2", "throttle.reserve", "leaves nothing of `account_failures`"),
        ("window = 0.0", "throttle.window", "is out of range"),
        ("pause = -1.0", "throttle.pause", "is out of range"),
        ("repeat_seconds = inf", "throttle.repeat_seconds", "a finite number"),
        ("account_failure = 3", "throttle.account_failure", "did you mean `account_failures`"),
        ('valkey = "http://127.0.0.1:6379/0"', "throttle.valkey", "expected valkey://host:port/number"),
        ('valkey = "valkey://127.0.0.1/0"', "throttle.valkey", "expected valkey://host:port/number"),
        ('valkey = "valkey://127.0.0.1:6379"', "throttle.valkey", "expected valkey://host:port/number"),
        ('valkey = "valkey://127.0.0.1:port/0"', "throttle.valkey", "expected valkey://host:port/number"),
        ('valkey_ca = "ca.pem"', "throttle.valkey_ca", "means nothing without `valkey`"),
        ('valkey = "valkey://127.0.0.1:6379/0"\nvalkey_password_file = "nowhere"', "throttle.valkey_password_file", "is not there"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, line: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"[throttle]\n{line}")
    assert (problem.key, message in problem.message) == (key, True), problem


def test_a_password_in_the_servers_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, '[throttle]\nvalkey = "valkey://user:hunter2@127.0.0.1:6379/0"')
    assert "valkey_password_file" in problem.message
    assert "hunter2" not in str(problem)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM, PERMISSIONS, '[throttle]\naccount_failures = 0\npause = -1.0\nvalkey = "x"')
    assert [problem.key for problem in found] == ["throttle.account_failures", "throttle.pause", "throttle.valkey"]
