import asyncio
import threading

import pytest

from kerbauth.kdc.bulkhead import Bulkhead, DeadlineError, FullError


async def test_the_result_comes_back() -> None:
    assert await Bulkhead(1).run(5, lambda: 42) == 42


async def test_what_the_call_raises_comes_back() -> None:
    def fail() -> None:
        raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        await Bulkhead(1).run(5, fail)


async def test_the_event_loop_goes_on_while_a_call_blocks() -> None:
    released = threading.Event()
    call = asyncio.create_task(Bulkhead(1).run(5, lambda: released.wait(5)))
    await asyncio.sleep(0)
    released.set()
    assert await call is True


async def test_a_call_past_its_deadline_is_abandoned_and_keeps_its_slot() -> None:
    bulkhead, released = Bulkhead(1), threading.Event()
    with pytest.raises(DeadlineError):
        await bulkhead.run(0.01, lambda: released.wait(5))
    with pytest.raises(FullError) as full:
        await bulkhead.run(5, lambda: None)
    assert full.value.abandoned
    released.set()


async def test_an_abandoned_calls_slot_comes_back_when_it_ends() -> None:
    bulkhead, released = Bulkhead(2), threading.Event()
    with pytest.raises(DeadlineError):
        await bulkhead.run(0.01, lambda: released.wait(5))
    released.set()
    assert [await bulkhead.run(5, lambda: 1), await bulkhead.run(5, lambda: 2)] == [1, 2]
    assert await asyncio.gather(bulkhead.run(5, lambda: 3), bulkhead.run(5, lambda: 4)) == [3, 4]


async def test_an_abandoned_calls_failure_is_dropped() -> None:
    bulkhead, released = Bulkhead(2), threading.Event()

    def fail_late() -> None:
        released.wait(5)
        raise KeyError("nobody hears this")

    with pytest.raises(DeadlineError):
        await bulkhead.run(0.01, fail_late)
    released.set()
    assert await bulkhead.run(5, lambda: "next") == "next"


async def test_a_full_bulkhead_of_live_calls_is_busy_not_silent() -> None:
    bulkhead, released = Bulkhead(1), threading.Event()
    first = asyncio.create_task(bulkhead.run(5, lambda: released.wait(5)))
    await asyncio.sleep(0)
    with pytest.raises(FullError) as full:
        await bulkhead.run(0.01, lambda: None)
    assert not full.value.abandoned
    released.set()
    assert await first


async def test_a_waiting_call_runs_when_a_slot_comes_free() -> None:
    bulkhead, released = Bulkhead(1), threading.Event()
    first = asyncio.create_task(bulkhead.run(5, lambda: released.wait(5)))
    second = asyncio.create_task(bulkhead.run(5, lambda: "second"))
    await asyncio.sleep(0)
    released.set()
    assert (await first, await second) == (True, "second")


async def test_a_cancelled_callers_call_keeps_its_slot_until_it_ends() -> None:
    bulkhead, begun, released = Bulkhead(1), threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return released.wait(5)

    call = asyncio.create_task(bulkhead.run(5, wait))
    await asyncio.to_thread(begun.wait, 5)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(FullError):
        await bulkhead.run(5, lambda: None)
    released.set()
    for thread in threading.enumerate():
        if thread.name == "kerberos":
            await asyncio.to_thread(thread.join, 5)
    await asyncio.sleep(0)  # the loop's own turn to hear of it
    assert await bulkhead.run(5, lambda: "free again") == "free again"


async def test_a_call_is_not_begun_when_its_answer_would_come_too_late() -> None:
    bulkhead, released, begun = Bulkhead(1), threading.Event(), []
    first = asyncio.create_task(bulkhead.run(5, lambda: released.wait(5)))
    await asyncio.sleep(0)
    late = asyncio.create_task(bulkhead.run(0.1, lambda: begun.append("late")))
    asyncio.get_running_loop().call_later(0.09, released.set)
    with pytest.raises(FullError):
        await late
    assert await first
    assert begun == []


async def test_above_the_queues_limit_a_call_is_refused_at_once() -> None:
    bulkhead, released = Bulkhead(1, queue=1), threading.Event()
    first = asyncio.create_task(bulkhead.run(5, lambda: released.wait(5)))
    second = asyncio.create_task(bulkhead.run(5, lambda: "waited"))
    await asyncio.sleep(0)
    with pytest.raises(FullError) as full:
        await bulkhead.run(5, lambda: None)
    assert (full.value.queue, full.value.abandoned) == (True, False)
    released.set()
    assert (await first, await second) == (True, "waited")


async def test_a_free_slot_needs_no_queue() -> None:
    assert await Bulkhead(1, queue=0).run(5, lambda: 42) == 42


async def test_what_comes_of_an_abandoned_call_is_told_late() -> None:
    bulkhead, released = Bulkhead(1), threading.Event()
    told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    with pytest.raises(DeadlineError):
        await bulkhead.run(0.01, lambda: released.wait(5), told.set_result)
    assert not told.done()
    released.set()
    assert await told is True


async def test_what_comes_of_a_cancelled_callers_call_is_told_late() -> None:
    bulkhead, begun, released = Bulkhead(1), threading.Event(), threading.Event()
    told: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def wait() -> bool:
        begun.set()
        return released.wait(5)

    call = asyncio.create_task(bulkhead.run(5, wait, told.set_result))
    await asyncio.to_thread(begun.wait, 5)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    released.set()
    assert await told is True


async def test_an_abandoned_call_that_fails_is_told_late_as_nothing() -> None:
    bulkhead, released = Bulkhead(1), threading.Event()
    told: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def fail_late() -> None:
        released.wait(5)
        raise KeyError("nobody hears this")

    with pytest.raises(DeadlineError):
        await bulkhead.run(0.01, fail_late, told.set_result)
    released.set()
    assert await told is None


async def test_a_call_that_ends_in_time_is_not_told_late() -> None:
    told: list[object] = []
    assert await Bulkhead(1).run(5, lambda: 42, told.append) == 42
    assert told == []


async def test_a_call_that_was_cancelled_while_it_waited_is_told_late_as_nothing() -> None:
    bulkhead, released = Bulkhead(1), threading.Event()
    first = asyncio.create_task(bulkhead.run(5, lambda: released.wait(5)))
    told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(bulkhead.run(5, lambda: "never", told.set_result))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert told.result() is None
    released.set()
    assert await first
