"""A realm's KDCs as long as some verifier asks them."""

import asyncio
from typing import Final, Self

from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.sign_of_life import question
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.kdc.transport.making import kdcs_of

_NOTHING: Final = b""


class Asking:
    """The KDCs of a realm. Begun at the first login, since only then the event loop is there; ended when nobody goes on with it."""

    def __init__(self, realm: KerberosRealm, workers: int = 1) -> None:
        """Raises ValueError for a name or name server that is none."""
        self._realm = realm
        self.kdcs: Kdcs = kdcs_of(realm, self._probe, workers)
        self._users = 1
        self._started: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start the search for the KDCs, once; waits a moment for its first result."""
        if self._started is None:
            self._started = asyncio.create_task(self.kdcs.start())
        await asyncio.shield(self._started)

    def serves(self, realm: KerberosRealm) -> bool:
        """Whether the KDCs of `realm` are found and asked in just this way."""
        return _asked(realm) == _asked(self._realm)

    def shared(self) -> Self:
        """One more goes on with it."""
        self._users += 1
        return self

    def leave(self) -> None:
        """One less; the last one ends what goes on in the background."""
        self._users -= 1
        if self._users == 0 and self._started is not None:
            loop = self._started.get_loop()
            if loop.is_running():
                self._ending = loop.create_task(self.kdcs.close())

    async def _probe(self) -> bytes:
        """See `probes.BuildProbe`."""
        try:
            return question(self._realm.asked_about)
        except LibraryError:
            return _NOTHING


def _asked(realm: KerberosRealm) -> tuple[object, ...]:
    return (realm.name, realm.kind, realm.kdcs, realm.transport, realm.resend_passwords, realm.site, realm.dns_servers, realm.asked_about)
