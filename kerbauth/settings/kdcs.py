"""How KDCs are found and asked: the table `[dns]`, and kinds of values for a realm."""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from kerbauth.core.sid import MalformedSidError, Sid, parse_sid
from kerbauth.settings.fields import Different, Kind, Lax, Table, split_host_port
from kerbauth.settings.findings import one

# One label of a DNS name; Windows' own names for sites (Default-First-Site-Name) fit it, too (MS-ADTS 6.3.2.3, RFC 1123 2.1).
_SITE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")

_DOMAIN_SID: Final = re.compile(r"S-1-5-21(?:-[0-9]+){3}")  # MS-DTYP 2.4.2.4: SECURITY_NT_NON_UNIQUE and the domain's three numbers


class RealmKind(StrEnum):
    """What sort of KDC a realm has."""

    MIT = "mit"
    AD = "ad"


class Transport(StrEnum):
    """What a realm's KDCs are asked over first."""

    AUTO = "auto"
    UDP = "udp"
    TCP = "tcp"


class Fast(StrEnum):
    """Whether a realm's passwords go to its KDCs in armour (FAST, RFC 6113)."""

    OFF = "off"
    TRY = "try"
    REQUIRE = "require"


def _site(value: str) -> str:
    if not _SITE.fullmatch(value):
        msg = "is no name of a site; expected letters, digits, hyphens and underscores, like Default-First-Site-Name"
        raise one(msg)
    return value


def _domain_sid(value: str) -> Sid:
    try:
        sid = parse_sid(value)
    except MalformedSidError as error:
        msg = f"is no SID: {error}"
        raise one(msg) from None
    if not _DOMAIN_SID.fullmatch(sid):
        msg = "is no domain's SID; expected S-1-5-21- and three numbers, as Get-ADDomain prints it under DomainSID"
        raise one(msg)
    return sid


def _server(value: str) -> str:
    try:
        host, port = split_host_port(value)
    except ValueError as error:
        raise one(str(error)) from None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        msg = "is no IP address; a name server's own name cannot be looked up"
        raise one(msg) from None
    if port == 0:
        msg = "has the port 0; leave it out for 53"
        raise one(msg)
    return value


DomainSid = Annotated[Sid, AfterValidator(_domain_sid), Kind("SID")]
Site = Annotated[str, AfterValidator(_site), Kind("text")]
NameServer = Annotated[str, AfterValidator(_server), Kind("address or address:port")]


class DnsSettings(Table):
    """`[dns]`: where realms without `kdcs` are looked up."""

    servers: Annotated[tuple[NameServer, ...], Lax, Different] = Field(
        (),
        description="The name servers that are asked for SRV records and the addresses of the KDCs in them, as address or address:port; "
        "an IPv6 address in brackets. Left out: those of /etc/resolv.conf. Names in a realm's `kdcs` are resolved by the system.",
    )
