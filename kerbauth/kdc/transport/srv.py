"""KDCs that DNS names by SRV records (RFC 4120 7.2.3.2), kept fresh in the background.

DNS is not to be trusted and need not be: a KDC that it makes up cannot prove itself with our keytab's key.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from random import SystemRandom
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from kerbauth.core.text import shown
from kerbauth.kdc.transport.address import Address, with_a_way
from kerbauth.kdc.transport.directory import Found, LookupFailedError
from kerbauth.kdc.transport.srv_order import Choose, Srv, ordered
from kerbauth.settings.fields import split_host_port

SHORTEST, LONGEST = 30.0, 3600.0
"""Seconds, the limits of a time to live: one of 0 must not make us ask all the time, and one of a week would hide a new KDC for a week."""

RETRY: Final = 5.0
"""Seconds until another try when nothing is known yet."""

PATIENCE: Final = 4.0
"""Seconds for one question, with all name servers: two that are asked twice, a second each."""

HOSTS_LIMIT: Final = 16
"""Hosts that are taken, in their order: an AD domain may have hundreds of controllers, and no login gets past the first few."""

DNS_PORT: Final = 53

_FAMILIES: Final = {"AAAA": socket.AF_INET6, "A": socket.AF_INET}  # in the order of RFC 6724, roughly: IPv6 first
_NOT_AVAILABLE: Final = "."  # RFC 2782, "Target": the service is decidedly not available


class BySrv:
    """A `Directory` that asks DNS for `realm`.

    `over_tcp`: only the KDCs for TCP are of use. `site` is the Active Directory site whose controllers come first (MS-ADTS 6.3.2.3).
    `servers` are name servers as `host` or `host:port`, by address; none means those of /etc/resolv.conf. What a question brought stays
    until it is answered anew. Raises ValueError for a server that is no address.
    """

    def __init__(
        self,
        realm: str,
        *,
        over_tcp: bool = False,
        site: str | None = None,
        servers: Sequence[str] = (),
        choose: Choose | None = None,
    ) -> None:
        random = SystemRandom()
        self._realm = realm
        self._servers = [split_host_port(server) for server in servers]
        for server in self._servers:
            ipaddress.ip_address(server.host)
        self._choose = choose or (lambda highest: random.randint(0, highest))
        everywhere = [(f"_kerberos._tcp.{realm}.", False)]
        if not over_tcp:
            everywhere.insert(0, (f"_kerberos._udp.{realm}.", True))
        # A domain controller serves UDP and TCP alike; its site's records exist for TCP only.
        near = [(f"_kerberos._tcp.{site}._sites.dc._msdcs.{realm}.", True)] if site is not None else []
        self._groups = [group for group in (near, everywhere) if group]
        self._records: dict[str, tuple[Srv, ...]] = {}
        self._addresses: dict[tuple[str, socket.AddressFamily], tuple[str, ...]] = {}
        self._orders: dict[frozenset[Srv], tuple[Srv, ...]] = {}

    async def look_up(self) -> Found:
        """See `Directory`."""
        try:
            question = _Question(self._resolver())
        except (dns.exception.DNSException, OSError) as error:  # no resolv.conf
            raise LookupFailedError(f"DNS cannot be asked: {shown(str(error))}", RETRY) from None
        await self._ask_for_records(question)
        orders: dict[frozenset[Srv], tuple[Srv, ...]] = {}
        records = [record for group in self._groups for record in self._ordered(group, orders)]
        self._orders = orders
        records = [record for record in records if record.target != _NOT_AVAILABLE]
        hosts = list(dict.fromkeys(record.target for record in records))[:HOSTS_LIMIT]
        await asyncio.gather(*(self._resolve(question, host) for host in hosts))
        addresses = [address for record in records if record.target in hosts for address in self._of(record)]
        if records and not addresses:
            raise LookupFailedError(f"DNS has no address for {', '.join(hosts)}: {question.problem()}", RETRY)
        return Found(_once(with_a_way(addresses)), question.keep())

    def _resolver(self) -> dns.asyncresolver.Resolver:
        """One that knows the name servers of now: resolv.conf may have changed. Raises DNSException if there is none."""
        resolver = dns.asyncresolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port or DNS_PORT) for host, port in self._servers]
        resolver.timeout, resolver.lifetime = 1.0, PATIENCE
        return resolver

    async def _ask_for_records(self, question: "_Question") -> None:
        """Take what has come. Where DNS names no KDC at all any more, that is no better than an outage.

        Raises LookupFailedError.
        """
        named = [each for group in self._groups for each in group]
        answers = await asyncio.gather(*(question.ask(name, "SRV") for name, _ in named))
        if not any(answers):
            names = ", ".join(name for name, _ in named)
            raise LookupFailedError(f"DNS names no KDC of {self._realm} ({names}): {question.problem()}", RETRY)
        for (name, udp), answer in zip(named, answers, strict=True):
            if answer is not None:
                found = (Srv(each.priority, each.weight, each.port, each.target.to_text().lower(), udp) for each in answer)
                self._records[name] = tuple(found)

    async def _resolve(self, question: "_Question", host: str) -> None:
        answers = await asyncio.gather(*(question.ask(host, kind) for kind in _FAMILIES))
        for family, answer in zip(_FAMILIES.values(), answers, strict=True):
            if answer or (answer is not None and any(answers)):
                self._addresses[host, family] = tuple(each.address for each in answer)

    def _ordered(self, group: list[tuple[str, bool]], orders: dict[frozenset[Srv], tuple[Srv, ...]]) -> tuple[Srv, ...]:
        """The records of a group by priority and lot. The lot falls anew only when the records are others, so that lists do not flap."""
        records = {(record.target, record.port): record for name, _ in reversed(group) for record in self._records.get(name, ())}
        key = frozenset(records.values())
        orders[key] = self._orders.get(key) or tuple(ordered(records.values(), self._choose))
        return orders[key]

    def _of(self, record: Srv) -> Iterable[Address]:
        name = record.target.rstrip(".")
        for family in _FAMILIES.values():
            for host in self._addresses.get((record.target, family), ()):
                where = (host, record.port) if family == socket.AF_INET else (host, record.port, 0, 0)
                yield Address(name, family, where, record.udp)


class _Question:
    """One look at DNS: what went wrong in it, and how long its answers are good."""

    def __init__(self, resolver: dns.asyncresolver.Resolver) -> None:
        self._resolver = resolver
        self._problems: dict[str, None] = {}
        self._lifetimes: list[float] = []
        self._failed = False

    async def ask(self, name: str, kind: str) -> Any:
        """The records of a name, none if it has none, and None if they could not be had."""
        try:
            answer = await self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            self._problems["there are no such records"] = None
            return ()
        except dns.resolver.LifetimeTimeout:
            self._failed = True
            self._problems["no name server answered"] = None
            return None
        except (dns.exception.DNSException, OSError) as error:
            self._failed = True
            self._problems[shown(str(error))] = None
            return None
        else:
            if answer.rrset is not None:
                self._lifetimes.append(float(answer.rrset.ttl))
            return answer

    def keep(self) -> float:
        """Seconds until DNS is asked again."""
        return SHORTEST if self._failed else min(max(min(self._lifetimes, default=SHORTEST), SHORTEST), LONGEST)

    def problem(self) -> str:
        """What went wrong."""
        return "; ".join(self._problems) or "no answer"


def _once(addresses: Sequence[Address]) -> tuple[Address, ...]:
    found: dict[object, Address] = {}
    for each in addresses:
        found.setdefault((each.family, each.where), each)
    return tuple(found.values())
