"""What a service manager is told, over a socket as it makes one."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.process.systemd import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_what_is_told_arrives_in_one_datagram(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.ready("all is well")
    assert manager.recv(4096) == b"READY=1\nSTATUS=all is well\n"
    notifier.stopping()
    assert manager.recv(4096) == b"STOPPING=1\nSTATUS=draining\n"


def test_the_variables_are_taken_out_of_the_environment() -> None:
    environ = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "10", "WATCHDOG_PID": "1", "OTHER": "stays"}
    Notifier(environ)
    assert environ == {"OTHER": "stays"}


def test_a_service_manager_that_is_away_stops_nothing(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("")


def test_without_a_service_manager_nothing_is_told() -> None:
    Notifier({}).ready("")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_fed_after_half_of_its_time_if_it_is_ours(environ: dict[str, str], seconds: float) -> None:
    assert Notifier(environ).watchdog_seconds == seconds
