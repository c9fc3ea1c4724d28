"""Listening sockets: bound by ourselves, or passed by a service manager, as a real process sees them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kerbauth.process.sockets import listen, take_passed

# sd_listen_fds(3): the descriptors start at 3, and LISTEN_PID is the process they are meant for.
_RECEIVER = """
import os, sys
from kerbauth.process.sockets import PassedSocketError, take_passed
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="kerbauth.socket")
try:
    print(*(each.getsockname() for each in take_passed(os.environ)), [name for name in os.environ if name.startswith("LISTEN_")])
except PassedSocketError as error:
    print(error)
"""


def received(passed: int) -> str:
    done = subprocess.run([sys.executable, "-c", _RECEIVER, str(passed)], pass_fds=(passed,), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_bound_socket_listens_and_nobody_else_gets_its_address() -> None:
    (ours,) = listen("127.0.0.1", 0, 8)
    with ours:
        address = ours.getsockname()
        with socket.create_connection(address), pytest.raises(OSError, match="in use"):
            listen(*address, 8)


def test_an_address_that_is_not_here_leaves_nothing_open() -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        listen("192.0.2.1", 0, 8)  # RFC 5737: documentation only


def test_a_passed_listening_socket_is_taken_and_the_variables_are_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert received(server.fileno()) == f"{server.getsockname()} []"


def test_sockets_meant_for_another_process_are_left_alone() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid() + 1)}
    assert take_passed(environ) == ()
    assert environ == {}


def test_nothing_passed_is_nothing() -> None:
    assert take_passed({}) == ()


def test_a_socket_that_does_not_listen_is_refused() -> None:
    with socket.socket() as idle:
        assert "is not listening" in received(idle.fileno())


def test_a_unix_socket_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as local:
        assert "no TCP socket" in received(local.fileno())


def test_a_file_is_refused() -> None:
    with Path(os.devnull).open("rb") as file:
        assert "is no socket" in received(file.fileno())
