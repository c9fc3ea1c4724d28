"""A service that does nothing, under a real supervisor: what its workers do is said on the command line.

    python -m tests.process.toy WORKERS SILENCE DRAIN BEHAVIOUR...

Behaviours: crash-at-start, raise-at-start, refuse-at-start, crash-when-serving, refuse-order, hang-order, refuse-reload, ignore-drain,
stuck.
"""

import asyncio
import logging
import os
import signal
import sys
import time

from kerbauth.process.supervisor import Supervisor
from kerbauth.process.systemd import Notifier
from kerbauth.process.work import NoWorkerError, Policy
from kerbauth.process.worker import CannotServeError, Seat, attend

_log = logging.getLogger(__name__)


class ToyDuty:
    memory_limit = 0

    def __init__(self, behaviour: list[str], generation: int) -> None:
        self.behaviour = behaviour
        self.generation = generation

    async def begin(self) -> None:
        if "crash-at-start" in self.behaviour:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "raise-at-start" in self.behaviour:
            msg = "canary-exception-text"
            raise RuntimeError(msg)
        if "refuse-at-start" in self.behaviour:
            raise CannotServeError(["the first reason", "the second reason"])
        if "crash-when-serving" in self.behaviour:
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGKILL)
        if "stuck" in self.behaviour and self.generation == 0:
            asyncio.get_running_loop().call_later(0.1, time.sleep, 60)

    async def load(self, order: str) -> None:
        if "refuse-order" in self.behaviour:
            raise CannotServeError([f"no {order}"])
        if "hang-order" in self.behaviour:
            await asyncio.sleep(60)

    async def drain(self) -> None:
        if "ignore-drain" in self.behaviour:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                time.sleep(60)  # noqa: ASYNC251 -- a worker that hangs is what it plays

    async def close(self) -> None:
        return


class ToyWork:
    def __init__(self, policy: Policy, behaviour: list[str]) -> None:
        self.policy = policy
        self.behaviour = behaviour
        self.generation = 0

    def serve(self, seat: Seat) -> int:
        return attend(seat, ToyDuty(self.behaviour, self.generation))

    def reload(self) -> str | None:
        if "refuse-reload" in self.behaviour:
            return None
        self.generation += 1
        return f"generation {self.generation}"

    def changed(self) -> bool:
        return False

    def serving(self) -> None:
        _log.info("toy: all serve")

    def reloaded(self, workers: int) -> None:
        _log.info("toy: reloaded, %d", workers)

    def stop_listening(self) -> None:
        _log.info("toy: stops listening")


def main(workers: str, silence: str, drain: str, *behaviour: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        Supervisor(ToyWork(Policy(int(workers), float(silence), float(drain)), list(behaviour)), Notifier(os.environ)).run()
    except NoWorkerError as error:
        _log.exception("toy: found out %s: %s", error.found_out, error.problems)
        sys.exit(3)


if __name__ == "__main__":
    main(*sys.argv[1:])
