"""Asking each KDC of a realm by itself, for an administrator: libkrb5 goes through its list by its own rules and names none of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

from kerbauth.kdc import probe
from kerbauth.kdc.bulkhead import Bulkhead, DeadlineError
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.runtime import KerberosRuntime

PATIENCE: Final = 3.0
"""Seconds for one KDC: as long as a person waits for a line, and far more than a KDC that works takes."""

BY_DNS: Final = "by DNS SRV"
"""The address shown for a realm whose KDCs are not configured: which of them answered, libkrb5 does not say."""


@dataclass(frozen=True, slots=True)
class KdcAnswer:
    """What came of asking one KDC for our own principal. `problem` is empty if it answered and knows it; `answered` that it answered."""

    address: str
    answered: bool
    problem: str
    milliseconds: float


async def ask_each(realm: KerberosRealm, runtime: KerberosRuntime) -> AsyncIterator[KdcAnswer]:
    """Ask every KDC of the realm in turn, at most PATIENCE seconds each. No password is checked and no failure counted anywhere.

    Rewrites the krb5.conf of `runtime`, which must be activated and nobody else's. Raises RuntimeFolderError.
    """
    alone = [(address, replace(realm, kdcs=(address,))) for address in realm.kdcs] or [(BY_DNS, realm)]
    for address, one in alone:
        runtime.write_config((one,), realm.name)
        # A call that was left behind by a silent KDC keeps the file of before in libkrb5's memory for a moment.
        await asyncio.sleep(runtime.unnoticed_for())
        began = time.monotonic()
        try:
            problem = await Bulkhead(1).run(PATIENCE, lambda: probe.problem(realm.services[0]))
            answered = not problem or problem.startswith(probe.ANSWERED)
        except DeadlineError:
            problem, answered = f"no answer within {PATIENCE:g} seconds", False
        yield KdcAnswer(address, answered, problem, (time.monotonic() - began) * 1000)
