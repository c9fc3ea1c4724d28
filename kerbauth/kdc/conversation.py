"""One login's conversation with a realm's KDCs: libkrb5's steps in a thread, their messages over our own transport."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.exchange import AsExchange, KeyLater, Request
from kerbauth.kdc.protocol.key_info import excessive, key_infos, understood
from kerbauth.kdc.protocol.krb_error import KrbError, read_krb_error
from kerbauth.kdc.protocol.reason import reason_of, words_of
from kerbauth.kdc.protocol.string_to_key import string_to_key
from kerbauth.kdc.transport.errors import SilentKdcError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.kdc.transport.race import Answered

PREFERRED: Final = (18, 17, 20, 19)
"""The enctypes in the order in which they are offered: `permitted_enctypes` of our krb5.conf. libkrb5 takes the KDC's first of these."""
KEY_BYTES: Final = {17: 16, 18: 32, 19: 16, 20: 32}  # RFC 3962 section 7, RFC 8009 section 5

ROUNDS: Final = 10
"""Requests in one exchange. A login takes two, with SPAKE and FAST some more; libkrb5 itself ends only after 16."""


class Step(Protocol):
    """An AS or TGS exchange."""

    def step(self, reply: bytes = b"") -> Request | None:
        """See `libkrb5.exchange.AsExchange.step`."""


class EndedError(Exception):
    """The conversation ended without credentials; `proof` says how."""

    def __init__(self, proof: Refused | Unavailable) -> None:
        super().__init__(proof.reason)
        self.proof = proof


class NeedsLibraryError(Exception):
    """The key has to be made by libkrb5 itself: the exchange begins anew with the password. None has been sent yet."""


@dataclass(slots=True)
class Conversation:
    """The KDC that answered first is the one that is asked from then on: a second one would count a wrong password once more.

    `waiting` is the request that bears a password, while its reply has not come.
    """

    realm: str
    kdcs: Kdcs
    cpu: Cpu
    context: Context
    until: float
    kdc: Kdc | None = None
    failed_over: bool = False
    bears_password: bool = False
    waiting: "asyncio.Task[Answered] | None" = None
    error: KrbError | None = field(default=None, repr=False)

    async def run(self, stage: Stage, exchange: Step, take: Callable[[bytes], None] | None = None) -> None:
        """Carry an exchange through. `take` sees every reply before libkrb5 does, in the thread.

        Raises EndedError, NeedsLibraryError from `take`, and what the transport raises.
        """
        reply = b""
        for _ in range(ROUNDS):
            request = await self._step(stage, exchange, reply, take)
            if request is None:
                return
            if request.realm != self.realm:
                diagnostic = f"the KDC refers to the realm {request.realm}, which is not configured for this user"
                raise EndedError(Refused(Reason.WRONG_REALM, stage, codes=self._codes(), diagnostic=diagnostic))
            reply = await self._carried(request.message, stage)
            self._check(stage, reply)
        raise EndedError(Unavailable(Reason.KDC_ERROR, stage, codes=self._codes(), diagnostic="the KDC asks for ever more steps"))

    async def _step(self, stage: Stage, exchange: Step, reply: bytes, take: Callable[[bytes], None] | None) -> Request | None:
        def work() -> Request | None:
            if reply and take is not None:
                take(reply)
            return exchange.step(reply)

        try:
            return await self.cpu.run(self.context, work)
        except LibraryError as error:
            raise EndedError(self.failed(stage, error)) from None

    async def _carried(self, message: bytes, stage: Stage) -> bytes:
        """The reply to a message. What leaves after the first reply of the login bears a password, or what is made of one."""
        if self.kdc is None or stage is Stage.TGS:
            answered = await self.kdcs.first(message, self.until)
            self.failed_over = self.failed_over or answered.failed_over
            self.kdc = answered.kdc
            return answered.reply
        # Beyond the deadline somebody may still want to hear whether the password counted: the task is left to them.
        far = self.until + LATE
        began = asyncio.get_running_loop().time()
        self.bears_password = True
        self.waiting = asyncio.create_task(self.kdcs.again(self.kdc, message, far))
        try:
            async with asyncio.timeout_at(self.until):
                answered = await asyncio.shield(self.waiting)
        except TimeoutError:
            self.kdc.unanswered(began)
            raise
        except SilentKdcError:
            self.waiting = None
            raise
        self.waiting = None
        return answered.reply

    def _check(self, stage: Stage, reply: bytes) -> None:
        """What a KDC says, before libkrb5 believes any of it. Raises EndedError."""
        self.error = read_krb_error(reply)
        if self.error is not None and self.kdc is not None:
            self.kdcs.note_offset(self.kdc, (self.error.server_time - datetime.now(UTC)).total_seconds())
        if not understood(reply):
            diagnostic = "the KDC's reply is not encoded as RFC 4120 says"
            raise EndedError(Unavailable(Reason.KDC_ERROR, stage, codes=self._codes(), diagnostic=diagnostic))
        count = excessive(key_infos(reply))
        if count is not None:
            diagnostic = f"the KDC asks for {count} iterations to make the key, which none does that means well"
            raise EndedError(Unavailable(Reason.KDC_NOT_TRUSTED, stage, codes=self._codes(), diagnostic=diagnostic, alarm=True))

    def failed(self, stage: Stage, error: LibraryError) -> Refused | Unavailable:
        """What a failure of libkrb5 at this stage means: the KDC's error if it is that, else the library's own finding."""
        code = catalogue.classify(error.number)
        told = self.error
        if told is not None and catalogue.krb_error(told.code) == code:
            reason, codes, diagnostic = reason_of(stage, told)
            notices = words_of(reason, told)
        else:
            reason, codes, diagnostic, notices = catalogue.reason_for(stage, code), (code, *self._codes()), str(error), ()
        if REASONS[reason].kind is Kind.REFUSED:
            # Behind the AS exchange the KDC has taken the password, so the reason may be told.
            proved = stage in {Stage.TGS, Stage.VERIFY}
            return Refused(reason, stage, proved=proved, codes=codes, diagnostic=diagnostic, notices=notices)
        alarm = reason is Reason.KDC_NOT_TRUSTED
        return Unavailable(reason, stage, codes=codes, diagnostic=diagnostic, alarm=alarm, notices=notices)

    def _codes(self) -> tuple[Code, ...]:
        return (catalogue.krb_error(self.error.code),) if self.error is not None else ()


