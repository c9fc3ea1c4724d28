"""A worker's side: an event loop that serves, says every second that it turns, and does what the supervisor asks."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from kerbauth.process.hardening import resident_bytes
from kerbauth.process.messages import Channel, Closed, Message, Word

BEAT: Final = 1.0
"""Seconds between two signs of life."""

_log: Final = logging.getLogger(__name__)


class CannotServeError(Exception):
    """A worker cannot do what it is asked. `problems` say why, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Duty(Protocol):
    """What a worker does."""

    @property
    def memory_limit(self) -> int:
        """Bytes of memory above which the worker asks to be replaced; 0 for no limit."""
        ...

    async def begin(self) -> None:
        """Begin to serve, and return. Raises CannotServeError."""
        ...

    async def load(self, order: str) -> None:
        """Take up what the supervisor has loaded, without disturbing what is under way. Raises CannotServeError."""
        ...

    def kept(self) -> None:
        """A reload was refused by the supervisor, and all stays as it was."""
        ...

    async def drain(self) -> None:
        """Take no more work; return when what is under way has ended, or its time is up. Cancelled where nothing is to be waited for."""
        ...

    async def close(self) -> None:
        """Let everything go. Called last, in any case."""
        ...


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker's place: its number, which no other worker has at the same time, and its line to the supervisor."""

    number: int
    channel: Channel


def attend(seat: Seat, duty: Duty) -> int:
    """Do the duty until the supervisor says so or is no more; the exit status: 0 after a drain, 3 if it could not begin."""
    return asyncio.run(_Attendance(seat, duty).run())


class _Attendance:
    def __init__(self, seat: Seat, duty: Duty) -> None:
        self._seat = seat
        self._duty = duty
        self._orders: asyncio.Queue[Message] = asyncio.Queue()
        self._stop = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._seat.channel.fileno(), self._listen)
        loop.add_signal_handler(signal.SIGTERM, self._orders.put_nowait, Message(Word.DRAIN))
        beat = asyncio.create_task(self._beat())
        try:
            try:
                await self._duty.begin()
            except CannotServeError as error:
                self._say(Word.FAILED, text="\n".join(error.problems))
                return 3
            self._say(Word.READY)
            await self._obey()
            await self._drain()
            return 0
        finally:
            beat.cancel()
            loop.remove_reader(self._seat.channel.fileno())
            await self._duty.close()

    def _listen(self) -> None:
        while (heard := self._seat.channel.receive()) is not None:
            if isinstance(heard, Closed):
                # The supervisor is no more: nobody would replace or stop us, so we end what is under way and leave.
                _log.error("worker %d: the supervisor is gone; draining", self._seat.number)
                asyncio.get_running_loop().remove_reader(self._seat.channel.fileno())
                self._orders.put_nowait(Message(Word.DRAIN))
                return
            if heard.word is Word.STOP:
                self._stop.set()
            self._orders.put_nowait(heard)

    async def _obey(self) -> None:
        """Carry orders out until one ends the work."""
        while (order := await self._orders.get()).word in {Word.LOAD, Word.KEEP}:
            if order.word is Word.KEEP:
                self._duty.kept()
                continue
            try:
                await self._duty.load(order.text)
            except CannotServeError as error:
                self._say(Word.REFUSED, order.number, "; ".join(error.problems))
            else:
                self._say(Word.LOADED, order.number)

    async def _drain(self) -> None:
        drained, stopped = asyncio.create_task(self._duty.drain()), asyncio.create_task(self._stop.wait())
        await asyncio.wait({drained, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (drained, stopped):
            task.cancel()
        await asyncio.wait({drained, stopped})
        if not drained.cancelled():
            drained.result()

    async def _beat(self) -> None:
        asked, at_birth = 0, resident_bytes()
        while True:
            self._say(Word.ALIVE)
            limit, resident = self._duty.memory_limit, resident_bytes()
            if 0 < limit < resident and asked != limit:  # once for each limit: a reload may raise it
                asked = limit
                if limit > at_birth:
                    self._say(Word.REPLACE, text=f"it holds {resident >> 20} MiB of memory, and may hold {limit >> 20}")
                else:  # so would the next one: nothing is won by replacing it
                    _log.error("worker %d began with %d MiB; a limit of %d is not kept", self._seat.number, at_birth >> 20, limit >> 20)
            await asyncio.sleep(BEAT)

    def _say(self, word: Word, number: int = 0, text: str = "") -> None:
        self._seat.channel.send(Message(word, number, text))
