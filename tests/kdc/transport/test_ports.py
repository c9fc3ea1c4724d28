import asyncio
import socket
from collections.abc import Iterator

import pytest

from kerbauth.kdc.transport import ports as module
from kerbauth.kdc.transport.ports import HELD, HOLD, REST, RestingPorts, kept_sockets


class Port(socket.socket):
    """A socket with a port of our choice."""

    def __init__(self, port: int) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", self._port


@pytest.fixture
def ports() -> Iterator[RestingPorts]:
    made = RestingPorts()
    yield made
    made.release()


async def test_a_port_rests_for_its_time_and_no_longer(ports: RestingPorts) -> None:
    ports.rest(Port(1000), 5.0)
    assert (ports.rests(1000, 5.0), ports.rests(1000, 5.0 + REST - 1), ports.rests(1000, 5.0 + REST)) == (True, True, False)
    assert not ports.rests(1001, 5.0)


async def test_a_port_that_rests_again_begins_anew(ports: RestingPorts) -> None:
    ports.rest(Port(1000), 0.0)
    ports.rest(Port(1000), REST - 1)
    assert ports.rests(1000, REST + 1)


async def test_what_is_over_is_forgotten(ports: RestingPorts) -> None:
    ports.rest(Port(1000), 0.0)
    ports.rest(Port(1001), REST)
    assert set(ports._since) == {1001}


async def test_a_bounded_number_of_ports_rests(ports: RestingPorts) -> None:
    for port in range(module.RESTING + 1):
        ports.rest(Port(port), 0.0)
    assert (ports.rests(0, 0.0), ports.rests(1, 0.0), ports.rests(module.RESTING, 0.0)) == (False, True, True)


async def test_the_socket_is_kept_so_that_nobody_else_gets_its_port_until_it_is_released(ports: RestingPorts) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ours.connect(server.getsockname())
        where = ours.getsockname()
        ports.rest(ours, 0.0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
            other.bind(where)
        ports.release()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(where)


async def test_no_more_sockets_are_kept_than_the_limit(ports: RestingPorts) -> None:
    kept = [Port(port) for port in range(HELD + 1)]
    for each in kept:
        ports.rest(each, 0.0)
    assert [each.fileno() == -1 for each in kept] == [True] + [False] * HELD


async def test_what_was_kept_long_enough_is_closed(ports: RestingPorts) -> None:
    kept, loop = Port(1000), asyncio.get_running_loop()
    ports.rest(kept, loop.time() - HOLD)
    ports.rest(Port(1001), loop.time())
    async with asyncio.timeout(5):
        while kept.fileno() != -1:  # noqa: ASYNC110 -- the timer is due in the loop's next turn
            await asyncio.sleep(0)
    assert len(kept_sockets()) == 1


async def test_one_timer_sees_to_all_sockets_however_often_they_are_released(ports: RestingPorts) -> None:
    def pending() -> int:
        return sum(not timer.cancelled() for timer in asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]  # asyncio's own, told nowhere else

    before, other = pending(), RestingPorts()
    for port in range(3):
        ports.rest(Port(port), asyncio.get_running_loop().time())
        ports.release()
    assert pending() == before
    ports.rest(Port(1000), asyncio.get_running_loop().time())
    other.rest(Port(1001), asyncio.get_running_loop().time())
    ports.release()
    assert pending() == before + 1
    other.release()
    assert pending() == before


async def test_the_limit_is_for_the_process_and_the_oldest_goes_first_whosever_it_is(ports: RestingPorts) -> None:
    others, oldest = RestingPorts(), Port(0)
    others.rest(oldest, 0.0)
    for port in range(1, HELD + 1):
        ports.rest(Port(port), 0.0)
    assert (oldest.fileno(), len(kept_sockets())) == (-1, HELD)
    assert others.rests(0, 0.0)


async def test_what_is_kept_for_another_kdc_stays_when_one_is_released(ports: RestingPorts) -> None:
    other, kept = RestingPorts(), Port(1000)
    other.rest(kept, asyncio.get_running_loop().time())
    ports.rest(Port(1001), asyncio.get_running_loop().time())
    ports.release()
    assert kept.fileno() != -1
    other.release()
    assert kept.fileno() == -1


async def test_when_the_kdc_is_asked_no_more_nothing_is_kept(ports: RestingPorts) -> None:
    before, after = Port(1000), Port(1001)
    ports.rest(before, 0.0)
    ports.end()
    ports.rest(after, 0.0)
    assert [before.fileno(), after.fileno()] == [-1, -1]