LATE: Final = 20.0
"""Seconds beyond a login's deadline that its KDC is listened to: what came of a wrong password is counted when it is known.

With it a deadline stays below `budget.UNSETTLED`, after which the throttle takes an attempt for settled.
"""


def keyed(exchange: AsExchange, password: Secret, salt: bytes) -> Callable[[bytes], None]:
    """Have the exchange's key made by OpenSSL, in half of libkrb5's time, as soon as a reply names salt and parameters.

    Gives what is to see every reply. That raises NeedsLibraryError where the reply asks for what is left to libkrb5.
    """
    later = exchange.use_key(PREFERRED, KEY_BYTES.__getitem__)
    made: list[bool] = []

    def take(reply: bytes) -> None:
        if not made and _asks_for_a_key(reply):
            _put_key(later, reply, password, salt)
            made.append(True)

    return take


_PREAUTH_REQUIRED: Final = 25  # RFC 4120 7.5.9
_AS_REP: Final = 0x6B  # RFC 4120 5.10: [APPLICATION 11]


def _asks_for_a_key(reply: bytes) -> bool:
    error = read_krb_error(reply)
    return error.code == _PREAUTH_REQUIRED if error is not None else reply[:1] == bytes([_AS_REP])


def _put_key(later: KeyLater, reply: bytes, password: Secret, salt: bytes) -> None:
    named: Sequence[int] = [info.enctype for info in key_infos(reply)]
    chosen = next((enctype for enctype in PREFERRED if enctype in named), None)
    info = next((info for info in key_infos(reply) if info.enctype == chosen), None)
    key = string_to_key(info, password.reveal(), salt) if info is not None else None
    if info is None or key is None:
        raise NeedsLibraryError
    later.put(info.enctype, key)
