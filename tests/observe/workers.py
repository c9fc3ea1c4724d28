"""Worker processes that count into one folder, as the service's do, and do what a test tells them."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]

_SCRIPT = """
import sys
from pathlib import Path
from kerbauth.observe.metrics import Metrics
from tests.observe.records import granted, kdc_state, refused, unavailable, use

metrics = Metrics(["CORP.EXAMPLE"], Path(sys.argv[1]), int(sys.argv[2]))
print("ready", flush=True)
for line in sys.stdin:
    command, _, rest = line.strip().partition(" ")
    answer = "done"
    if command == "grant":
        for _ in range(int(rest)):
            metrics.observe(granted())
    elif command == "refuse":
        for _ in range(int(rest)):
            metrics.observe(refused())
    elif command == "do":
        exec(rest)
    elif command == "tell":
        answer = repr(eval(rest))
    print(answer, flush=True)
"""


@dataclass
class Worker:
    """One worker process."""

    folder: Path
    slot: int
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(self.folder), str(self.slot)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._answer() == "ready"

    def send(self, command: str) -> None:
        """Tell it to do something, without waiting for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> str:
        """Tell it to do something; what it answers."""
        self.send(command)
        return self._answer()

    def samples(self) -> dict[str, float]:
        """What it renders: `name{label="value"}` and the value."""
        text = eval(self.ask("tell metrics.render()[0].decode()"))  # noqa: S307 -- the repr of a text, from our own process
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                assert f"{sample.name}{{{labels}}}" not in found
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found

    def logins(self, verdict: str = "granted") -> float:
        """The logins of all workers with a verdict, as this one tells them."""
        return sum(value for name, value in self.samples().items() if name.startswith("kerbauth_logins_total") and verdict in name)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Let it end, and wait for that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.communicate()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()
