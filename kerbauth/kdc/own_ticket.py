"""Tickets of our own, got over our own transport: a ticket-granting ticket with a key of our keytab, and with that others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.kdc.conversation import Conversation, EndedError, Exchange
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.armour import ArmourCache, ArmourTicket
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.own import OwnExchange, OwnServiceExchange
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.transport.errors import NoKdcError, SilentKdcError
from kerbauth.kdc.transport.kdcs import Kdcs

_OURS: Final = {Reason.BAD_CREDENTIALS: Reason.SERVICE_KEYS, Reason.ACCOUNT_KEYS: Reason.SERVICE_KEYS}
"""What a KDC's word about us means: a user whose login needs the ticket is not to hear of a wrong password."""


@dataclass(frozen=True, slots=True)
class NoTicket:
    """There is none. `counted` says that the KDC may have counted a failure against our account, which it locks after some."""

    trouble: Unavailable
    counted: bool = False


_Got_co = TypeVar("_Got_co", covariant=True)


class _Exchange(Exchange, Protocol[_Got_co]):
    def ticket(self) -> _Got_co:
        """What came of it, once `step` has given None. Raises LibraryError."""
        ...


async def get_own_ticket(realm: KerberosRealm, kdcs: Kdcs, cpu: Cpu, keytab: bytes) -> ArmourTicket | NoTicket:
    """Get one for `realm.client`, whose key is in the keytab of this name, within the realm's deadline. Raises nothing for an answer."""
    return await _got(realm, kdcs, cpu, Stage.AS, lambda context: OwnExchange(context, realm.client, keytab))


async def get_service_ticket(realm: KerberosRealm, kdcs: Kdcs, cpu: Cpu, own: ArmourTicket, service: str) -> ArmourCache | NoTicket:
    """Get one for `service` (text form with realm), to be found in the cache beside `own`. As `get_own_ticket`."""
    return await _got(realm, kdcs, cpu, Stage.TGS, lambda context: OwnServiceExchange(context, own, service), f" for {service}")


async def _got(
    realm: KerberosRealm, kdcs: Kdcs, cpu: Cpu, stage: Stage, begin: Callable[[Context], _Exchange[_Got_co]], which: str = ""
) -> _Got_co | NoTicket:
    talk: Conversation | None = None
    try:
        context = Context()
        try:
            talk = Conversation(realm.name, kdcs, cpu, context, asyncio.get_running_loop().time() + realm.deadline)
            async with asyncio.timeout_at(talk.until):
                with context:
                    exchange = begin(context)
                await talk.run(stage, exchange)
                with context:
                    return exchange.ticket()
        finally:
            cpu.free(context)
    except EndedError as ended:
        return _refused(f"{realm.client} no ticket{which}", ended.proof, counted=talk is not None and talk.proof_sent)
    except LibraryError as error:
        return NoTicket(Unavailable(Reason.KEYTAB, Stage.AS, diagnostic=str(error)))
    except (NoKdcError, SilentKdcError) as error:
        return NoTicket(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=error.diagnostic))
    except TimeoutError:
        diagnostic = f"no KDC of {realm.name} answered within {realm.deadline:g} seconds"
        return NoTicket(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=diagnostic))


def _refused(what: str, proof: Refused | Unavailable, *, counted: bool) -> NoTicket:
    """The KDC gives us none. That is our fault, or the administrator's, and not a user's."""
    diagnostic = f"the KDC gives {what}: {proof.reason}, {proof.diagnostic}"
    if isinstance(proof, Unavailable):
        return NoTicket(Unavailable(proof.reason, Stage.AS, diagnostic=diagnostic, alarm=proof.alarm))
    # Without the codes: an administrator's own text for one of them is about users.
    return NoTicket(Unavailable(_OURS.get(proof.reason, Reason.SERVICE_PRINCIPAL), Stage.AS, diagnostic=diagnostic), counted)
