"""A realm's slots: so many logins at a time, so many behind them, and nobody waits beyond the deadline."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from kerbauth.kdc.slots import FullError, Slots


async def test_as_many_as_the_limit_are_let_in_and_the_next_one_when_one_ends() -> None:
    slots, entered = Slots(1), asyncio.Event()

    async def second() -> None:
        async with slots.one(5):
            entered.set()

    async with slots.one(5):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        assert not entered.is_set()
    await waiting
    assert entered.is_set()


async def test_the_time_that_is_left_is_told() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Slots(1).one(5) as until:
        assert began + 5 <= until <= loop.time() + 5


async def test_whoever_gets_no_slot_by_the_deadline_is_turned_away() -> None:
    slots = Slots(1)
    async with slots.one(5):
        with pytest.raises(FullError) as raised:
            async with slots.one(0.01):
                pytest.fail("let in beyond the limit")
    assert not raised.value.queue


async def test_a_full_queue_turns_away_at_once() -> None:
    slots = Slots(1, queue=1)

    async def wait() -> None:
        async with slots.one(5):
            pass

    async with slots.one(5):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        with pytest.raises(FullError) as raised:
            async with slots.one(5):
                pytest.fail("let in beyond the queue")
        assert raised.value.queue
    await waiting


async def test_with_too_little_time_left_a_login_is_not_begun_and_its_slot_is_free_again() -> None:
    slots = Slots(1)

    async def late() -> None:
        async with slots.one(0.2):
            pytest.fail("begun with no time left")

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(slots.one(5))
        waiting = asyncio.create_task(late())
        await asyncio.sleep(0.17)  # most of its time, but not all: it is to get the slot
    with pytest.raises(FullError):
        await waiting
    async with slots.one(5):
        pass


async def test_a_cancelled_login_gives_its_slot_back() -> None:
    slots = Slots(1)

    async def stay() -> None:
        async with slots.one(5):
            await asyncio.Event().wait()

    staying = asyncio.create_task(stay())
    await asyncio.sleep(0)
    staying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await staying
    async with slots.one(5):
        pass
