"""Proving an old password, to change it: an AS exchange for kadmin/changepw, which takes expired passwords, too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.conversation import Conversation, EndedError, ReferredError
from kerbauth.kdc.libkrb5.change import ChangeConversation
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.password import GRACE, PasswordLogin, Referral
from kerbauth.kdc.protocol.kpasswd import KpasswdResult
from kerbauth.kdc.recognition import Recognition
from kerbauth.kdc.settling import Late, left_alone, settled
from kerbauth.kdc.transport.errors import NoKdcError, SilentKdcError
from kerbauth.ports import Recognise

STAGE: Final = Stage.CHANGEPW_PROOF


@dataclass(frozen=True, slots=True)
class Proved:
    """Implements `password_change.ProvedOld`."""

    talk: Conversation
    sealing: ChangeConversation
    principal: Principal

    @property
    def until(self) -> float:
        """See `password_change.ProvedOld`."""
        return self.talk.until

    async def request(self, new: Secret, local_address: str) -> bytes:
        """See `password_change.ProvedOld`."""
        with self.talk.context:
            return self.sealing.request(new, local_address)

    async def answer(self, reply: bytes) -> KpasswdResult:
        """See `password_change.ProvedOld`."""
        with self.talk.context:
            return self.sealing.answer(reply)


@asynccontextmanager
async def prove(
    login: PasswordLogin, principal: Principal, old: Secret, until: float, late: Late = None, recognise: Recognise | None = None
) -> AsyncIterator[Proved | Referral | Refused | Unavailable]:
    """Prove `old` by the loop's time `until`. What was proved can be used as long as the context is held. `late`, `recognise`: see
    `ports`.
    """
    try:
        context = Context()
    except LibraryError as error:
        yield Unavailable(Reason.INTERNAL, STAGE, diagnostic=str(error))
        return
    talk = Conversation(login.realm.name, login.kdcs, login.cpu, context, until, Recognition(principal, recognise).hear)
    try:
        yield await _proved(login, talk, principal, old, late)
    finally:
        login.cpu.free(context)


async def _proved(
    login: PasswordLogin, talk: Conversation, principal: Principal, old: Secret, late: Late
) -> Proved | Referral | Refused | Unavailable:
    try:
        async with asyncio.timeout_at(talk.until + GRACE):
            exchange = await login.exchange(talk, principal, old, f"kadmin/changepw@{talk.realm}", STAGE)
            with talk.context as context:
                return Proved(talk, ChangeConversation(context, exchange.credentials()), principal)
    except ReferredError as referred:
        return Referral(referred.realm, referred.refused)
    except EndedError as ended:
        return settled(talk, ended.proof, late)
    except LibraryError as error:
        talk.error = None  # the KDC had nothing against it
        return talk.failed(STAGE, error)
    except (NoKdcError, SilentKdcError) as error:
        return settled(talk, Unavailable(Reason.KDC_UNREACHABLE, STAGE, diagnostic=error.diagnostic), late)
    except TimeoutError:
        diagnostic = f"no KDC of {talk.realm} answered within {login.realm.deadline:g} seconds"
        return settled(talk, Unavailable(Reason.KDC_UNREACHABLE, STAGE, diagnostic=diagnostic), late)
    except asyncio.CancelledError:
        left_alone(talk, late)
        raise
