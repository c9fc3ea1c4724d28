"""Finding groups by name: the port's promise, kept with a ticket of our own and a session per look."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from kerbauth.directory import DirectoryFailed, GroupFound, NoSuchGroup
from kerbauth.kdc.armour import rest_after
from kerbauth.kdc.directory.connection import Server
from kerbauth.kdc.directory.session import session
from kerbauth.kdc.directory.trouble import DirectoryError
from kerbauth.kdc.libkrb5.armour import ArmourCache, ArmourTicket
from kerbauth.kdc.own_ticket import NoTicket
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings.fields import split_host_port

BIND_SECONDS: Final = 10.0
"""For one server, until the bind is done: a name server and a directory that are slow, not down. A healthy one takes 30 ms."""

SEARCH_SECONDS: Final = 5.0
"""For one search by an indexed attribute, which takes a healthy directory a millisecond."""

SERVERS: Final = 4
"""Servers that are tried in one look. Where DNS names dozens, four that do not answer say enough about the fifth."""


class Tickets(Protocol):
    """A realm's KDCs, as far as directories need them."""

    async def own(self) -> ArmourTicket | NoTicket:
        """A ticket-granting ticket with the key of `KerberosRealm.client`."""
        ...

    async def service(self, own: ArmourTicket, service: str) -> ArmourCache | NoTicket:
        """With it, a ticket for a service, into the same cache."""
        ...

    def hosts(self) -> Sequence[str]:
        """The KDCs' hosts, as they are known now."""
        ...


class RealmGroups:
    """One realm's directory."""

    def __init__(self, realm: KerberosRealm, tickets: Tickets) -> None:
        self._realm = realm
        self._tickets = tickets
        self._refusals = 0
        self._rest_until = 0.0

    async def find(self, names: Sequence[str]) -> Mapping[str, GroupFound | NoSuchGroup] | DirectoryFailed:
        """See `directory.GroupDirectory`."""
        own = await self._own()
        if isinstance(own, DirectoryFailed):
            return own
        problems = []
        for server in self._servers():
            try:
                return await self._ask(server, own, names)
            except DirectoryError as error:
                problems.append(f"{server}: {error}")
            except TimeoutError:
                problems.append(f"{server}: no answer in time")
        return DirectoryFailed("; ".join(problems) or f"no directory server of {self._realm.name} is known")

    async def _own(self) -> ArmourTicket | DirectoryFailed:
        """A new ticket for each look: it is used for some milliseconds, and a keytab or an account that has changed is noticed."""
        now = asyncio.get_running_loop().time()
        if now < self._rest_until:
            return DirectoryFailed(f"{self._realm.name} has refused our key, and is left alone for {self._rest_until - now:.0f} seconds")
        own = await self._tickets.own()
        if isinstance(own, ArmourTicket):
            self._refusals = 0
            return own
        if own.counted:  # the KDC locks our account after some of these, and with it every login
            self._refusals += 1
            self._rest_until = now + rest_after(self._refusals)
        return DirectoryFailed(f"{own.trouble.reason}: {own.trouble.diagnostic}")

    def _servers(self) -> Sequence[Server]:
        if self._realm.ldap:
            return [Server(host, port) if port else Server(host) for host, port in map(split_host_port, self._realm.ldap)][:SERVERS]
        hosts = [split_host_port(kdc).host for kdc in self._realm.kdcs] or self._tickets.hosts()
        return [Server(host) for host in dict.fromkeys(hosts)][:SERVERS]

    async def _ask(self, server: Server, own: ArmourTicket, names: Sequence[str]) -> Mapping[str, GroupFound | NoSuchGroup]:
        """Raises DirectoryError and TimeoutError."""

        async def ticket_for(service: str) -> ArmourCache:
            got = await self._tickets.service(own, service)
            if isinstance(got, NoTicket):
                raise DirectoryError(got.trouble.diagnostic)
            return got

        async with asyncio.timeout(BIND_SECONDS) as patience, session(server, self._realm, ticket_for) as bound:
            found = {}
            for name in names:
                patience.reschedule(asyncio.get_running_loop().time() + SEARCH_SECONDS)
                found[name] = await bound.find(name)
            return found


class LdapGroups:
    """Implements `directory.GroupDirectory` for several realms."""

    def __init__(self, realms: Mapping[str, RealmGroups]) -> None:
        self._realms = dict(realms)

    async def find_groups(self, realm: str, names: Sequence[str]) -> Mapping[str, GroupFound | NoSuchGroup] | DirectoryFailed:
        """See `directory.GroupDirectory`."""
        directory = self._realms.get(realm)
        if directory is None:
            return DirectoryFailed(f"the realm {realm} is not configured")
        return await directory.find(names)
