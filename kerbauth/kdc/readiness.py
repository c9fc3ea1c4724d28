"""Whether a realm can answer logins now: its KDCs are asked for a sign of life, as a login would ask them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from kerbauth.core.text import shown
from kerbauth.kdc.asking import Asking
from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.sign_of_life import question, sign_of
from kerbauth.kdc.transport.errors import NoKdcError
from kerbauth.ports import RealmState

DEADLINE: Final = 2.0
"""Seconds: readiness is asked every few seconds and must not wait for a silent KDC. One that is known to be silent is not waited for."""

KEEP: Final = 5.0
"""Seconds that an answer is good for: however often readiness is asked, the KDCs are not."""


Further = Callable[[float], Awaitable[str]]
"""What else keeps logins from being answered, found out within so many seconds; empty if nothing does."""


class Readiness:
    """One realm's. At most one question is under way at a time; whoever comes meanwhile has its answer, and so has everybody for `keep`
    seconds.

    `told` says whether a KDC has shown to be of the kind that the settings say: once it has, for good; until then what the last one showed,
    None if none has answered.
    """

    def __init__(self, realm: KerberosRealm, asking: Asking, further: Further | None = None, *, keep: float = KEEP) -> None:
        """`further` is asked once a KDC has answered."""
        self._realm = realm
        self._asking = asking
        self._further = further
        self._keep = keep
        self._one = asyncio.Lock()
        self.told: bool | None = None
        self._problem = ""
        self._until = float("-inf")

    async def state(self) -> RealmState:
        """Whether it is ready, as of the last question, and the KDCs as they are known now. Waits for DEADLINE at most, as long for
        what is asked further, and once more if somebody else's question was broken off.
        """
        loop = asyncio.get_running_loop()
        async with self._one:
            if loop.time() >= self._until:
                self._problem = await self._ask(loop.time() + DEADLINE)
                if not self._problem and self._further is not None:
                    self._problem = await self._further(DEADLINE)
                self._until = loop.time() + self._keep
            problem = self._problem
        return RealmState(self._realm.name, ready=not problem, problem=problem, kdcs=self._asking.kdcs.states())

    async def _ask(self, until: float) -> str:
        """Empty if a KDC answers and knows our service, else what is wrong."""
        kdcs = self._asking.kdcs
        await self._asking.begin()
        try:
            answered = await kdcs.first(question(self._realm.asked_about), until)
        except NoKdcError as error:
            return error.diagnostic
        except LibraryError as error:
            return shown(str(error))
        sign = sign_of(answered.reply, self._realm.known_there, datetime.now(UTC))
        if sign.clock_offset is not None:
            kdcs.note_offset(answered.kdc, sign.clock_offset)
        if not self.told:
            sign = replace(sign, problem=sign.problem or await self._other_case(until))
            self.told = not sign.problem
        return sign.problem

    async def _other_case(self, until: float) -> str:
        """What is wrong if a KDC takes our principal in other cases of its letters for ours: a domain controller does, an MIT KDC does not.

        Raises NoKdcError and LibraryError.
        """
        other = self._realm.unknown_there
        if other is None:
            return ""
        answered = await self._asking.kdcs.first(question(other), until)
        if sign_of(answered.reply, other, datetime.now(UTC)).problem:
            return ""
        return f'the KDC takes {other} for our principal, as domain controllers do: if it is one, say kind = "ad"'
