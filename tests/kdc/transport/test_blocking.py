"""Blocking calls off the event loop."""

import asyncio
import subprocess
import sys
import threading

import pytest

from kerbauth.kdc.transport.blocking import Blocking


async def test_the_result_comes_back() -> None:
    assert await Blocking(1).run(5, lambda: 42) == 42


async def test_what_is_raised_comes_back() -> None:
    def fail() -> None:
        raise OSError(5, "no")

    with pytest.raises(OSError, match="no"):
        await Blocking(1).run(5, fail)


async def test_the_event_loop_goes_on_meanwhile() -> None:
    released = threading.Event()
    call = asyncio.create_task(Blocking(1).run(5, lambda: released.wait(5)))
    await asyncio.sleep(0)
    released.set()
    assert await call is True


async def test_a_call_that_takes_too_long_keeps_its_place_until_it_ends() -> None:
    calls, released = Blocking(1), threading.Event()
    with pytest.raises(TimeoutError):
        await calls.run(0.01, lambda: released.wait(5))
    with pytest.raises(TimeoutError):
        await calls.run(0.01, lambda: None)
    released.set()
    assert await calls.run(5, lambda: "next") == "next"


async def test_a_call_that_fails_too_late_is_nobodys_error() -> None:
    calls, released = Blocking(1), threading.Event()

    def fail_late() -> None:
        released.wait(5)
        raise ValueError

    with pytest.raises(TimeoutError):
        await calls.run(0.01, fail_late)
    released.set()
    assert await calls.run(5, lambda: "next") == "next"


async def test_no_more_calls_than_the_limit_are_under_way() -> None:
    calls, released, begun = Blocking(2), threading.Event(), list[int]()

    def work(number: int) -> bool:
        begun.append(number)
        return released.wait(5)

    under_way = [asyncio.create_task(calls.run(5, lambda number=number: work(number))) for number in range(4)]  # type: ignore[misc]  # the default binds it now
    async with asyncio.timeout(5):
        while len(begun) < 2:  # noqa: ASYNC110 -- a thread has begun
            await asyncio.sleep(0.001)
    assert len(begun) == 2
    released.set()
    assert await asyncio.gather(*under_way) == [True] * 4


async def test_whoever_is_cancelled_while_waiting_for_a_place_takes_none() -> None:
    calls, released = Blocking(1), threading.Event()
    first = asyncio.create_task(calls.run(5, lambda: released.wait(5)))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(calls.run(5, lambda: None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    released.set()
    await first
    assert await calls.run(5, lambda: "next") == "next"


async def test_without_a_thread_to_be_had_nothing_is_called_and_no_place_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(self: threading.Thread) -> None:
        raise RuntimeError

    calls = Blocking(1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none_left)
        with pytest.raises(TimeoutError):
            await calls.run(5, lambda: None)
    assert await calls.run(5, lambda: "next") == "next"


def test_a_call_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    script = (
        "import asyncio, threading\n"
        "from kerbauth.kdc.transport.blocking import Blocking\n"
        "async def main():\n"
        "    try:\n"
        "        await Blocking(1).run(0.01, threading.Event().wait)\n"
        "    except TimeoutError:\n"
        "        pass\n"
        "asyncio.run(main())\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
