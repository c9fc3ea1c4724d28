"""Where a Valkey or Redis server is, and how to be let in."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from valkey.asyncio import Valkey

from kerbauth.core.secret import Secret

ANSWER_SECONDS: Final = 0.5
"""For connecting and for each answer. A server that takes longer is away, and the machine's own ledger counts meanwhile."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is and how to be let in: `valkey://host:port/number`, or `valkeys://…` over TLS, and a file of authorities."""

    url: str
    user: str | None = None
    password: Secret | None = None
    ca: Path | None = None

    def client(self) -> Valkey:
        """A client. Nothing is sent yet."""
        made: Valkey = Valkey.from_url(self.url, decode_responses=True, **self._options())
        return made

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"username": self.user, "socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
        if self.password is not None:
            options["password"] = self.password.reveal().decode()
        if self.url.startswith("valkeys:"):
            options["ssl_min_version"] = ssl.TLSVersion.TLSv1_2
            if self.ca is not None:
                options["ssl_ca_certs"] = str(self.ca)
        return options
