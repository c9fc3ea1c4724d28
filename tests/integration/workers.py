"""A service's processes, as the operating system sees them."""

import os
import re
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.integration.service import RunningService


def until(condition: Callable[[], object], *, within: float) -> None:
    """Return as soon as something is so; fail if it is not in time."""
    ends = time.monotonic() + within
    while not condition():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.005)  # what is looked at belongs to other processes


@dataclass(frozen=True)
class Workers:
    """The worker processes of a service."""

    service: RunningService

    def pids(self) -> set[int]:
        """Those that there are: the supervisor's children."""
        assert self.service.process is not None
        pid = self.service.process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def serving(self) -> set[int]:
        """Those that there are and that said so."""
        said = {int(pid) for pid in re.findall(r"\(process (\d+)\) serves", self.service.log())}
        return said & self.pids()

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Send one of them a signal, and forget the connections that we keep: they may be its."""
        self.service.session.close()
        os.kill(pid, number)

    def memory(self, pid: int) -> int:
        """MiB in RAM."""
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() >> 20

    def replaced(self, victim: int, count: int) -> bool:
        """Whether `victim` is gone and `count` workers serve."""
        return victim not in self.pids() and len(self.serving()) == count

    def busy(self) -> bool:
        """Whether some worker asks a KDC: it has a connection to a port that is not the service's."""
        ours = int(self.service.url.rpartition(":")[2])
        return any(ours not in {remote, local} for local, remote, _ in self._sockets())

    def connections(self) -> dict[int, int]:
        """The clients' ports, and which worker each is connected to."""
        ours = int(self.service.url.rpartition(":")[2])
        return {remote: pid for local, remote, pid in self._sockets() if local == ours and remote}

    def _sockets(self) -> list[tuple[int, int, int]]:
        """Local port, remote port and process of each established TCP connection of a worker (proc_net_tcp(5))."""
        owners: dict[str, int] = {}
        for pid in self.pids():
            for link in Path(f"/proc/{pid}/fd").glob("*"):
                try:
                    owners[str(link.readlink())] = pid
                except OSError:  # closed meanwhile
                    continue
        found = []
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            pid = owners.get(f"socket:[{fields[9]}]")
            if pid is not None and fields[3] == "01":
                found.append((int(fields[1].rpartition(":")[2], 16), int(fields[2].rpartition(":")[2], 16), pid))
        return found
