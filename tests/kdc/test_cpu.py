"""The threads for long work: a context is never freed under one of them."""

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.context import ClosedError, Context


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)


@pytest.fixture
def cpu() -> Iterator[Cpu]:
    made = Cpu()
    yield made
    made.close()


def is_closed(context: Context) -> bool:
    try:
        with context:
            return False
    except ClosedError:
        return True


async def test_long_work_is_done_in_another_thread_and_its_failure_is_the_callers(cpu: Cpu) -> None:
    assert await cpu.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await cpu.run(lambda: 1 // 0)


def test_a_context_that_nobody_is_in_is_freed_at_once(cpu: Cpu) -> None:
    context = Context()
    cpu.free(context)
    assert is_closed(context)


async def test_a_context_that_a_thread_is_in_is_freed_when_it_has_left(cpu: Cpu) -> None:
    context, inside, leave, freed = Context(), threading.Event(), threading.Event(), threading.Event()
    context.own(freed.set)

    def work() -> bool:
        inside.set()
        leave.wait(10)
        return freed.is_set()

    working = cpu.run_in(context, work)
    task = asyncio.ensure_future(working)
    await cpu.run(lambda: inside.wait(10))
    cpu.free(context)
    leave.set()
    assert await task is False
    assert await asyncio.to_thread(freed.wait, 10)
    assert is_closed(context)
