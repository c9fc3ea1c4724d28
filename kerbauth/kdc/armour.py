"""Armour for password logins (FAST, RFC 6113): a ticket of our own, kept for a realm, and the AS exchanges in it.

Where armour is tried, trouble with it costs no login more than a moment: it goes on without, as long as no password has left. Where it is
required, a login without is `unavailable`, never a wrong password. An answer outside the armour is nobody's word: anybody on the path can
have sent it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.conversation import Conversation, EndedError, OutsideError
from kerbauth.kdc.libkrb5.armour import ArmourTicket
from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.libkrb5.exchange import AsExchange, Client
from kerbauth.kdc.own_ticket import NoTicket
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings.kdcs import Fast

PATIENCE: Final = 1.0
"""Seconds that a login which can do without armour waits for it, and no more than a quarter of its time: a healthy KDC takes a few ms."""

REST: Final = 5.0
"""Seconds from one ticket, or attempt to get one, to the next. A KDC that cannot take armour costs a login in five seconds an exchange."""

LONG_REST: Final = 60.0
LONGEST_REST: Final = 3600.0
"""Seconds after the KDC has refused our key, doubled each time, up to an hour: it may count each as a failure, and lock our account."""

RENEW: Final = 0.75  # of a ticket's lifetime; a quarter of it is time enough to get the next one in the background
SPARE: Final = 0.05  # of a ticket's lifetime, at its end, in which it is not used: the clocks differ, and a login takes its time

_BUSY: Final = frozenset({Reason.KDC_BUSY, Reason.KDC_UNREACHABLE})  # not about the armour

Source = Callable[[], Awaitable[ArmourTicket | NoTicket]]

_log: Final = logging.getLogger("kerbauth.kdc")


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket that was got at this time of the event loop's clock."""

    ticket: ArmourTicket
    since: float

    def due(self, now: float) -> bool:
        """Whether it is time to get the next one."""
        return now >= self.since + RENEW * self.ticket.lifetime

    def usable(self, now: float) -> bool:
        """Whether it can be used still."""
        return now < self.since + (1 - SPARE) * self.ticket.lifetime


def rest_after(refusals: int) -> float:
    """Seconds to leave the KDC alone after it has refused our key so many times on end."""
    return min(LONG_REST * 2.0 ** (refusals - 1), LONGEST_REST)


