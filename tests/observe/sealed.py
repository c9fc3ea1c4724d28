"""Reading back and checking what an audit store wrote."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kerbauth.core.audit_chain import ChainKey, Link, body_of
from kerbauth.core.audit_verify import Report, Verifier
from kerbauth.core.secret import Secret
from kerbauth.observe.audit_state import read_state, state_path

SECRET = Secret(b"a key of the tests, 32 bytes or so")
KEY = ChainKey(SECRET)


def login(user: str) -> bytes:
    """A line's body, of a login."""
    return body_of("login", {"user": user})


def lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects in a file."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines() if line]


def users(*paths: Path) -> list[str]:
    """Whose logins are in the files."""
    return [line["user"] for path in paths for line in lines(path) if line["kind"] == "login"]


def anchors(*paths: Path) -> list[str]:
    """Why the anchors in the files were written."""
    return [line["why"] for path in paths for line in lines(path) if line["kind"] == "anchor"]


def known_end(path: Path) -> Link | None:
    """Where the state file beside `path` says that the chain ends."""
    state = read_state(state_path(path).read_bytes(), KEY)
    return state.end if state is not None else None


def check(files: Iterable[Path], end: Link | None = None) -> Report:
    """Verify the files, in this order."""
    verifier = Verifier([KEY], end)
    for path in files:
        verifier.file(path.name)
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        *whole, rest = content.split(b"\n")
        for line in whole:
            verifier.line(line)
        if rest:
            verifier.line(rest, whole=False)
    return verifier.finish()


def check_all(path: Path, *earlier: Path) -> Report:
    """Verify the file, the earlier ones before it, and the end against the state file."""
    return check([*earlier, path], known_end(path))
