"""A domain's directory as tests use it: requests to the one process that has the database open (directory_tool.py)."""

import contextlib
import json
import subprocess
import threading
from pathlib import Path
from typing import Any

_PYTHON = "/usr/bin/python3"  # Debian's own has Samba's modules; no virtual environment has
_TOOL = Path(__file__).with_name("directory_tool.py")


class Directory:
    """An open directory. `ask` may be called from several threads."""

    def __init__(self, conf: Path, log: Path, environment: dict[str, str]) -> None:
        self._log = log
        self._turn = threading.Lock()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [_PYTHON, str(_TOOL), str(conf)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )

    def ask(self, request: str, *arguments: Any, **values: Any) -> Any:
        """The answer of a method of directory_tool.Directory. Raises AssertionError, with what Samba said, if it fails."""
        with self._turn:
            self._send([request, arguments, values])
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        assert line, f"the directory's process has ended:\n{self._log.read_text()[-2000:]}"
        reply = json.loads(line)
        assert "error" not in reply, reply["error"]
        return reply["value"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _send(self, request: list[Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # that the process has ended is said when its answer is missing
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
