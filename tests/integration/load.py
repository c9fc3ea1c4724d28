"""Mixed logins from several connections at once, each with a verdict that is known beforehand."""

import base64
import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.integration.conftest import CANARY, names_of
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.service import TOKEN, RunningService

GARBAGE = b"\x60\x10" + bytes(40)


@dataclass
class Load:
    """Password logins right and wrong, and tickets good and damaged, one after another on each connection.

    `wrong` are answers that should have been others; `outcomes` counts what came of the attempts. A connection that breaks counts as
    `connection`, and is opened again.
    """

    service: RunningService
    users: list[str]
    tokens: list[bytes]
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _wanted: int = 0
    _enough: threading.Event = field(default_factory=threading.Event)
    _leave: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def prepared(cls, service: RunningService, realm: LabRealm, folder: Path, tokens: int = 200) -> "Load":
        users = names_of("good")[:20]
        environment = realm.kinit(users[0], CANARY, folder / "load.ccache")
        return cls(service, users, make_tokens(environment, "HTTP/localhost@KA.TEST", count=tokens))

    @contextlib.contextmanager
    def running(self, logins: int, *, connections: int) -> Iterator[threading.Event]:
        """Run it for as long as the body of the `with` takes, and for so many logins at least: then what is given is set.

        At the end everything has its answer, or the test fails.
        """
        self._wanted = logins
        threads = [threading.Thread(target=self._connection, daemon=True) for _ in range(connections)]
        for thread in threads:
            thread.start()
        try:
            yield self._enough
        finally:
            self._leave.set()
            ends = time.monotonic() + 60
            for thread in threads:
                thread.join(max(0.0, ends - time.monotonic()))
        assert not any(thread.is_alive() for thread in threads), "logins hang"

    def _next(self) -> tuple[int, bytes | None] | None:
        with self._lock:
            number = next(self._numbers)
            if number >= self._wanted:
                self._enough.set()
                if self._leave.is_set():
                    return None
            return number, self.tokens.pop() if number % 4 == 2 and self.tokens else None

    def _connection(self) -> None:
        session = requests.Session()
        while (job := self._next()) is not None:
            number, token = job
            began = time.monotonic()
            try:
                kind, expected, reply = self._ask(session, number, token)
            except requests.ConnectionError:
                session.close()
                session = requests.Session()
                self._count("connection", began)
                continue
            said = (reply.status_code, reply.json().get("reason"))
            self._count(kind if said == expected else "wrong", began)
            if said != expected:
                self.wrong.append(f"{number}: {kind} gave {said}: {reply.text}")

    def _ask(self, session: requests.Session, number: int, token: bytes | None) -> tuple[str, tuple[int, str | None], requests.Response]:
        user = self.users[number % len(self.users)]
        match number % 4:
            case 0:
                return "right", (200, None), self._login(session, user, CANARY)
            case 1:
                return "wrong password", (401, "bad-credentials"), self._login(session, user, f"wrong-{number}")
            case 2 if token is not None:
                return "ticket", (200, None), self._sso(session, token)
            case _:
                return "garbage", (401, "bad-token"), self._sso(session, GARBAGE)

    def _login(self, session: requests.Session, user: str, password: str) -> requests.Response:
        body = {"username": user, "password": password, "application": "desktop"}
        return session.post(f"{self.service.url}/v1/login", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)

    def _sso(self, session: requests.Session, token: bytes) -> requests.Response:
        headers = {"Authorization": "Negotiate " + base64.b64encode(token).decode()}
        return session.get(f"{self.service.url}/v1/sso?application=desktop", headers=headers, timeout=30)

    def _count(self, what: str, began: float) -> None:
        with self._lock:
            self.outcomes[what] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
