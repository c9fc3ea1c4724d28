"""Runs the examples of the pages against the demonstration they are written for, and compares what they print.

A fence marked `console` holds commands behind `$ ` and what they print, with `...` for what differs from run to run.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if "```console" in page.read_text()]


@dataclass(frozen=True)
class Example:
    page: str
    command: str
    expected: str


def examples() -> Iterator[Example]:
    for page in PAGES:
        for fence in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            for command, expected in re.findall(r"^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", fence, re.DOTALL | re.MULTILINE):
                yield Example(str(page.relative_to(ROOT)), command, expected.strip())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demonstration, as `make demo` runs it; what it prints."""
    output = tmp_path_factory.mktemp("demo") / "output"
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "kerbauth", "demo", "--port", "0"], stdout=file, stderr=file)
    ends = time.monotonic() + 30
    while "Ctrl-C" not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < ends, output.read_text()
        time.sleep(0.05)  # polling a file another process writes
    yield output.read_text()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    folder = re.search(r"/\S*kerbauth-realm-\w+", output.read_text())
    assert folder, "the demonstration names its folder"
    assert not Path(folder[0]).exists(), "the demonstration leaves nothing behind"


def run(command: str, demo: str) -> str:
    address = re.search(r"http://localhost:\d+", demo)
    assert address
    command = command.replace("http://localhost:8080", address[0])
    command = re.sub(r"^kerbauth ", f"{sys.executable} -m kerbauth ", command)
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() or done.stderr.strip()


def test_there_are_examples() -> None:
    assert {example.page for example in examples()} >= {"README.md", "docs/tutorial/first-login.md"}


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: f"{example.page}: {example.command[:60]}")
def test_an_example_prints_what_the_page_says(example: Example, demo: str) -> None:
    pattern = ".*".join(re.escape(part) for part in example.expected.split("..."))
    printed = run(example.command, demo)
    assert re.match(pattern, printed, re.DOTALL), printed


def test_every_line_the_demonstration_prints_gives_what_it_announces(demo: str) -> None:
    announced = re.findall(r"^# \S+: .* -> (\S+)\n(curl .*)$", demo, re.MULTILINE)
    assert len(announced) >= 10
    for reason, command in announced:
        printed = run(command + " -s", demo)
        expected = '"verdict":"granted"' if reason == "granted" else f'"reason":"{reason}"'
        assert expected in printed, (command, printed)


def test_a_stranger_cannot_tell_a_disabled_account_from_a_wrong_password(demo: str) -> None:
    strangers = re.findall(r"^curl (?!.*Authorization)(?!.*negotiate).*$", demo, re.MULTILINE)
    replies = [re.sub(r'"correlation_id":"\w+"', "", run(command + " -s", demo)) for command in strangers]
    assert len(replies) == 2
    assert replies[0] == replies[1]


def test_a_password_that_must_be_changed_can_be_changed_as_the_demonstration_says(demo: str) -> None:
    (change,) = re.findall(r"^curl .*/v1/password .*$", demo, re.MULTILINE)
    (login,) = re.findall(r"^# mike: .*\n(curl .*)$", demo, re.MULTILINE)
    new = re.search(r'"new_password":"([^"]*)"', change)
    assert new
    assert '"changed":true' in run(change + " -s", demo)
    assert '"verdict":"granted"' in run(re.sub(r'"password":"[^"]*"', f'"password":"{new[1]}"', login) + " -s", demo)


def test_single_sign_on_works_as_the_demonstration_says(demo: str) -> None:
    (export,) = re.findall(r"^export KRB5_CONFIG=.*$", demo, re.MULTILINE)
    (negotiate,) = re.findall(r"^curl --negotiate.*$", demo, re.MULTILINE)
    password = re.search(r"password is (\S+)", demo)
    assert password
    printed = run(f"{export}; echo '{password[1]}' | kinit alice >/dev/null && {negotiate} -s", demo)
    assert '"verdict":"granted"' in printed
