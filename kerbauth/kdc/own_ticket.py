"""A ticket-granting ticket of our own, got with a key of our keytab by an AS exchange over our own transport."""

import asyncio
from dataclasses import dataclass
from typing import Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.kdc.conversation import Conversation, EndedError
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.armour import ArmourTicket
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.own import OwnExchange
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


async def get_own_ticket(realm: KerberosRealm, kdcs: Kdcs, cpu: Cpu, keytab: bytes) -> ArmourTicket | NoTicket:
    """Get one for `realm.client`, whose key is in the keytab of this name, within the realm's deadline. Raises nothing for an answer."""
    talk: Conversation | None = None
    try:
        context = Context()
        try:
            talk = Conversation(realm.name, kdcs, cpu, context, asyncio.get_running_loop().time() + realm.deadline)
            async with asyncio.timeout_at(talk.until):
                with context:
                    own = OwnExchange(context, realm.client, keytab)
                await talk.run(Stage.AS, own)
                with context:
                    return own.ticket()
        finally:
            cpu.free(context)
    except EndedError as ended:
        return _refused(realm.client, ended.proof, counted=talk is not None and talk.proof_sent)
    except LibraryError as error:
        return NoTicket(Unavailable(Reason.KEYTAB, Stage.AS, diagnostic=str(error)))
    except (NoKdcError, SilentKdcError) as error:
        return NoTicket(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=error.diagnostic))
    except TimeoutError:
        diagnostic = f"no KDC of {realm.name} answered within {realm.deadline:g} seconds"
        return NoTicket(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=diagnostic))


def _refused(client: str, proof: Refused | Unavailable, *, counted: bool) -> NoTicket:
    """The KDC gives us none. That is our fault, or the administrator's, and not a user's."""
    diagnostic = f"the KDC gives {client} no ticket: {proof.reason}, {proof.diagnostic}"
    if isinstance(proof, Unavailable):
        return NoTicket(Unavailable(proof.reason, Stage.AS, diagnostic=diagnostic, alarm=proof.alarm))
    # Without the codes: an administrator's own text for one of them is about users.
    return NoTicket(Unavailable(_OURS.get(proof.reason, Reason.SERVICE_PRINCIPAL), Stage.AS, diagnostic=diagnostic), counted)
