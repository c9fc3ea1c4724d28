"""Metrics of several worker processes of one service, kept in files that every one of them can add up.

prometheus_client's multiprocess mode: each process keeps its values in memory-mapped files of its own, and whoever is asked reads all of
them. Three things differ from its manual. The files belong to a worker's *slot* and not to its process id: a worker that takes a dead
one's place goes on counting where that stopped, so that no sum ever goes backwards and the files do not pile up. The folder is known
at run time only, when the settings are read. And the files are laid out whole before they are used.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from string import ascii_lowercase
from typing import Final

from prometheus_client import Metric, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# A file per kind of metric and worker (the library's own names), and its size: some 200 bytes per series, 17 series per histogram. A
# write to a page that a full disk or tmpfs cannot supply ends the process (SIGBUS, mmap(2)), so the room is taken at the start.
_SIZES: Final = {"counter": 512 * 1024, "histogram": 1024 * 1024, "gauge_mostrecent": 64 * 1024}


def prepare(folder: Path) -> None:
    """Make the folder, or empty it of what an earlier run left: a run with more workers would be added in for ever.

    For the supervisor, before the first worker starts. Raises OSError.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    for file in _files(folder, "*"):
        file.unlink()


class SharedValues:
    """One worker's share. While it lives, every metric that this process makes is kept in `folder`, in the files of `slot`.

    One per process, made after the fork and before any metric. Raises OSError.
    """

    def __init__(self, folder: Path, slot: int) -> None:
        self.identifier, self._lock = _claim(folder, slot)
        """The worker's number, with a letter after it while its predecessor still drains."""
        for kind, size in _SIZES.items():
            _lay_out(folder / f"{kind}_{self.identifier}.db", size)
        # The library chooses its storage when it is imported, from the environment. Both have to be set now instead: metrics look the
        # class up when a series begins (prometheus_client/metrics.py), and the class looks the folder up when it opens a file (values.py).
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(lambda: self.identifier)  # type: ignore[no-untyped-call]  # without types


class SumOfWorkers(Collector):
    """What all workers counted, dead ones included."""

    def __init__(self, folder: Path, kind: str = "*") -> None:
        self._folder = folder
        self._kind = kind

    def collect(self) -> Iterable[Metric]:
        """The metrics, added up."""
        files = [str(file) for file in _files(self._folder, f"{self._kind}_*.db")]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]  # without types
        return merged


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(file for file in folder.glob(pattern) if file.suffix in {".db", ".json", ".lock", ".new"})


def _claim(folder: Path, slot: int) -> tuple[str, int]:
    """The name of files that no living process writes, and the lock on them, which the kernel gives up when the process ends.

    Two writers of one file would overwrite each other's sums. A new worker may start while the old one still drains: then it gets
    files of its own beside the old one's, `0a` beside `0`.
    """
    for more in ("", *ascii_lowercase):
        identifier = f"{slot}{more}"
        lock = os.open(folder / f"{identifier}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return identifier, lock
    msg = f"{folder}: {len(ascii_lowercase) + 1} processes count as worker {slot} already"
    raise OSError(msg)


def _lay_out(path: Path, size: int) -> None:
    """Make a file of `size` zero bytes, which the library takes for an empty one. A reader never sees it half made."""
    if path.exists():
        return
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        new.chmod(0o600)
        os.posix_fallocate(file.fileno(), 0, size)
    new.rename(path)
