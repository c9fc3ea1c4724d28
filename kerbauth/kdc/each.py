"""Asking each KDC of a realm by itself, for an administrator: whether it answers, over which transport, how fast, and its clock."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from kerbauth.core.text import shown
from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.sign_of_life import question, sign_of
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.connections import Connections
from kerbauth.kdc.transport.directory import LookupFailedError
from kerbauth.kdc.transport.errors import ExchangeError
from kerbauth.kdc.transport.exchange import Line
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.making import directory_of
from kerbauth.kdc.transport.sending import Copies, Sending
from kerbauth.settings.kdcs import Transport

PATIENCE: Final = 3.0
"""Seconds for one KDC: as long as a person waits for a line, and far more than a KDC that works takes."""

BY_DNS: Final = "by DNS SRV"
"""The name shown where DNS was to name the KDCs, and did not."""


@dataclass(frozen=True, slots=True)
class KdcAnswer:
    """What came of asking one KDC over one transport for our own principal.

    `address` and `over` are empty if no address was found. `problem` is empty if it answered and knows us; `answered` says whether it
    answered, then within `latency` seconds. `clock_offset` is its clock minus ours in seconds, None if its answer did not tell.
    """

    kdc: str
    address: str
    over: str
    answered: bool
    problem: str
    latency: float | None = None
    clock_offset: float | None = None


async def ask_each(realm: KerberosRealm) -> Sequence[KdcAnswer]:
    """Ask every KDC of the realm, at most PATIENCE seconds each: those that are configured, in their order, or those that DNS names.

    With transport AUTO over UDP and TCP, which logins may both use. All at once, and each with a question of its own: no password is
    checked, and no failure counted anywhere. Raises ValueError for a name or name server that is none.
    """
    alone = [replace(realm, kdcs=(name,)) for name in dict.fromkeys(realm.kdcs)] or [realm]
    return list(chain.from_iterable(await asyncio.gather(*map(_found_and_asked, alone))))


async def _found_and_asked(realm: KerberosRealm) -> Sequence[KdcAnswer]:
    name = realm.kdcs[0] if realm.kdcs else BY_DNS
    try:
        found = await directory_of(realm).look_up()
    except LookupFailedError as error:
        return [KdcAnswer(name, "", "", answered=False, problem=error.diagnostic.removeprefix(f"{name}: "))]
    asked = [(address, over) for address in found.addresses for over in _transports(realm, address)]
    return await asyncio.gather(*(_asked(realm, address, over) for address, over in asked))


def _transports(realm: KerberosRealm, address: Address) -> Sequence[Transport]:
    if realm.transport is Transport.TCP or not address.udp:
        return (Transport.TCP,)
    return (Transport.UDP,) if realm.transport is Transport.UDP else (Transport.UDP, Transport.TCP)


async def _asked(realm: KerberosRealm, address: Address, over: Transport) -> KdcAnswer:
    kdc = Kdc(realm.name, address, asyncio.get_running_loop().time, lambda _: None)
    silent = KdcAnswer(address.name, address.text, over.value, answered=False, problem=f"no answer within {PATIENCE:g} seconds")
    line = Line(kdc, over, Connections(kdc, 1))
    try:
        request = question(realm.asked_about)
        await asyncio.sleep(0)  # the others make theirs first: no answer is to wait for that, and be taken for a slow one
        async with asyncio.timeout(PATIENCE):
            reply = await line.ask(request, Sending(kdc, Copies.ANY))
    except TimeoutError:
        return silent
    except ExchangeError as error:
        return replace(silent, problem=error.diagnostic.removeprefix(f"{address.text}: "))
    except LibraryError as error:
        return replace(silent, problem=shown(str(error)))
    finally:
        line.ports.end()
    sign = sign_of(reply, realm.known_there, datetime.now(UTC))
    return replace(silent, answered=True, problem=sign.problem, latency=kdc.latency, clock_offset=sign.clock_offset)
