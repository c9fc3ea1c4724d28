"""LOGON_INFO, the KERB_VALIDATION_INFO of MS-PAC 2.5: the account, its domain and its groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from kerbauth.core.sid import MalformedSidError, Sid, member
from kerbauth.kdc.pac.damage import PacError
from kerbauth.kdc.pac.ndr import Membership, Ndr
from kerbauth.kdc.pac.times import Times, filetime

EXTRA_SIDS: Final = 0x20  # UserFlags D: ExtraSids holds something
RESOURCE_GROUPS: Final = 0x200  # UserFlags H: ResourceGroupIds holds something

ENABLED: Final = 0x4  # SE_GROUP_ENABLED (MS-PAC 2.2.1)
DENY_ONLY: Final = 0x10  # SE_GROUP_USE_FOR_DENY_ONLY (winnt.h): counts where something is forbidden to the group, and grants nothing

_TIMES: Final = Struct("<6Q")
_COUNTS: Final = Struct("<HHII")  # LogonCount, BadPasswordCount, UserId, PrimaryGroupId
_SESSION_KEY: Final = Struct("<16x")  # zeros with Kerberos; of no use here, and not kept
_RESERVED: Final = Struct("<8x")
_ACCOUNT_CONTROL: Final = Struct("<I28x")
"""UserAccountControl; not kept: SubAuthStatus, LastSuccessfulILogon, LastFailedILogon, FailedILogonCount, Reserved3."""


@dataclass(frozen=True, slots=True)
class LogonInfo:
    """An account: `user` is its sAMAccountName, `domain` its domain's NetBIOS name, `groups` the groups whose rights it has.

    `account_control` has the bits of MS-SAMR 2.2.1.12 (not those of userAccountControl in the directory), `user_flags` those of
    MS-PAC 2.5.
    """

    user: str
    domain: str
    domain_sid: Sid
    user_sid: Sid
    groups: frozenset[Sid]
    logon_server: str
    user_flags: int
    account_control: int
    times: Times


def read_logon_info(data: bytes) -> LogonInfo:
    """Read the buffer. Raises PacError."""
    ndr = Ndr(data)
    if not ndr.pointer():
        msg = "The LOGON_INFO points to nothing."
        raise PacError(msg)
    times = Times(*map(filetime, ndr.numbers(_TIMES)))
    texts = [ndr.text_header() for _ in range(6)]  # EffectiveName, FullName, LogonScript, ProfilePath, HomeDirectory, HomeDirectoryDrive
    _, _, rid, primary_rid = ndr.numbers(_COUNTS)
    group_count, has_groups, user_flags = ndr.number(), ndr.pointer(), ndr.number()
    ndr.numbers(_SESSION_KEY)
    texts_after = [ndr.text_header() for _ in range(2)]  # LogonServer, LogonDomainName
    has_domain = ndr.pointer()
    ndr.numbers(_RESERVED)
    (account_control,) = ndr.numbers(_ACCOUNT_CONTROL)
    sid_count, has_sids = ndr.number(), ndr.pointer()
    has_resource_domain, resource_count, has_resources = ndr.pointer(), ndr.number(), ndr.pointer()
    # From here on comes what the pointers point to, in their order.
    user = ndr.text(texts[0])
    for header in texts[1:]:
        ndr.pass_over(header)
    groups = ndr.memberships(group_count, there=has_groups)
    server, domain = [ndr.text(header) for header in texts_after]
    domain_sid = ndr.sid() if has_domain else None
    extra = ndr.sids(sid_count, there=has_sids)
    resource_domain = ndr.sid() if has_resource_domain else None
    resources = ndr.memberships(resource_count, there=has_resources)
    ndr.end()
    own_domain, user_sid = _account(user, domain, domain_sid, rid)
    listed = [*_members(own_domain, groups)]
    if user_flags & EXTRA_SIDS:
        listed += extra
    if user_flags & RESOURCE_GROUPS:
        listed += _members(resource_domain, resources)
    granted = _granting(listed, _member(own_domain, primary_rid))
    return LogonInfo(user, domain, own_domain, user_sid, granted, server, user_flags, account_control, times)


def _account(user: str, domain: str, domain_sid: Sid | None, rid: int) -> tuple[Sid, Sid]:
    """The SIDs of the domain and of the account, for whoever has all that makes one.

    A UserId of 0 would mean that the account is of no Windows domain and goes by the first of the extra SIDs (MS-PAC 2.5): then there is
    no domain that its name is a name in.
    """
    if not user or not domain:
        msg = "The LOGON_INFO has no name of the account, or none of its domain."
        raise PacError(msg)
    if domain_sid is None or rid == 0:
        msg = "The LOGON_INFO has no SID of the account in its domain."
        raise PacError(msg)
    return domain_sid, _member(domain_sid, rid)


def _members(domain: Sid | None, memberships: tuple[Membership, ...]) -> list[tuple[Sid, int]]:
    """The groups of one domain by their SIDs."""
    if domain is None and memberships:
        msg = "The LOGON_INFO has groups of a domain without a SID."
        raise PacError(msg)
    return [] if domain is None else [(_member(domain, rid), attributes) for rid, attributes in memberships]


def _member(domain: Sid, rid: int) -> Sid:
    try:
        return member(domain, rid)
    except MalformedSidError:
        msg = "The LOGON_INFO has a domain whose SID has no room for members."
        raise PacError(msg) from None


def _granting(listed: Iterable[tuple[Sid, int]], primary: Sid) -> frozenset[Sid]:
    """The groups that grant: enabled, and nowhere for denying only. The primary group has no attributes of its own; a domain controller
    lists it with the others, and only one that does not gives it by its number alone.
    """
    attributes: dict[Sid, int] = {}
    for sid, each in listed:
        attributes[sid] = attributes.get(sid, 0) | each
    attributes.setdefault(primary, ENABLED)
    return frozenset(sid for sid, each in attributes.items() if each & ENABLED and not each & DENY_ONLY)
