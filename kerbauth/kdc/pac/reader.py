"""Reading a whole PAC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kerbauth.core.sid import Sid
from kerbauth.kdc.pac.buffers import Kind, read_buffers
from kerbauth.kdc.pac.client import Client, read_attributes, read_client_info, read_sid
from kerbauth.kdc.pac.damage import PacError
from kerbauth.kdc.pac.logon import LogonInfo, read_logon_info
from kerbauth.kdc.pac.upn import DirectoryNames, read_upn_dns_info

_TRUST_ACCOUNTS: Final = 0x40 | 0x80 | 0x100  # a trust, a computer, a domain controller (MS-SAMR 2.2.1.12)

_SIGNATURES: Final = frozenset({Kind.SERVER_SIGNATURE, Kind.KDC_SIGNATURE, Kind.TICKET_SIGNATURE, Kind.FULL_SIGNATURE})


@dataclass(frozen=True, slots=True)
class PacProblem:
    """Why these bytes are no PAC that counts: a sentence for the log and the administrator, with nothing of the PAC in it."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Pac:
    """What a domain controller says about the owner of a ticket.

    `logon` is the account, `client` the ticket's own client name. `names` is there if the domain controller tells them. `requester` and
    `attributes` are meant for KDCs (MS-KILE 3.3.5.7.9): a ticket for a service has neither as a rule. `signatures` are those that are
    there; verifying them is libkrb5's part. `delegated`: a service has got the ticket in the account's name (S4U_DELEGATION_INFO, 2.9).

    The parts are not compared with each other here: `agreement` does.
    """

    logon: LogonInfo
    client: Client
    names: DirectoryNames | None
    requester: Sid | None
    attributes: int | None
    signatures: frozenset[Kind]
    delegated: bool

    @property
    def user(self) -> str:
        """The sAMAccountName, as the directory spells it."""
        return self.logon.user

    @property
    def domain(self) -> str:
        """The NetBIOS name of the account's domain."""
        return self.logon.domain

    @property
    def user_sid(self) -> Sid:
        """The account's SID, which stays when the account is renamed."""
        return self.logon.user_sid

    @property
    def groups(self) -> frozenset[Sid]:
        """The groups whose rights the account has: of its domain, of other domains, and of the service's own."""
        return self.logon.groups

    @property
    def is_machine(self) -> bool:
        """Whether this is no person's account: a computer, a domain controller or a trust, or one that is named like them."""
        return bool(self.logon.account_control & _TRUST_ACCOUNTS) or self.user.endswith("$")


def read_pac(data: bytes) -> Pac | PacProblem:
    """The PAC that these bytes are, the content of an AD-WIN2K-PAC element. Raises nothing; takes time in proportion to the length, of
    which at most `buffers.SIZE_LIMIT` bytes are looked at.
    """
    try:
        return _pac(read_buffers(data))
    except PacError as error:
        return PacProblem(str(error))


def _pac(buffers: Mapping[int, bytes]) -> Pac:
    names, requester, attributes = (buffers.get(kind) for kind in (Kind.UPN_DNS_INFO, Kind.REQUESTER_SID, Kind.ATTRIBUTES_INFO))
    return Pac(
        read_logon_info(buffers[Kind.LOGON_INFO]),
        read_client_info(buffers[Kind.CLIENT_INFO]),
        None if names is None else read_upn_dns_info(names),
        None if requester is None else read_sid(requester, "The REQUESTER_SID"),
        None if attributes is None else read_attributes(attributes),
        frozenset(kind for kind in _SIGNATURES if kind in buffers),
        Kind.DELEGATION_INFO in buffers,
    )
