"""The caller's trace: continued for registered clients, overlooked from anybody else."""

import pytest

from kerbauth.core.traceparent import TraceParent
from tests.web.conftest import Door
from tests.web.fakes import CLIENT_TOKEN

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PARENT = TraceParent(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, sampled=True)
TRUSTED = {"Authorization": f"Bearer {CLIENT_TOKEN}"}


async def test_a_registered_clients_trace_goes_on(door: Door) -> None:
    await door.login(headers={**TRUSTED, "traceparent": TRACEPARENT})
    assert door.world.audit.records[-1].origin.parent == PARENT


async def test_a_registered_clients_trace_goes_on_in_single_sign_on(door: Door) -> None:
    headers = {"X-Kerbauth-Client": CLIENT_TOKEN, "Authorization": "Negotiate YWxpY2UncyB0aWNrZXQ=", "traceparent": TRACEPARENT}
    await door.ask("GET", "/v1/sso?application=desktop", headers=headers)
    assert door.world.audit.records[-1].origin.parent == PARENT


async def test_a_strangers_trace_is_overlooked(door: Door) -> None:
    await door.login(headers={"traceparent": TRACEPARENT})
    assert door.world.audit.records[-1].origin.parent is None


@pytest.mark.parametrize("value", ["", "rubbish", TRACEPARENT.upper()])
async def test_a_trace_that_is_not_well_formed_is_overlooked(door: Door, value: str) -> None:
    got = await door.login(headers={**TRUSTED, "traceparent": value})
    assert got.status == 200
    assert door.world.audit.records[-1].origin.parent is None
