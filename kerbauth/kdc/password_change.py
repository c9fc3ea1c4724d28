"""Changing a user's password with the realm's own service: the port's promise, kept with three steps.

The old password is proved by an AS exchange for kadmin/changepw, which takes expired passwords too; the request is sealed with the key that
this gave; one server is sent it, once. The key also opens the reply: nobody who does not know the old password can make up a success.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, assert_never

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.messages import N_, NN_, Counted
from kerbauth.core.outcome import Change, Changed, Notice, Proof, Proved, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.secret import Secret
from kerbauth.core.text import shown
from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.protocol.kpasswd import SUCCESS, Failed, KpasswdResult, Result, Unreadable
from kerbauth.kdc.protocol.policy import read_policy
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.transport import kpasswd
from kerbauth.kdc.transport.kpasswd import Answered, NotSent, Server, Unanswered
from kerbauth.ports import Recognise
from kerbauth.settings.fields import split_host_port
from kerbauth.settings.kdcs import Transport

MIN_LENGTH: Final = NN_("A password needs {count} character at least.", "A password needs {count} characters at least.")
HISTORY: Final = NN_(
    "Your last password cannot be used again.",
    "Your last {count} passwords cannot be used again.",
)
MIN_AGE: Final = NN_(
    "A password can be changed again once it is {count} day old.",
    "A password can be changed again once it is {count} days old.",
)
COMPLEXITY: Final = N_(
    "A password needs characters of three of these kinds at least: capital letters, small letters, digits, others. It may not contain "
    "your name."
)
MAY_NOT: Final = N_("Your account may not change its own password.")

_SOFT_ERROR: Final = 4  # RFC 3244 2 KRB5_KPASSWD_SOFTERROR: policy
_ACCESS_DENIED: Final = 5  # RFC 3244 2 KRB5_KPASSWD_ACCESSDENIED


class ProvedOld(Protocol):
    """An old password that was right: what it gave can seal a request and open its reply."""

    @property
    def principal(self) -> Principal:
        """Whose it is: of another realm than was asked for where that realm's KDC has referred there."""
        ...

    @property
    def until(self) -> float:
        """When the change must be over: the event loop's time."""
        ...

    async def request(self, new: Secret, local_address: str) -> bytes:
        """The whole request to set `new`, to be sent from this address. Raises LibraryError."""
        ...

    async def answer(self, reply: bytes) -> KpasswdResult:
        """What came of it: reads the reply and opens what is sealed in it. Raises nothing."""
        ...


class ChangeEngine(Protocol):
    """Kerberos, as far as a change needs it."""

    def prove_old(
        self, principal: Principal, old: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> AbstractAsyncContextManager[ProvedOld | Refused | Unavailable]:
        """Prove the old password by an AS exchange for kadmin/changepw within the realm's deadline; a place among the realm's logins is
        held as long as the context is. At most one check of the password at a KDC. What fails has the stage CHANGEPW_PROOF. `late` and
        `recognise` as in `ports.PasswordChanger`.
        """
        ...

    def kdc_hosts(self, realm: str) -> Sequence[str]:
        """The hosts of the realm's KDCs, as they are known now."""
        ...


class KpasswdChanger:
    """Implements `ports.PasswordChanger` with RFC 3244."""

    def __init__(self, realms: Sequence[KerberosRealm], engine: ChangeEngine) -> None:
        self._realms = {realm.name: realm for realm in realms}
        self._engine = engine

    async def change(
        self,
        principal: Principal,
        old: Secret,
        new: Secret,
        late: Callable[[Proof], None] | None = None,
        recognise: Recognise | None = None,
    ) -> Change:
        """See `ports.PasswordChanger`."""
        if principal.realm not in self._realms:  # the use case reads names against the same realms: this is a bug, and never a packet
            return Unavailable(Reason.INTERNAL, Stage.CHANGEPW_PROOF, diagnostic="the realm is not configured")
        async with self._engine.prove_old(principal, old, late, recognise) as proved:
            if isinstance(proved, Refused | Unavailable):
                return proved
            try:
                return await self._set(proved, new)
            except LibraryError as error:  # the request could not be made, so none was sent
                return Unavailable(Reason.INTERNAL, Stage.KPASSWD, diagnostic=str(error))
            except asyncio.CancelledError:
                if late is not None:
                    late(Proved(proved.principal))
                raise

    async def _set(self, proved: ProvedOld, new: Secret) -> Change:
        realm = self._realms[proved.principal.realm]
        udp = realm.transport is Transport.UDP
        outcome = await kpasswd.exchange(self._servers(realm), lambda local: proved.request(new, local), proved.until, udp=udp)
        match outcome:
            case NotSent(diagnostic):
                return Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD, diagnostic=diagnostic)
            case Unanswered(_, diagnostic):
                return Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD, diagnostic=diagnostic, pending=True)
            case Answered(server, reply):
                return meaning(await proved.answer(reply), proved.principal, server)
        assert_never(outcome)

    def _servers(self, realm: KerberosRealm) -> tuple[Server, ...]:
        if realm.kpasswd:
            return tuple(Server(host, port or kpasswd.PORT) for host, port in map(split_host_port, realm.kpasswd))
        hosts = [split_host_port(kdc).host for kdc in realm.kdcs] or self._engine.kdc_hosts(realm.name)
        return tuple(Server(host) for host in dict.fromkeys(hosts))


def meaning(result: KpasswdResult, principal: Principal, server: Server) -> Change:
    """What a server's answer means for the user."""
    match result:
        case Result(code) if code == SUCCESS:
            return Changed(principal)
        case Result(code, text):
            said = f"{server}: {shown(text.decode(errors='replace'))}" if read_policy(text) is None else f"{server}: a policy"
            return _ending(Code(Family.KPASSWD, code), said, tuple(_notices(code, text)))
        case Failed(error):
            return _ending(catalogue.krb_error(error.code), f"{server}: {shown(error.text or '')}")
        case Unreadable(problem):  # the request was carried out, or not, before this was sent
            return Unavailable(Reason.KDC_ERROR, Stage.KPASSWD, diagnostic=f"{server}: {problem}", pending=True)
    assert_never(result)


def _ending(code: Code, diagnostic: str, notices: tuple[Notice, ...] = ()) -> Refused | Unavailable:
    reason = catalogue.reason_for(Stage.KPASSWD, code)
    if REASONS[reason].kind is Kind.REFUSED:
        return Refused(reason, Stage.KPASSWD, proved=True, codes=(code,), diagnostic=diagnostic, notices=notices)
    return Unavailable(reason, Stage.KPASSWD, codes=(code,), diagnostic=diagnostic)


def _notices(code: int, text: bytes) -> Iterator[Notice]:
    """What the user reads besides the reason: what policy asks for, in our words or in the server's."""
    if code == _ACCESS_DENIED:
        yield Notice(Severity.INFO, Reason.ACCOUNT_RESTRICTED, MAY_NOT)
    if code == _SOFT_ERROR:
        policy = read_policy(text)
        if policy is None:
            words = shown(text.decode(errors="replace"))
            if words:
                yield Notice(Severity.INFO, Reason.PASSWORD_REJECTED, words, foreign=True)
            return
        rules = ((MIN_LENGTH, policy.min_length), (HISTORY, policy.history), (MIN_AGE, policy.min_days))
        for forms, count in rules:
            if count > 0:  # so there is no need for a sentence about none
                yield Notice(Severity.INFO, Reason.PASSWORD_REJECTED, Counted("", *forms, count=count))
        if policy.complexity:
            yield Notice(Severity.INFO, Reason.PASSWORD_REJECTED, COMPLEXITY)
