"""What an acceptor keeps of credentials that clients forward to it. Measured in a process of its own, where nothing else is kept."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.kdc import LabRealm

_BEGIN = """
import base64, gc, json, sys
from pathlib import Path
from kerbauth.core.channel import NOT_LOOKED_AT
from kerbauth.core.outcome import Proved
from kerbauth.kdc.accept import load_acceptor
from kerbauth.kdc.realm import KerberosRealm
given = json.load(sys.stdin)
tokens = [base64.b64decode(token) for token in given["tokens"]]
realm = KerberosRealm(given["realm"], (), Path(given["keytab"]), "HTTP/localhost")
acceptor = load_acceptor([realm])
"""

_ACCEPT = """
accepted = sum(isinstance(acceptor.accept(token, NOT_LOOKED_AT).proof, Proved) for token in tokens)
gc.collect()
print(json.dumps({"accepted": accepted}))
"""

_WEIGH = """
def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
sizes, done = [], 0
for rounds in given["rounds"]:
    while done < rounds:
        assert all(isinstance(acceptor.accept(token, NOT_LOOKED_AT).proof, Proved) for token in tokens)
        done += 1
    sizes.append(resident())
print(json.dumps(sizes))
"""


# libkrb5 puts forwarded credentials into a cache in memory (lib/gssapi/krb5/accept_sec_context.c, rd_and_store_for_creds), and says so.
_MADE, _DESTROYED = re.compile(r"Initializing (MEMORY:\S+) with"), re.compile(r"Destroying ccache (MEMORY:\S+)")


@dataclass(frozen=True)
class Left:
    """How many tokens were accepted, for how many of them libkrb5 made a credential cache, and what is left: caches, and files."""

    accepted: int
    made: int
    caches: set[str]
    files: list[Path]


def left_by(tokens: Sequence[bytes], realm: LabRealm, folder: Path) -> Left:
    """What is there after all tokens were accepted, by libkrb5's own trace and in the folders where it writes."""
    places = folder / "places"
    places.mkdir()
    trace = folder / "trace"
    found = _run(_ACCEPT, realm, places, {"KRB5_TRACE": str(trace)}, tokens=tokens)
    made, destroyed = _MADE.findall(trace.read_text()), _DESTROYED.findall(trace.read_text())
    trace.unlink()
    return Left(found["accepted"], len(made), set(made) - set(destroyed), list(places.iterdir()))


def memory_after(tokens: Sequence[bytes], realm: LabRealm, folder: Path, rounds: tuple[int, int]) -> tuple[int, int]:
    """The process's resident memory in bytes after all tokens have been accepted so many times."""
    early, late = _run(_WEIGH, realm, folder, {}, tokens=tokens, rounds=rounds)
    return early, late


def _run(program: str, realm: LabRealm, folder: Path, environment: Mapping[str, str], *, tokens: Sequence[bytes], **more: Any) -> Any:
    given = {
        "tokens": [base64.b64encode(token).decode() for token in tokens],
        "realm": realm.name,
        "keytab": str(realm.keytab("HTTP/localhost")),
        **more,
    }
    environment = {
        **os.environ,
        **environment,
        "KRB5_CONFIG": str(realm.client_config),
        "KRB5CCNAME": f"FILE:{folder}/cc",
        "TMPDIR": str(folder),
        "KRB5RCACHENAME": "none:",  # the same tokens are accepted again and again
    }
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + program], input=json.dumps(given), env=environment, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