class Armour:
    """A realm's armour within one process: the ticket for it is got by the first login, or by whoever asks for `problem`."""

    def __init__(self, realm: KerberosRealm, source: Source) -> None:
        """For a realm with `fast`. `source` gets a ticket, and takes no longer than the realm's deadline."""
        self._realm = realm
        self._source = source
        self._required = realm.fast is Fast.REQUIRE
        self._held: Held | None = None
        self._rest_until = 0.0
        self._refusals = 0
        self._getting: asyncio.Task[None] | None = None
        self._trouble: Unavailable | None = None
        self._said = False

    async def exchange(self, talk: Conversation, stage: Stage, begin: Callable[[ArmourTicket], AsExchange]) -> AsExchange | None:
        """Carry an AS exchange through in armour; `begin` makes it, with the context held. None: nothing has left, and it is to be done
        without armour. Raises EndedError, and what the transport raises.
        """
        before = talk.kdc, talk.proof_sent, talk.unsettled
        ticket = await self._worn(stage, talk.until)
        while ticket is not None:
            try:
                exchange = await _through(talk, stage, begin, ticket)
            except OutsideError as outside:
                if outside.sent or outside.proof.reason in _BUSY:
                    raise
                talk.kdc, talk.proof_sent, talk.unsettled = before  # a new beginning: nothing that counts has left in this one
                ticket = await self._after(ticket, outside, stage, talk.until)
            else:
                self._works()
                return exchange
        return None

    async def problem(self, seconds: float) -> str:
        """Why logins have no armour although they need it, found out within so many seconds; empty where all is well."""
        if not self._required:
            return ""
        try:
            await self._worn(Stage.AS, asyncio.get_running_loop().time() + seconds)
        except EndedError as ended:
            return ended.proof.diagnostic
        return ""

    def close(self) -> None:
        """Give up getting a ticket. Who has one goes on with it."""
        if self._getting is not None and not self._getting.get_loop().is_closed():
            self._getting.cancel()

    async def _worn(self, stage: Stage, until: float) -> ArmourTicket | None:
        """The armour to put on; None: none. Raises EndedError."""
        now = asyncio.get_running_loop().time()
        if self._held is not None and not self._held.usable(now):
            self._held = None
        if self._held is None or self._held.due(now):
            self._get(now)
        if self._held is None and self._getting is not None:
            await asyncio.wait({self._getting}, timeout=until - now if self._required else min(PATIENCE, (until - now) / 4))
        if self._held is not None and (self._required or self._held.ticket.offered):
            return self._held.ticket
        if not self._required:
            return None
        late = Unavailable(Reason.KDC_UNREACHABLE, stage, diagnostic=f"no ticket for armour (FAST) came in time for {self._realm.client}")
        raise EndedError(replace(self._trouble or late, stage=stage))

    async def _after(self, refused: ArmourTicket, outside: OutsideError, stage: Stage, until: float) -> ArmourTicket | None:
        """The next armour, after one that was not taken: krbtgt may have a new key. Raises EndedError where there is none and has to be."""
        now = asyncio.get_running_loop().time()
        if self._held is not None and refused is self._held.ticket:
            self._held = None
            self._fails(Unavailable(outside.proof.reason, stage, codes=outside.proof.codes, diagnostic=outside.proof.diagnostic))
            if now < self._rest_until:  # it is new: another one would be no better
                return await self._worn(stage, until)
            self._get(now)
        if not self._required:
            return None
        return await self._worn(stage, until)

    def _get(self, now: float) -> None:
        """Begin to get a ticket, unless somebody does so already, or has just tried."""
        if now >= self._rest_until and (self._getting is None or self._getting.done()):
            self._rest_until = now + REST
            self._getting = asyncio.create_task(self._got())

    async def _got(self) -> None:
        got = await self._source()
        now = asyncio.get_running_loop().time()
        if isinstance(got, ArmourTicket):
            self._take(got, now)
            return
        if got.counted:
            self._refusals += 1
            self._rest_until = now + rest_after(self._refusals)
        self._fails(got.trouble)

    def _take(self, ticket: ArmourTicket, now: float) -> None:
        self._held, self._refusals = Held(ticket, now), 0
        if not ticket.offered and not self._required:
            self._fails(Unavailable(Reason.KDC_ERROR, Stage.AS, diagnostic="the KDC does not offer it"))

    def _works(self) -> None:
        """Say once that it does: not of a ticket, which the KDC might not take, but of what was done with it."""
        if not self._said or self._trouble is not None:
            _log.info("passwords go to the KDCs of %s in armour (FAST), made of a ticket of %s", self._realm.name, self._realm.client)
        self._said, self._trouble = True, None

    def _fails(self, trouble: Unavailable) -> None:
        """Say once what is wrong."""
        before, self._trouble = self._trouble, trouble
        if before is None or before.diagnostic != trouble.diagnostic:
            then = "logins are refused until it is there" if self._required else "they go there without"
            _log.warning("no armour (FAST) for passwords of %s, %s: %s", self._realm.name, then, trouble.diagnostic)


def begun(ticket: ArmourTicket, talk: Conversation, client: Client, password: Secret, service: str | None) -> AsExchange:
    """An AS exchange for `service` (None: the realm's krbtgt) in this armour. With the context held. Raises LibraryError."""
    exchange = AsExchange(talk.context, client, service, ticket)
    exchange.use_password(password)
    return exchange


async def _through(talk: Conversation, stage: Stage, begin: Callable[[ArmourTicket], AsExchange], ticket: ArmourTicket) -> AsExchange:
    """One exchange in this armour. Raises OutsideError, EndedError, and what the transport raises."""
    try:
        with talk.context:
            exchange = begin(ticket)
    except LibraryError as error:
        diagnostic = f"the armour cannot be put on: {error}"
        raise OutsideError(Unavailable(Reason.KDC_ERROR, stage, diagnostic=diagnostic), sent=False) from None
    await talk.run(stage, exchange)
    return exchange
