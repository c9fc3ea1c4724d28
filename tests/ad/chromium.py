"""Chromium without a screen, as a user of a domain has it, kept from every network but the service.

What it takes (Chromium 156, measured):

- `auth.disable_negotiate_cname_lookup`: the address that a name is mapped to counts as the host's real name, and the ticket would be for
  that. It is the policy DisableAuthNegotiateCnameLookup; no switch sets it any more.
- `net.received_http_auth_negotiate_headers`: a fresh profile loads the GSSAPI library only after it has seen a first challenge, and leaves
  that one unanswered.
- `--no-sandbox`: its sandbox does not run for root.
"""

import base64
import hashlib
import html
import itertools
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SEEN_A_CHALLENGE: Final = {"net": {"received_http_auth_negotiate_headers": True}}
NO_CNAME_LOOKUP: Final = {"auth": {"disable_negotiate_cname_lookup": True}}

_SWITCHES = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
_PAGE = re.compile(r"<pre[^>]*>(.*?)</pre>", re.DOTALL)
_CONNECTED = {"TCP_CONNECT_ATTEMPT", "UDP_BYTES_SENT"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Visit:
    """What the browser showed, as JSON, and each address that it connected or sent anything to."""

    page: dict[str, Any]
    addresses: set[str]


class Chromium:
    """A browser with a profile of its own."""

    def __init__(self, folder: Path, *states: Mapping[str, object], allowlist: str = "*") -> None:
        self._folder = folder / f"chromium{next(_numbers)}"
        self._profile = self._folder / "profile"
        self._profile.mkdir(parents=True)
        self._allowlist = allowlist
        state = {key: value for each in states or (SEEN_A_CHALLENGE, NO_CNAME_LOOKUP) for key, value in each.items()}
        (self._profile / "Local State").write_text(json.dumps(state))

    def visit(self, url: str, environment: Mapping[str, str], trusted: x509.Certificate | None = None) -> Visit:
        """Open a URL, whose host is this machine; `trusted` is the certificate that it may show."""
        log = self._folder / "net.json"
        command = [
            *("chromium", *_SWITCHES, f"--user-data-dir={self._profile}", f"--auth-server-allowlist={self._allowlist}"),
            f"--host-resolver-rules=MAP {urlsplit(url).hostname} 127.0.0.1, MAP * ~NOTFOUND",
            f"--log-net-log={log}",  # without credentials: its default
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            *([f"--ignore-certificate-errors-spki-list={_pin(trusted)}"] if trusted is not None else []),
            *("--dump-dom", url),
        ]
        home = {"HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder)}
        done = subprocess.run(command, env={**environment, **home}, capture_output=True, check=False, text=True, timeout=60)
        page = _PAGE.search(done.stdout)
        assert page, done.stdout + done.stderr
        return Visit(json.loads(html.unescape(page[1])), set(_addresses(json.loads(log.read_text()))))


def _pin(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def _addresses(log: Mapping[str, Any]) -> list[str]:
    """Where TCP connections were tried to, and where datagrams were sent to (connecting a UDP socket alone sends none)."""
    names = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    found, udp = [], {}
    for event in log["events"]:
        name, source, parameters = names[event["type"]], event["source"]["id"], event.get("params", {})
        if name == "UDP_CONNECT" and "address" in parameters:
            udp[source] = parameters["address"]
        elif name == "UDP_BYTES_SENT":
            found.append(parameters.get("address") or udp[source])
        elif name == "TCP_CONNECT_ATTEMPT" and "address" in parameters:
            found.append(parameters["address"])
    return found
