"""A session with one directory server: bound as our own account, the server proved, and its domain's groups found by name."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Final

from kerbauth.core.sid import Sid
from kerbauth.core.text import lower, nfc
from kerbauth.directory import GroupFound, NoSuchGroup
from kerbauth.kdc.directory.connection import Connection, Server
from kerbauth.kdc.directory.entry import group_of
from kerbauth.kdc.directory.sealing import Sealing
from kerbauth.kdc.directory.trouble import DirectoryError
from kerbauth.kdc.libkrb5.armour import ArmourCache
from kerbauth.kdc.realm import KerberosRealm

BIND_STEPS: Final = 6
"""Answers that a bind may take. With Kerberos it takes three: its token, the layers, and the end."""

# What may stand in a principal as a host (RFC 1123 2.1, and the underscore that Windows allows): nothing that would need escaping there.
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?")

TicketFor = Callable[[str], Awaitable[ArmourCache]]
"""Gets a ticket for a service principal (text form with realm); gives the cache that it is in. Raises DirectoryError."""


class Session:
    """A bound connection."""

    def __init__(self, connection: Connection, base: str, domain: Sid | None = None) -> None:
        """`domain` is the SID that every group of the domain has at its beginning, where that is known from elsewhere."""
        self._connection = connection
        self._base = base
        self._domain = domain

    async def find(self, name: str) -> GroupFound | NoSuchGroup:
        """The group of this name (its sAMAccountName, without case). Raises DirectoryError."""
        request = self._connection.messages.find_group(self._base, name, "sAMAccountName", "objectSid", "groupType")
        entries = (await self._connection.search(request)).entries
        # Windows takes more for equal than case: letters with and without accents, wide ones and narrow ones (MS-ADTS 3.1.1.2.2.4).
        ours = [entry for entry in entries if lower(nfc(entry.text("sAMAccountName"))) == lower(nfc(name))]
        if len(entries) > 1:
            return NoSuchGroup("the directory has several groups of that name")
        if not ours:
            return NoSuchGroup(f"the directory has {'only a group of a similar name' if entries else 'no group of that name'}")
        group = group_of(ours[0])
        if isinstance(group, GroupFound) and self._domain is not None and not group.sid.startswith(f"{self._domain}-"):
            return NoSuchGroup(f"the SID that the directory gives, {group.sid}, is not of the domain that `domain_sid` says")
        return group


@asynccontextmanager
async def session(server: Server, realm: KerberosRealm, ticket_for: TicketFor) -> AsyncIterator[Session]:
    """Connect to a server of `realm` and bind. Raises DirectoryError.

    The server is asked for as `ldap/host/domain`, a principal that only domain controllers have: an ordinary machine may write
    `ldap/itself` into its own account, but not this (MS-ADTS 3.1.1.5.3.1.1.4). So whoever answers has the key of a domain controller.
    """
    connection = await Connection.open(server)
    try:
        host = await _host(connection, server)
        service = f"ldap/{host}/{realm.name.lower()}@{realm.name}"
        cache = await ticket_for(service)
        await _bind(connection, Sealing(cache.name, service))
        # Only now: what came before the bind may have come from anybody.
        root = await connection.search(connection.messages.read_root("defaultNamingContext"))
        if len(root.entries) != 1:
            raise _no_root()
        yield Session(connection, root.entries[0].text("defaultNamingContext"), realm.domain_sid)
    finally:
        connection.close()


async def _host(connection: Connection, server: Server) -> str:
    """The name that the server has in its principal: the configured one, or what it calls itself where only its address is known.

    The latter is not proved yet, but it can only be a domain controller's name: for others the KDC has no such principal.
    """
    if not _is_address(server.host):
        return server.host.rstrip(".").lower()
    root = await connection.search(connection.messages.read_root("dnsHostName"))
    if len(root.entries) != 1:
        raise _no_root()
    host = root.entries[0].text("dnsHostName").lower()
    if not _HOST.fullmatch(host):
        msg = "the directory server's name for itself is no host name"
        raise DirectoryError(msg)
    return host


async def _bind(connection: Connection, sealing: Sealing) -> None:
    """Three things happen in turn (RFC 4752 3.1): both sides prove themselves, the server offers its layers, and takes our choice."""
    answer = await connection.bind(sealing.step(None))
    for _ in range(BIND_STEPS):
        if answer.done:  # never before the layers are agreed
            break
        if not sealing.proved:
            answer = await connection.bind(sealing.step(answer.token))
            continue
        answer = await connection.bind(sealing.choose(answer.token))
        if answer.done:
            connection.sealing = sealing
            return
    msg = "the directory server does not come to the end of the bind as RFC 4752 says"
    raise DirectoryError(msg)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _no_root() -> DirectoryError:
    return DirectoryError("the directory server does not tell its root DSE")
