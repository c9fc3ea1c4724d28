"""A real supervisor over real workers that do nothing but misbehave."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Toy:
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def until(self, said: str, count: int = 1, within: float = 10.0) -> list[Any]:
        """Wait until the log matches so often; the first groups, or the matches."""
        ends = time.monotonic() + within
        while len(found := re.findall(said, self.log)) < count:
            assert time.monotonic() < ends, self.log
            time.sleep(0.005)  # polling a file another process writes
        return found

    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


Start = Callable[..., Toy]


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Start]:
    started: list[Toy] = []

    def start(*behaviour: str, workers: int = 2, silence: float = 30.0, drain: float = 5.0, **environment: str) -> Toy:
        log = tmp_path / f"log{len(started)}"
        command = [sys.executable, "-m", "tests.process.toy", str(workers), str(silence), str(drain), *behaviour]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **environment})
        started.append(Toy(process, log))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait(10)


def test_workers_serve_and_leave_when_told(toy: Start) -> None:
    running = toy(workers=3)
    running.until("toy: all serve")
    assert len(running.workers()) == 3
    assert sorted(running.until(r"worker (\d+) \(process \d+\) serves", 3)) == ["0", "1", "2"]
    assert running.stop() == 0
    assert "toy: stops listening" in running.log
    assert len(re.findall("has left", running.log)) == 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_worker_that_dies_is_replaced_in_its_own_seat(toy: Start, number: signal.Signals) -> None:
    running = toy()
    running.until("toy: all serve")
    victim, other = running.workers()
    began = time.monotonic()
    os.kill(victim, number)
    serves = running.until(r"worker (\d+) \(process (\d+)\) serves", 3)
    assert time.monotonic() - began < 1.0
    seat = serves[2][0]
    assert (seat, str(victim)) in serves[:2]
    assert other in running.workers()
    assert f"ERROR worker {seat} (process {victim}) was ended by {number.name} and is replaced" in running.log
    assert running.log.count("toy: all serve") == 1


def test_workers_that_end_as_soon_as_they_serve_are_replaced_ever_more_slowly(toy: Start) -> None:
    running = toy("crash-when-serving", workers=1)
    pauses = [float(pause) for pause in running.until(r"so the next one waits ([\d.]+) s", 2)]
    assert pauses[:2] == [0.5, 1.0]
    assert running.stop() == 0


def test_a_start_whose_workers_all_crash_fails(toy: Start) -> None:
    running = toy("crash-at-start")
    assert running.process.wait(10) == 3
    assert "toy: found out False: ('no worker comes up: worker" in running.log
    assert "was ended by SIGSEGV" in running.log


def test_a_start_that_a_worker_refuses_fails_with_its_reasons(toy: Start) -> None:
    running = toy("refuse-at-start")
    assert running.process.wait(10) == 3
    assert "toy: found out True: ('the first reason', 'the second reason')" in running.log


def test_a_worker_that_ends_by_an_exception_says_where_and_not_what(toy: Start) -> None:
    running = toy("raise-at-start")
    assert running.process.wait(10) == 3
    assert re.search(r"CRITICAL ALARM a worker ends by an unforeseen error: RuntimeError at toy.py:\d+", running.log)
    assert "canary-exception-text" not in running.log


def test_a_worker_without_a_sign_of_life_is_killed(toy: Start) -> None:
    running = toy("stuck", workers=1, silence=2.0)
    running.until(r"was ended by SIGKILL and is replaced")
    killed = re.search(r"\(process (\d+)\) gave no sign of life for 2 seconds and is killed", running.log)
    assert killed
    assert int(killed[1]) not in running.workers()


def test_a_worker_that_does_not_drain_is_killed_when_its_time_is_up(toy: Start) -> None:
    running = toy("ignore-drain", workers=1, drain=0.1)
    running.until("toy: all serve")
    began = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(15) == 0
    assert time.monotonic() - began < 10
    assert "has not left in time and is killed" in running.log


def test_a_reload_reaches_every_worker(toy: Start) -> None:
    running = toy(workers=3)
    running.until("toy: all serve")
    running.process.send_signal(signal.SIGHUP)
    running.until("toy: reloaded, 3")
    assert len(re.findall("serves", running.log)) == 3, "none was replaced"


def test_signals_during_a_reload_are_one_more_reload(toy: Start) -> None:
    running = toy(workers=2)
    running.until("toy: all serve")
    for _ in range(20):
        running.process.send_signal(signal.SIGHUP)
    running.until("toy: reloaded")
    assert running.stop() == 0
    assert 1 <= running.log.count("toy: reloaded") <= 20


def test_a_worker_that_refuses_an_order_is_replaced_before_it_leaves(toy: Start) -> None:
    running = toy("refuse-order", workers=1)
    running.until("toy: all serve")
    (first,) = running.workers()
    running.process.send_signal(signal.SIGHUP)
    running.until("toy: reloaded, 1")
    assert f"(process {first}) cannot take up the new configuration and is replaced: no generation 1" in running.log
    assert running.log.index("serves, ", running.log.index("is replaced")) < running.log.index(f"(process {first}) has left")


def test_a_worker_that_does_not_answer_an_order_is_replaced(toy: Start) -> None:
    running = toy("hang-order", workers=1, silence=2.0, drain=0.1)
    running.until("toy: all serve")
    running.process.send_signal(signal.SIGHUP)
    running.until("toy: reloaded")
    late = re.search(r"\(process (\d+)\) did not take up the new configuration in time and is replaced", running.log)
    assert late
    running.until(rf"\(process {late[1]}\) .*\n(?:.*\n)*.*serves")


def test_a_refused_reload_changes_nothing(toy: Start) -> None:
    running = toy("refuse-reload")
    running.until("toy: all serve")
    before = running.workers()
    running.process.send_signal(signal.SIGHUP)
    assert running.stop() == 0
    assert "toy: reloaded" not in running.log
    assert len(re.findall("serves", running.log)) == len(before)


def test_the_service_manager_hears_of_every_step(toy: Start, tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(10)
        running = toy(NOTIFY_SOCKET=str(address))
        assert manager.recv(4096) == b"READY=1\nSTATUS=2 workers serve\n"
        running.process.send_signal(signal.SIGHUP)
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+\n", manager.recv(4096))
        assert manager.recv(4096) == b"READY=1\nSTATUS=2 workers serve\n"
        running.process.send_signal(signal.SIGTERM)
        assert manager.recv(4096).startswith(b"STOPPING=1\n")
        assert running.process.wait(10) == 0


def test_the_watchdog_is_fed_while_workers_live_and_no_longer(toy: Start) -> None:
    name = f"kerbauth-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")  # an abstract socket
        manager.settimeout(10)
        running = toy(workers=1, silence=3600.0, NOTIFY_SOCKET=f"@{name}", WATCHDOG_USEC="400000")
        assert manager.recv(4096).startswith(b"READY=1")
        began = time.monotonic()
        assert [manager.recv(4096) for _ in range(3)] == [b"WATCHDOG=1\n"] * 3
        assert 0.3 < time.monotonic() - began < 3.0
        assert running.stop() == 0


def test_the_watchdog_starves_where_no_worker_serves(toy: Start) -> None:
    name = f"kerbauth-starve-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(10)
        toy("crash-when-serving", workers=1, NOTIFY_SOCKET=f"@{name}", WATCHDOG_USEC="20000").until(r"waits 1 s", 1)
        manager.settimeout(0)
        fed = sum(packet == b"WATCHDOG=1\n" for packet in iter(partial(_waiting, manager), b""))
        assert fed < 10, "half a second of pause would be fifty signs of life"


def _waiting(manager: socket.socket) -> bytes:
    try:
        return manager.recv(4096)
    except BlockingIOError:
        return b""
