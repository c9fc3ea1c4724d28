"""The threads in which libkrb5 works: as many as there are cores, since what they do is CPU time and nothing else."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from kerbauth.kdc.libkrb5.context import Context

Result = TypeVar("Result")


class Cpu:
    """Runs steps of conversations off the event loop. How many wait for a thread is bounded by the realms' slots."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="kerberos")

    async def run(self, context: Context, function: Callable[[], Result]) -> Result:
        """Call `function` in a thread that holds the context. Raises what it raises.

        Whoever waits may give up: the step goes on, and `context.close` waits for its end.
        """

        def work() -> Result:
            with context:
                return function()

        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def open(self) -> Context:
        """A new context. Raises LibraryError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, Context)

    def free(self, context: Context) -> None:
        """Close a context once nobody is inside, without waiting for that."""
        self._threads.submit(context.close)

    def close(self) -> None:
        """Let the threads end when their work is done."""
        self._threads.shutdown(wait=False)
