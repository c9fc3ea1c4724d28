"""Where libkrb5 works: its short steps at once, and what takes milliseconds in threads, as many as there are cores.

A step of an exchange takes 15 to 70 us (measured), much less than it takes to hand it to a thread and to hear of its end; and a thread that
calls the library dozens of times competes for the interpreter lock each time. Only making a key from a password is long: 0.9 ms for
RFC 3962's default of 4,096 iterations, 13 ms for RFC 8009's 32,768.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from kerbauth.kdc.libkrb5.context import Context

Result = TypeVar("Result")


class Cpu:
    """Threads for what would hold up the event loop. How many wait for one is bounded by the realms' slots."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="kerberos")

    async def run(self, function: Callable[[], Result]) -> Result:
        """Call `function` in a thread. Raises what it raises. Whoever waits may give up; the thread goes on."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    async def run_in(self, context: Context, function: Callable[[], Result]) -> Result:
        """The same, with the context held: nobody else is in it meanwhile, and `free` waits for the end."""

        def work() -> Result:
            with context:
                return function()

        return await self.run(work)

    def free(self, context: Context) -> None:
        """Close a context once nobody is inside, without waiting for that."""
        if not context.close_if_idle():
            self._threads.submit(context.close)

    def close(self) -> None:
        """Let the threads end when their work is done."""
        self._threads.shutdown(wait=False)
