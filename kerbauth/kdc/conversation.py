"""One login's conversation with a realm's KDCs: libkrb5's steps, and their messages over our own transport."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.text import shown
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.armour import InArmourError, OutsideArmourError
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.exchange import Request
from kerbauth.kdc.protocol.as_req import proves_a_password
from kerbauth.kdc.protocol.key_info import improper
from kerbauth.kdc.protocol.krb_error import KrbError
from kerbauth.kdc.protocol.reason import reason_of
from kerbauth.kdc.protocol.reply import Reply, read_reply
from kerbauth.kdc.said import ASKS_ON, said
from kerbauth.kdc.transport.errors import SilentKdcError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.kdc.transport.race import Answered

ROUNDS: Final = 10
"""Requests in one exchange. A login takes two, with SPAKE and FAST some more; libkrb5 itself ends only after 16."""


class Exchange(Protocol):
    """An AS or TGS exchange."""

    @property
    def takes_long(self) -> bool:
        """Whether a step may take milliseconds of CPU time."""
        ...

    @property
    def armoured(self) -> bool:
        """Whether nobody but libkrb5 can see what is in the messages."""
        ...

    def step(self, reply: bytes = b"") -> Request | None:
        """See `libkrb5.exchange.AsExchange.step`."""


class EndedError(Exception):
    """The conversation ended without credentials; `proof` says how."""

    def __init__(self, proof: Refused | Unavailable) -> None:
        super().__init__(proof.reason)
        self.proof = proof


class ReferredError(EndedError):
    """The KDC says that the client is one of `realm`, and has not been sent a password (RFC 6806 7)."""

    def __init__(self, proof: Refused, realm: str) -> None:
        super().__init__(proof)
        self.refused, self.realm = proof, realm


class OutsideError(EndedError):
    """An exchange in armour was answered outside of it. `sent` says whether a password has left in it."""

    def __init__(self, proof: Unavailable, *, sent: bool) -> None:
        super().__init__(proof)
        self.sent = sent


async def _nobody(_: Reply) -> None:
    """Hears nothing."""


@dataclass(slots=True)
class Conversation:
    """The KDC that answered first is the one that is asked from then on: a second one would count a wrong password once more.

    `proof_sent`: a request that proves the password has left. `unsettled`: one has, and what the KDC made of it is not known: it may have
    counted a wrong password. `waiting` is such a request while its reply has not come. `hear` is told every reply of an AS exchange outside
    armour, before anything is made of it; it may raise EndedError.
    """

    realm: str
    kdcs: Kdcs
    cpu: Cpu
    context: Context
    until: float
    hear: Callable[[Reply], Awaitable[None]] = _nobody
    kdc: Kdc | None = None
    failed_over: bool = False
    proof_sent: bool = False
    unsettled: bool = False
    waiting: "asyncio.Task[Answered] | None" = None
    error: KrbError | None = field(default=None, repr=False)

    async def run(self, stage: Stage, exchange: Exchange, hear: Callable[[Reply], Awaitable[None]] | None = None) -> None:
        """Carry an exchange through. `hear` is told every reply before libkrb5 is.

        Raises EndedError, what `hear` raises, and what the transport raises.
        """
        try:
            await self._run(stage, exchange, hear)
        except OutsideArmourError as error:
            raise OutsideError(self._outside(stage, error), sent=error.sent) from None
        except LibraryError as error:
            if isinstance(error, InArmourError):
                self.error = error.told
                self._settle(error.told)
            raise EndedError(self.failed(stage, error)) from None

    async def _run(self, stage: Stage, exchange: Exchange, hear: Callable[[Reply], Awaitable[None]] | None) -> None:
        message = b""
        for _ in range(ROUNDS):
            request = await self._step(exchange, message)
            if request is None:
                self.unsettled = False  # the KDC has taken the password
                return
            if request.realm != self.realm:
                raise self._referred(stage, request.realm)
            # The first cannot: libkrb5 has been told no salt yet.
            proves = bool(message) and stage is not Stage.TGS and self._proves(stage, exchange, request)
            message = await (self._proved(request.message) if proves else self._asked(request.message, stage))
            reply = self._checked(stage, message, armoured=exchange.armoured)
            if stage is not Stage.TGS and not exchange.armoured:
                await self.hear(reply)
            if hear is not None:
                await hear(reply)
        raise EndedError(Unavailable(Reason.KDC_ERROR, stage, codes=self._codes(), diagnostic="the KDC asks for ever more steps"))

    def _referred(self, stage: Stage, realm: str) -> EndedError:
        if stage is Stage.TGS:  # the AS has taken the password: what the TGS cannot find is our service
            diagnostic = f"the KDC looks for our service principal in the realm {shown(realm)}: no account of {self.realm} has it"
            return EndedError(Unavailable(Reason.SERVICE_PRINCIPAL, stage, codes=self._codes(), diagnostic=diagnostic))
        diagnostic = f"the KDC refers to the realm {shown(realm)}, which is not configured for this user"
        refused = Refused(Reason.WRONG_REALM, stage, codes=self._codes(), diagnostic=diagnostic)
        return EndedError(refused) if self.proof_sent else ReferredError(refused, realm)

    def _proves(self, stage: Stage, exchange: Exchange, request: Request) -> bool:
        """Whether a KDC that reads this checks the password. In armour anything may. Raises EndedError for a second proof."""
        if exchange.armoured:
            return True  # what the KDC asks for there is authenticated: nobody else can ask for it twice
        if not proves_a_password(request.message):
            return False
        if self.proof_sent:  # each counts where the password is wrong, and nothing vouches for who asks
            diagnostic = "the KDC asks for a second proof of the password"
            raise EndedError(Unavailable(Reason.KDC_ERROR, stage, codes=self._codes(), diagnostic=diagnostic))
        return True

    async def _step(self, exchange: Exchange, message: bytes) -> Request | None:
        """The next request. Raises LibraryError."""
        if exchange.takes_long:
            return await self.cpu.run_in(self.context, lambda: exchange.step(message))
        with self.context:
            return exchange.step(message)

    async def _asked(self, message: bytes, stage: Stage) -> bytes:
        """The reply to a message without a proof of the password: by any KDC if none has been chosen, or if it is about a ticket only."""
        if self.kdc is not None and stage is not Stage.TGS:
            return (await self.kdcs.again(self.kdc, message, self.until, password=False)).reply
        answered = await self.kdcs.first(message, self.until)
        self.failed_over = self.failed_over or answered.failed_over
        self.kdc = answered.kdc
        return answered.reply

    async def _proved(self, message: bytes) -> bytes:
        """The reply to a message that proves the password: by the KDC that answered first, or by the next if that cannot have read it."""
        self.proof_sent = self.unsettled = True
        tried: list[Kdc] = []
        while True:
            if self.kdc is None:  # it has answered before, or there would be nothing to prove
                raise SilentKdcError("no KDC has answered yet", reached=False)
            tried.append(self.kdc)
            try:
                return await self._answer_of(self.kdc, message)
            except SilentKdcError as error:
                self.waiting = None
                other = None if error.reached else self.kdcs.instead_of(self.kdc, tried)
                if other is None:
                    self.unsettled = error.reached
                    raise
                self.kdc, self.failed_over = other, True

    async def _answer_of(self, kdc: Kdc, message: bytes) -> bytes:
        # Beyond the deadline somebody may still want to hear whether the password counted: the task is left to them.
        began = asyncio.get_running_loop().time()
        self.waiting = asyncio.create_task(self.kdcs.again(kdc, message, self.until, late_until=self.until + LATE))
        try:
            async with asyncio.timeout_at(self.until):
                answered = await asyncio.shield(self.waiting)
        except TimeoutError:
            kdc.unanswered(began)
            raise
        self.waiting = None
        return answered.reply

    def _checked(self, stage: Stage, message: bytes, *, armoured: bool) -> Reply:
        """What a KDC says, before libkrb5 believes any of it. Raises EndedError."""
        reply = read_reply(message)
        self.error = reply.error
        if self.error is not None and self.kdc is not None:
            self.kdcs.note_offset(self.kdc, (self.error.server_time - datetime.now(UTC)).total_seconds())
        if not armoured:
            self._settle(self.error)
        if reply.key_infos is None:
            raise EndedError(self._unreadable(stage, armoured=armoured))
        count = improper(reply.key_infos)
        if count is not None:
            diagnostic = f"the KDC asks for {count} iterations to make the key, which none does that means well"
            raise EndedError(Unavailable(Reason.KDC_NOT_TRUSTED, stage, codes=self._codes(), diagnostic=diagnostic, alarm=True))
        return reply

    def _settle(self, error: KrbError | None) -> None:
        if error is not None and error.code not in ASKS_ON:
            self.unsettled = False

    def _unreadable(self, stage: Stage, *, armoured: bool) -> Refused | Unavailable:
        """The answer to a reply that is not to be handed on. The code of a KRB-ERROR says enough, whatever is beside it."""
        if self.error is not None and self.error.code not in ASKS_ON and not armoured:
            return said(stage, self.error)
        diagnostic = "the KDC's reply is not encoded as RFC 4120 says"
        return Unavailable(Reason.KDC_ERROR, stage, codes=self._codes(), diagnostic=diagnostic)

    def failed(self, stage: Stage, error: LibraryError) -> Refused | Unavailable:
        """What a failure of libkrb5 at this stage means: the KDC's error if it is that, else the library's own finding."""
        code = catalogue.classify(error.number)
        if self.error is not None and catalogue.krb_error(self.error.code) == code:
            return said(stage, self.error)
        reason, codes = catalogue.reason_for(stage, code), (code, *self._codes())
        if reason is Reason.BAD_CREDENTIALS and self.proof_sent:
            # Whoever proves a password and is sent a ticket has proved it: that it does not open is not the password's fault.
            return Unavailable(
                Reason.KDC_ERROR, stage, codes=codes, diagnostic=f"the KDC took the password, and sent what does not open: {error}"
            )
        if REASONS[reason].kind is Kind.REFUSED:
            return Refused(reason, stage, proved=stage in {Stage.TGS, Stage.VERIFY}, codes=codes, diagnostic=str(error))
        return Unavailable(reason, stage, codes=codes, diagnostic=str(error), alarm=reason is Reason.KDC_NOT_TRUSTED)

    def _outside(self, stage: Stage, error: OutsideArmourError) -> Unavailable:
        """What an answer outside the armour means. Nobody vouches for it: it is never a refusal."""
        told, self.error = self.error, None
        code = catalogue.classify(error.number)
        reason, diagnostic = catalogue.reason_for(stage, code), str(error)
        if told is not None:
            said, _, words = reason_of(stage, told)
            diagnostic = f"{diagnostic}: {told.code} {words}".rstrip()
            if said in {Reason.KDC_BUSY, Reason.KDC_UNREACHABLE}:
                reason = said
        return Unavailable(reason, stage, codes=(code,), diagnostic=diagnostic)

    def _codes(self) -> tuple[Code, ...]:
        return (catalogue.krb_error(self.error.code),) if self.error is not None else ()


LATE: Final = 20.0
"""Seconds beyond a login's deadline that its KDC is listened to: what came of a wrong password is counted when it is known.

With it a deadline stays below `budget.UNSETTLED`, after which the throttle takes an attempt for settled.
"""
