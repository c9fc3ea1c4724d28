"""What a KDC's log says about the requests it had."""

import re
from dataclasses import dataclass
from pathlib import Path

# One line per request, written before the reply leaves (MIT: src/kdc/kdc_log.c log_as_req, log_tgs_req).
_REQUEST = re.compile(r"\(info\): (?P<kind>AS_REQ|TGS_REQ) .*?\}\) (?P<peer>\S+): (?P<status>[A-Z_ ]+): (?P<rest>.*)")


@dataclass(frozen=True)
class Request:
    """One request in a KDC's log. A resend that the KDC knew as one (src/kdc/replay.c) is not among them."""

    kind: str
    status: str
    rest: str

    @property
    def failed_check(self) -> bool:
        """Whether the KDC counted a wrong password. SPAKE's first step, which proves nothing yet, has the same status."""
        return self.status == "PREAUTH_FAILED" and not self.rest.endswith("More preauthentication data is required")


def requests_in(log: Path, since: int = 0) -> list[Request]:
    """The requests that the log got after it was `since` bytes long."""
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines()
    found = (_REQUEST.search(line) for line in lines)
    return [Request(match["kind"], match["status"], match["rest"]) for match in found if match]


class LogsSince:
    """What several KDCs' logs got since this was made."""

    def __init__(self, *logs: Path) -> None:
        self._marks = {log: log.stat().st_size for log in logs}

    def requests(self) -> list[Request]:
        """All requests, those of the first log first."""
        return [request for log, mark in self._marks.items() for request in requests_in(log, mark)]

    def failed_password_checks(self, user: str = "") -> int:
        """How many wrong passwords all KDCs together counted (against one user)."""
        return sum(request.failed_check and request.rest.startswith(user) for request in self.requests())
