"""Logins against a running service whose times and outcomes are kept."""

import asyncio
import base64
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.integration.service import TOKEN

Login = Callable[[], Awaitable[str]]


@dataclass
class Times:
    """What a series of logins took, in seconds and in order, and what came of them."""

    name: str
    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def median(self) -> float:
        return statistics.median(self.seconds)

    def row(self) -> str:
        ordered = sorted(self.seconds)
        cells = [ordered[0], self.median(), ordered[int(len(ordered) * 0.95)], ordered[-1]]
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"{self.name:52} " + " ".join(f"{each * 1000:9.1f}" for each in cells) + f"  {outcomes}"


HEADING = f"{'milliseconds':52} {'min':>9} {'median':>9} {'p95':>9} {'max':>9}  outcomes"


class Asker:
    """One client of a service, over as many connections as it has logins under way."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def password(self, user: str, password: str) -> str:
        """`granted`, or the reason why not."""
        return await self._ask("POST", "/v1/login", {"Authorization": f"Bearer {TOKEN}"}, json={"username": user, "password": password})

    async def ticket(self, token: bytes) -> str:
        """The same with a SPNEGO token, which is good for one login."""
        return await self._ask("GET", "/v1/sso", {"Authorization": "Negotiate " + base64.b64encode(token).decode()})

    async def _ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> str:
        async with self._session.request(method, self._url + path, headers=headers, **more) as reply:
            answer = await reply.json(content_type=None)
        return str(answer.get("reason") or answer["verdict"])


async def timed(login: Login, times: Times) -> str:
    began = time.perf_counter()
    outcome = await login()
    times.seconds.append(time.perf_counter() - began)
    times.outcomes[outcome] += 1
    return outcome


async def series(name: str, login: Login, *, count: int, seconds: float, pause: float = 0.0) -> Times:
    """So many logins one after another, or as many as begin within so many seconds; at least one."""
    times, ends = Times(name), time.perf_counter() + seconds
    for number in range(count):
        if number and time.perf_counter() > ends:
            break
        await timed(login, times)
        await asyncio.sleep(pause)
    return times


def session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(120))
