"""One pair of domains for all the processes of a test run: the first process makes them, the others copy them.

To provision a domain takes a processor three seconds, to copy one a tenth of a second. Each process starts controllers of its own on its
copies, at addresses of its own.
"""

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.ad.domain import Domain

Names = tuple[tuple[str, str], tuple[str, str]]


@contextlib.contextmanager
def pair(names: Names, seed: Callable[[Domain, Domain], None], shared: Path) -> Iterator[tuple[Domain, Domain]]:
    """Two running domains, (realm, NetBIOS name) each. `shared` is the folder of the run's processes for it.

    `seed` is called with both before they run, by the process that makes them. If that fails the next process tries again.
    """
    with contextlib.ExitStack() as stack:
        shared.mkdir(mode=0o700, exist_ok=True)
        with (shared / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (shared / "finished").exists():
                one, other = _copied(stack, names, shared)
            else:
                one, other = _made(stack, names, seed)
                one.save(shared / one.netbios)
                other.save(shared / other.netbios)
                (shared / "finished").touch()
        one.launch()
        other.launch()
        yield one.answering(), other.answering()


def _made(stack: contextlib.ExitStack, names: Names, seed: Callable[[Domain, Domain], None]) -> tuple[Domain, Domain]:
    one, other = (stack.enter_context(Domain(*name)) for name in names)  # both begin here, and are waited for below
    seed(one.provisioned(), other.provisioned())
    return one, other


def _copied(stack: contextlib.ExitStack, names: Names, shared: Path) -> tuple[Domain, Domain]:
    one, other = (stack.enter_context(Domain(realm, netbios, template=shared / netbios)) for realm, netbios in names)
    one.provisioned().knows(other.provisioned())
    return one, other
