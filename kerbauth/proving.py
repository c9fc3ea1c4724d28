"""Proving a password: the throttle around the credential verifier, so that every attempt is settled, however it ends."""

from typing import assert_never

from kerbauth.attempt import PasswordChange, PasswordLogin
from kerbauth.core.addresses import as_source, read_address
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.ports import Admission, Admitted, CredentialVerifier, Recognise, Repeated, Source, Throttle, Throttled, Unsettled


def source_of(request: PasswordLogin | PasswordChange) -> Source:
    """Where an attempt comes from: the named client, or the peer's address."""
    if request.caller.name is not None:
        return Source(f"client:{request.caller.name}", named=True)
    address = read_address(request.origin.peer)
    return Source("unknown" if address is None else as_source(address))


async def admit(throttle: Throttle, principal: Principal, request: PasswordLogin | PasswordChange) -> Admitted | Refused | Unavailable:
    """Whether the KDC may be asked now; what the caller is answered if not."""
    return _answer(await throttle.admit(principal, source_of(request), request.password), Stage.THROTTLE)


def recogniser(throttle: Throttle, admitted: Admitted, stage: Stage) -> Recognise:
    """Who is told whose account an admitted attempt is about. What is held then has `stage`, that of the exchange which has shown it."""

    async def recognise(account: Principal) -> Admitted | Refused | Unavailable:
        return _answer(await throttle.recognise(admitted, account), stage)

    return recognise


def _answer(admission: Admission, stage: Stage) -> Admitted | Refused | Unavailable:
    match admission:
        case Admitted():
            return admission
        case Throttled(retry_after, why):
            return Refused(Reason.THROTTLED, stage, retry_after=retry_after, diagnostic=why)
        case Repeated(reason):
            # What was held for the account that the KDC has shown is told as it was then (see `core.disclosure`).
            where = Stage.AS if reason is Reason.THROTTLED else Stage.THROTTLE
            return Refused(reason, where, diagnostic="the same password as moments ago; the KDC was not asked again")
        case Unsettled():
            diagnostic = "the KDC has not answered earlier attempts at this account yet"
            return Unavailable(Reason.KDC_UNREACHABLE, Stage.THROTTLE, diagnostic=diagnostic)
        case _:
            assert_never(admission)


async def prove(
    verifier: CredentialVerifier, throttle: Throttle, admitted: Admitted, principal: Principal, request: PasswordLogin
) -> Proof:
    """Ask the KDC, and settle the attempt: at once, or when its late answer comes.

    If the verifier raises something, which is a bug, nobody knows what the KDC counted, and the attempt stays written down.
    """
    recognise = recogniser(throttle, admitted, Stage.AS)
    proof = await verifier.verify_password(principal, request.password, lambda late: throttle.settle_later(admitted, late), recognise)
    if not (isinstance(proof, Unavailable) and proof.pending):
        await throttle.settle(admitted, proof)
    return proof
