"""Places for connections over TCP: who gets one, and who has to give it back."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.connections import OVERTAKEN
from kerbauth.kdc.transport.errors import SilentKdcError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.kdc.transport.race import Answered
from kerbauth.kdc.transport.tcp import CONNECTIONS
from kerbauth.settings.kdcs import Transport
from tests.kdc.transport.realm import LONG, REQUEST, kdcs, within
from tests.kdc.transport.servers import LARGE, framed, read_request, swallowing, tcp_server

PASSWORD = b"a request with a password"
RECOVERY = 2.0  # seconds

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Hanging:
    """Answers everything but the first so many requests of one kind, unless it is told to: then it answers those too."""

    def __init__(self, hung: bytes, times: int) -> None:
        self._hung = hung
        self._times = times
        self._begun = asyncio.Semaphore(0)
        self.goes_on = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await read_request(reader) == self._hung and self._times:
            self._times -= 1
            self._begun.release()
            await self.goes_on.wait()
        writer.write(framed(LARGE))
        await writer.drain()

    async def hangs(self, times: int = 1) -> None:
        """Wait until so many more requests hang."""
        async with asyncio.timeout(5):
            for _ in range(times):
                await self._begun.acquire()


def realm(address: Address, places: int) -> Any:
    return kdcs(address, transport=Transport.TCP, workers=CONNECTIONS // places)


async def pinned(ours: Kdcs) -> Kdc:
    return (await ours.first(REQUEST, within(LONG))).kdc


def proof(ours: Kdcs, kdc: Kdc, until: float, late_until: float | None = None) -> asyncio.Task[Answered]:
    return asyncio.create_task(ours.again(kdc, PASSWORD, until, late_until=late_until))


async def test_whoever_only_listens_after_the_deadline_gives_place_to_a_login() -> None:
    hanging = Hanging(PASSWORD, 1)
    async with tcp_server(hanging) as one, realm(one.address, 1) as ours:
        late = proof(ours, await pinned(ours), within(0.1), within(LONG))
        await hanging.hangs()
        began = within(0)
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        assert within(0) - began < 0.4
        with pytest.raises(SilentKdcError, match="others waited for the connection") as gone:
            await late
        assert gone.value.reached
        assert ours.states()[0].standing is Standing.ANSWERS


async def test_it_is_listened_to_as_long_as_nobody_needs_the_place() -> None:
    hanging = Hanging(PASSWORD, 1)
    async with tcp_server(hanging) as one, realm(one.address, 2) as ours:
        late = proof(ours, await pinned(ours), within(0.05), within(LONG))
        await hanging.hangs()
        for _ in range(3):
            assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        asyncio.get_running_loop().call_later(0.1, hanging.goes_on.set)
        assert (await late).reply == LARGE


async def test_the_oldest_gives_place_and_no_more_than_are_waited_for() -> None:
    hanging = Hanging(PASSWORD, 3)
    async with tcp_server(hanging) as one, realm(one.address, 4) as ours:
        kdc = await pinned(ours)
        late = []
        for _ in range(3):
            late.append(proof(ours, kdc, within(0.05), within(LONG)))
            await hanging.hangs()
        await asyncio.wait(late, timeout=0.1)
        async with asyncio.timeout(5):
            await asyncio.gather(*(ours.first(REQUEST, within(LONG)) for _ in range(2)))
        assert [each.done() for each in late] == [True, False, False]
        hanging.goes_on.set()
        assert [(await each).reply for each in late[1:]] == [LARGE, LARGE]
        await asyncio.gather(late[0], return_exceptions=True)


async def test_a_login_within_its_deadline_keeps_its_place_while_nothing_shows_that_the_kdc_goes_on() -> None:
    hanging = Hanging(PASSWORD, 1)
    async with tcp_server(hanging) as one, realm(one.address, 1) as ours:
        kdc = await pinned(ours)
        first = proof(ours, kdc, within(LONG))
        await hanging.hangs()
        with pytest.raises(SilentKdcError, match="was in use") as second:
            await proof(ours, kdc, within(0.2), within(LONG))
        assert not second.value.reached
        hanging.goes_on.set()
        assert (await first).reply == LARGE


async def test_logins_go_on_within_two_seconds_after_the_kdc_even_if_others_hang_that_have_much_time_left() -> None:
    hanging = Hanging(PASSWORD, 2)
    async with tcp_server(hanging) as one, realm(one.address, 2) as ours:
        kdc = await pinned(ours)
        hung = [proof(ours, kdc, within(LONG)) for _ in range(2)]
        await hanging.hangs(2)
        began = within(0)
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        assert (await ours.again(kdc, PASSWORD, within(LONG))).reply == LARGE
        assert within(0) - began < RECOVERY
        assert [each.done() for each in hung] == [True, False]
        hanging.goes_on.set()
        with pytest.raises(SilentKdcError) as gone:
            await hung[0]
        assert gone.value.reached
        assert (await hung[1]).reply == LARGE


async def test_a_request_without_a_password_that_the_kdc_has_lost_is_sent_again_over_another_connection() -> None:
    hanging = Hanging(REQUEST, 2)
    async with tcp_server(hanging) as one, realm(one.address, 2) as ours:
        began = within(0)
        logins = await asyncio.gather(*(ours.first(REQUEST, within(LONG)) for _ in range(5)))
        assert [login.reply for login in logins] == [LARGE] * 5
        assert within(0) - began < RECOVERY


async def test_a_request_without_a_password_that_had_no_connection_when_it_gave_place_is_sent_over_another_one() -> None:
    with ExitStack() as swallowed:
        address = swallowed.enter_context(swallowing())
        async with realm(address, 1) as ours:
            logins = [asyncio.create_task(ours.first(REQUEST, within(LONG))) for _ in range(2)]
            _, pending = await asyncio.wait(logins, timeout=OVERTAKEN + 0.1)
            ours._lines[0].kdc.answered(0.0)  # a probe, say
            await asyncio.wait(logins, timeout=0.5)
            swallowed.close()
            async with tcp_server(Hanging(REQUEST, 0), port=address.where[1]):
                assert [(await login).reply for login in logins] == [LARGE] * 2
        assert pending == set(logins)


async def test_a_kdc_that_takes_a_second_for_each_answer_loses_nobody() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(1.1)
        writer.write(framed(LARGE))

    async with tcp_server(slow) as one, realm(one.address, 2) as ours:
        kdc = ours._lines[0].kdc
        replies = [(await each).reply for each in [proof(ours, kdc, within(LONG)) for _ in range(6)]]
        assert replies == [LARGE] * 6
