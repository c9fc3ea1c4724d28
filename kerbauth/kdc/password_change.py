"""Changing a user's password with the realm's own service: the port's promise, kept with three steps.

The old password is proved by an AS exchange for kadmin/changepw, which takes expired passwords too; the request is sealed with the key that
this gave; one server is sent it, once. The key also opens the reply: nobody who does not know the old password can make up a success.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar, assert_never

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.messages import N_, NN_, Counted
from kerbauth.core.outcome import Change, Changed, Notice, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.secret import Secret
from kerbauth.core.text import shown
from kerbauth.kdc.protocol.kpasswd import SUCCESS, Failed, KpasswdResult, Result, Unreadable
from kerbauth.kdc.protocol.policy import read_policy
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.transport import kpasswd
from kerbauth.kdc.transport.kpasswd import Answered, NotSent, Server, Unanswered
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

_Made = TypeVar("_Made")


class ChangeConversation(Protocol):
    """What a right old password gave: the ticket to change it with, and its session key. Takes CPU time and waits for nothing."""

    def request(self, new: Secret, target: Principal | None) -> bytes:
        """The whole request (`protocol.kpasswd.frame`) to set `new`: for `target`, or for the ticket's own account."""
        ...

    def answer(self, reply: bytes) -> KpasswdResult:
        """What came of it: reads the reply, opens what is sealed in it. Raises nothing."""
        ...


class ChangeEngine(Protocol):
    """Kerberos, as far as a change needs it."""

    async def prove_old(self, principal: Principal, old: Secret, until: float) -> ChangeConversation | Refused | Unavailable:
        """Prove the old password by an AS exchange for kadmin/changepw that ends by `until` (the loop's time). At most one check of the
        password at a KDC. A refusal or a failure has the stage CHANGEPW_PROOF.
        """
        ...

    def run(self, work: Callable[[], _Made]) -> Awaitable[_Made]:
        """Do something that takes CPU time in a thread for that."""
        ...

    def kdc_hosts(self, realm: str) -> Sequence[str]:
        """The hosts of the realm's KDCs, as they are known now."""
        ...


class NoChangeEngine:
    """Stands in while no engine speaks to KDCs step by step: no password is put to any."""

    async def prove_old(self, principal: Principal, old: Secret, until: float) -> ChangeConversation | Refused | Unavailable:  # noqa: ARG002 -- the protocol's signature
        """See `ChangeEngine`."""
        return Unavailable(Reason.INTERNAL, Stage.CHANGEPW_PROOF, diagnostic="passwords cannot be changed by this version")

    async def run(self, work: Callable[[], _Made]) -> _Made:
        """See `ChangeEngine`."""
        return work()

    def kdc_hosts(self, realm: str) -> Sequence[str]:  # noqa: ARG002 -- the protocol's signature
        """See `ChangeEngine`."""
        return ()


class KpasswdChanger:
    """Implements `ports.PasswordChanger` with RFC 3244."""

    def __init__(self, realms: Sequence[KerberosRealm], engine: ChangeEngine) -> None:
        self._realms = {realm.name: realm for realm in realms}
        self._engine = engine

    async def change(self, principal: Principal, old: Secret, new: Secret) -> Change:
        """See `ports.PasswordChanger`."""
        realm = self._realms.get(principal.realm)
        if realm is None:  # the use case reads names against the same realms: this is a bug, and never a packet
            return Unavailable(Reason.INTERNAL, Stage.CHANGEPW_PROOF, diagnostic="the realm is not configured")
        until = asyncio.get_running_loop().time() + realm.deadline
        conversation = await self._engine.prove_old(principal, old, until)
        if isinstance(conversation, Refused | Unavailable):
            return conversation

        async def make(_local_address: str) -> bytes:
            return await self._engine.run(lambda: conversation.request(new, None))

        outcome = await kpasswd.exchange(self._servers(realm), make, until, udp=realm.transport is Transport.UDP)
        match outcome:
            case NotSent(diagnostic):
                return Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD, diagnostic=diagnostic)
            case Unanswered(_, diagnostic):
                return Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD, diagnostic=diagnostic, pending=True)
            case Answered(server, reply):
                result = await self._engine.run(lambda: conversation.answer(reply))
                return meaning(result, principal, server)
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
