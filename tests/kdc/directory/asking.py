"""Asking a realm's directory from within the tests' own process, as a service does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from kerbauth.kdc.accept import load_acceptor
from kerbauth.kdc.asking import Asking
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.directory.groups import RealmGroups
from kerbauth.kdc.directory.tickets import OwnTickets
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.runtime import KerberosRuntime


@pytest.fixture
def service_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment that a service has: its krb5.conf names no KDC, so libkrb5 can ask none by itself."""
    runtime = KerberosRuntime.open(None)
    runtime.write_config()
    for name, value in runtime.environment().items():
        monkeypatch.setenv(name, value)
    yield
    runtime.close()


@asynccontextmanager
async def groups_of(realm: KerberosRealm) -> AsyncIterator[RealmGroups]:
    acceptor, cpu, asking = load_acceptor([realm]), Cpu(), Asking(realm)
    try:
        yield RealmGroups(realm, OwnTickets(realm, asking, cpu, acceptor.clients))
    finally:
        await asking.kdcs.close()
        cpu.close()
