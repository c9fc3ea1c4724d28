"""The supervisor: one thread, no event loop, and nothing of what its workers do. It forks them, hears them, and replaces them."""

import logging
import os
import selectors
import signal
import time
from contextlib import ExitStack
from typing import Final

from kerbauth.process.birth import Closable, fork
from kerbauth.process.child import Child, State
from kerbauth.process.messages import Channel, Closed, Message, Word
from kerbauth.process.patience import Patience
from kerbauth.process.reload import Round
from kerbauth.process.signals import Signals
from kerbauth.process.systemd import Notifier
from kerbauth.process.work import NoWorkerError, Work
from kerbauth.process.worker import Seat

TICK: Final = 1.0
"""Seconds between two looks at what makes no sound: silence, deadlines, changed files."""

STOP_SECONDS: Final = 5.0
"""What a worker gets beyond its drain to close what it has open, and to leave when it is told to stop; then it is killed."""

FIRST_TRIES: Final = 3
"""So many workers may end before any was ready; then the start has failed."""

_log: Final = logging.getLogger(__name__)


class Supervisor:
    """Runs workers until it is told to stop.

    SIGTERM and SIGINT drain, a second one stops at once; SIGHUP reloads. Call `run` once, in the main thread of a process without
    other threads: a fork would take their locks along and leave them behind.
    """

    def __init__(self, work: Work, notifier: Notifier) -> None:
        self._work = work
        self._notifier = notifier
        self._selector = selectors.DefaultSelector()
        self._signals = Signals()
        self._children: list[Child] = []
        self._patience = Patience()
        self._not_before = 0.0
        self._complete = False  # all workers served once
        self._ended_early = 0
        self._order = 0
        self._round: Round | None = None
        self._reload_wanted = False
        self._stopping = False
        self._next_tick = 0.0
        self._next_watchdog = 0.0

    def run(self) -> None:
        """Supervise until the end. Raises NoWorkerError if the start fails; then no worker is left."""
        with ExitStack() as cleanup:
            cleanup.callback(self._selector.close)
            cleanup.enter_context(self._signals)
            cleanup.callback(self._kill_all)
            self._selector.register(self._signals, selectors.EVENT_READ)
            self._reconcile()
            while self._children or not self._stopping:
                self._turn()

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._until_next()):
            if isinstance(key.fileobj, Signals):
                self._heed()
            elif isinstance(key.data, Child):
                self._hear(key.data)
        self._reap()
        if time.monotonic() >= self._next_tick:
            self._tick()
        if self._reload_wanted and self._round is None and self._complete and not self._stopping:
            self._reload()
        self._end_round()
        self._reconcile()
        self._feed_watchdog()

    def _until_next(self) -> float:
        moments = [self._next_tick, *(child.ends for child in self._children if child.ends is not None)]
        if self._notifier.watchdog_seconds:
            moments.append(self._next_watchdog)
        if self._not_before > time.monotonic():
            moments.append(self._not_before)
        return max(0.0, min(moments) - time.monotonic())

    # signals and messages

    def _heed(self) -> None:
        for number in self._signals.received():
            if number == signal.SIGHUP:
                self._reload_wanted = True
            elif number in {signal.SIGTERM, signal.SIGINT}:
                self._stop(signal.Signals(number).name)

    def _stop(self, why: str) -> None:
        if self._stopping:
            _log.warning("%s again: stopping at once", why)
            for child in self._children:
                child.leave(Word.STOP, STOP_SECONDS)
            return
        _log.info("%s: draining; no new connections, what is under way ends within %g seconds", why, self._work.policy.drain)
        self._stopping = True
        self._notifier.stopping()
        self._work.stop_listening()
        for child in self._children:
            child.leave(Word.DRAIN, self._work.policy.drain + STOP_SECONDS)

    def _hear(self, child: Child) -> None:
        while (heard := child.channel.receive()) is not None:
            if isinstance(heard, Closed):
                self._hang_up(child)
                return
            child.heard = time.monotonic()
            self._take(child, heard)

    def _take(self, child: Child, heard: Message) -> None:
        match heard.word:
            case Word.READY:
                child.served_since = child.heard
                if child.state is State.STARTING:
                    child.state = State.SERVING
                _log.info("%s serves, %.2f seconds after its start", child.name, child.heard - child.began)
            case Word.FAILED:
                child.refused = tuple(heard.text.splitlines())
            case Word.REPLACE:
                _log.warning("%s is replaced: %s", child.name, heard.text)
                child.retiring = True
            case Word.LOADED | Word.REFUSED if self._round is not None and heard.number == self._round.order:
                self._round.answered(child)
                if heard.word is Word.REFUSED:
                    _log.error("%s cannot take up the new configuration and is replaced: %s", child.name, heard.text)
                    child.retiring = True
            case _:  # a sign of life, or an answer that nobody waits for any more
                return

    def _hang_up(self, child: Child) -> None:
        if child.channel.fileno() in self._selector.get_map():
            self._selector.unregister(child.channel)

    # deaths and births

    def _reap(self) -> None:
        for child in [child for child in self._children if child.reaped()]:
            self._hear(child)  # its last words
            self._hang_up(child)
            child.channel.close()
            self._children.remove(child)
            if self._round is not None:
                self._round.answered(child)
            self._mourn(child)

    def _mourn(self, child: Child) -> None:
        if child.state is State.LEAVING:
            _log.info("%s %s", child.name, child.end if child.status else "has left")
            return
        now = time.monotonic()
        if not self._complete:
            self._ended_early += 1
            if child.refused:
                raise NoWorkerError(child.refused, found_out=True)
            if self._ended_early >= FIRST_TRIES:
                raise NoWorkerError((f"no worker comes up: {child.name} {child.end}, like the ones before it",), found_out=False)
        pause = self._patience.ended(None if child.served_since is None else now - child.served_since)
        self._not_before = now + pause
        reasons = f": {'; '.join(child.refused)}" if child.refused else ""
        again = f"; the {self._patience.failures}th in a row that ended at once, so the next one waits {pause:g} s" if pause else ""
        _log.error("%s %s and is replaced%s%s", child.name, child.end, reasons, again)

    def _reconcile(self) -> None:
        """Bring what is there towards what shall be there."""
        if self._stopping:
            return
        wanted = self._work.policy.workers
        while len(self._active()) < wanted and time.monotonic() >= self._not_before:
            if not self._beget():
                break
        serving = sum(child.state is State.SERVING for child in self._active())
        if serving < wanted:
            return
        for child in self._children:
            if child.retiring and child.state is State.SERVING:
                child.leave(Word.DRAIN, self._work.policy.drain + STOP_SECONDS)
        if not self._complete:
            self._complete = True
            self._work.serving()
            self._notifier.ready(f"{wanted} workers serve")

    def _active(self) -> list[Child]:
        return [child for child in self._children if child.state is not State.LEAVING and not child.retiring]

    def _beget(self) -> bool:
        taken = {child.seat for child in self._children}
        seat = next(number for number in range(len(taken) + 1) if number not in taken)
        ours, theirs = Channel.pair()
        try:
            pid = fork(lambda: self._work.serve(Seat(seat, theirs)), [*self._own(), ours])
        except OSError as error:
            ours.close()
            theirs.close()
            self._not_before = time.monotonic() + self._patience.ended(None) + TICK
            _log.critical("ALARM no worker can be started: %s", error.strerror)
            return False
        theirs.close()
        child = Child(pid, seat, ours)
        self._children.append(child)
        self._selector.register(ours, selectors.EVENT_READ, child)
        return True

    def _own(self) -> list[Closable]:
        """What a new process closes: also the lines to its siblings, which would not see our end otherwise."""
        return [self._signals, self._selector, *(child.channel for child in self._children)]

    def _kill_all(self) -> None:
        for child in self._children:
            if not child.reaped():
                child.kill()
                os.waitpid(child.pid, 0)
            child.channel.close()
        self._children.clear()

    # the passing of time

    def _tick(self) -> None:
        now = time.monotonic()
        self._next_tick = now + TICK
        silence = self._work.policy.silence
        for child in self._children:
            if child.ends is not None and now >= child.ends:
                _log.error("%s has not left in time and is killed", child.name)
                child.kill()
            elif now - child.heard > silence:  # it says that it lives while it drains, too
                _log.error("%s gave no sign of life for %g seconds and is killed", child.name, silence)
                child.kill()
        if not self._stopping and self._work.changed():
            self._reload_wanted = True

    def _feed_watchdog(self) -> None:
        now = time.monotonic()
        if not self._notifier.watchdog_seconds or now < self._next_watchdog:
            return
        self._next_watchdog = now + self._notifier.watchdog_seconds
        if any(child.served_since is not None and now - child.heard <= self._work.policy.silence for child in self._children):
            self._notifier.alive()

    # reload

    def _reload(self) -> None:
        self._reload_wanted = False
        self._notifier.reloading()
        order = self._work.reload()
        if order is None:
            for child in self._children:
                child.tell(Word.KEEP)
            self._notifier.ready("a reload was refused; the last good configuration serves")
            return
        self._order += 1
        told = [child for child in self._children if child.state is not State.LEAVING]
        for child in told:
            child.tell(Word.LOAD, self._order, order)
        self._round = Round(self._order, told, time.monotonic(), self._work.policy.silence)

    def _end_round(self) -> None:
        """Close a round in which everybody has answered and all serve, or in which even the replacements' time is up."""
        if self._round is None:
            return
        for child in self._round.overdue(time.monotonic()):
            _log.error("%s did not take up the new configuration in time and is replaced", child.name)
            child.retiring = True
        serving = sum(child.state is State.SERVING for child in self._active())
        settled = not self._round.open and serving >= self._work.policy.workers and not any(child.retiring for child in self._children)
        if not settled and not self._round.over(time.monotonic()):
            return
        self._round = None
        self._work.reloaded(serving)
        self._notifier.ready(f"{serving} workers serve")
