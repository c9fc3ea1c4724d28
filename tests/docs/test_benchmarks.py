"""The benchmarks run: few of everything, and nobody looks at the figures."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("logins", ["--passwords", "8", "--tokens", "16"], "SPNEGO"),
        ("timing", ["--count", "2", "--floor", "0.05"], "largest difference of medians"),
        ("audit", ["--records", "32"], "records/s"),
        ("metrics", [], "workers"),
        ("peers", ["--seconds", "1", "--rounds", "1", "--connections", "2"], "ratio of medians"),
        ("failover", ["--logins", "2", "--seconds", "0.2", "--deadline", "1"], "first grant after the KDCs' return"),
        ("waiting", ["--logins", "10", "--delay", "0.05"], "10 granted"),
        ("soak", ["--logins", "80"], "bytes per login"),
    ],
)
def test_a_benchmark_runs(name: str, arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr


def test_every_benchmark_is_run_here_and_described() -> None:
    helpers = {"__init__", "apache", "asking"}
    names = {file.stem for file in (ROOT / "bench").glob("*.py")} - helpers
    page = (ROOT / "bench" / "README.md").read_text()
    assert {name for name in names if f"bench/{name}.py" not in page} == set()
    assert names == {"logins", "timing", "audit", "metrics", "peers", "failover", "waiting", "soak"}
