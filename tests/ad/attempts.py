"""What a domain controller says of each attempt to log in: the lines of Samba's class auth_json_audit."""

import json
from dataclasses import dataclass
from pathlib import Path

WRONG_PASSWORD = "NT_STATUS_WRONG_PASSWORD"


@dataclass(frozen=True)
class Attempt:
    """One attempt that came to a decision; the controller writes it before it sends the reply."""

    status: str
    """The NTSTATUS by name, e.g. NT_STATUS_OK."""
    account: str
    """The sAMAccountName that was found; empty if there is none."""
    asked_for: str
    """The client principal of the request."""
    how: str
    """E.g. `ENC-TS Pre-authentication`."""


def attempts_in(log: Path, since: int = 0) -> list[Attempt]:
    """The attempts that were logged after the first `since` bytes."""
    with log.open("rb") as file:
        file.seek(since)
        lines = [line for line in file.read().decode().splitlines() if line.startswith('{"timestamp"')]
    said = [record["Authentication"] for record in map(json.loads, lines) if record["type"] == "Authentication"]
    return [Attempt(each["status"], each["mappedAccount"] or "", each["clientAccount"] or "", each["authDescription"]) for each in said]
