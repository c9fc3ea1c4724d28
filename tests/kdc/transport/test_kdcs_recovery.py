"""KDCs that come back, and what is known of each."""

import asyncio
import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.directory import Fixed, Found, LookupFailedError
from kerbauth.kdc.transport.errors import NoKdcError
from kerbauth.kdc.transport.kdc import PASS_OVER
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.settings.kdcs import Transport
from tests.kdc.transport.realm import LONG, REQUEST, Events, kdcs, probe, within
from tests.kdc.transport.servers import (
    LARGE,
    PREAUTH_REQUIRED,
    Datagram,
    UdpServer,
    answers,
    answers_over_tcp,
    closed_address,
    never_answers,
    silent,
    tcp_server,
    udp_server,
)

RECOVERY = 2.0  # seconds


async def found_dead(ours: Kdcs, events: Events, address: Address) -> None:
    with pytest.raises(NoKdcError):
        await ours.first(REQUEST, within(3.0))
    await events.wait_for(address, Standing.SILENT)


@pytest.mark.parametrize("latency", [0.0, 1.0])
async def test_a_silent_kdc_is_found_again_within_two_seconds_even_if_it_is_slow(latency: float) -> None:
    events = Events()
    async with udp_server(silent) as one, kdcs(one.address, events=events) as ours:
        await found_dead(ours, events, one.address)
        one.script, began = answers(after=latency), within(0)
        await events.wait_for(one.address, Standing.ANSWERS)
        assert within(0) - began < RECOVERY
        assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED


async def test_no_login_uses_the_port_to_which_a_late_answer_to_a_probe_may_come() -> None:
    events, senders = Events(), set[int]()

    def answer(server: UdpServer, request: bytes, sender: Datagram) -> None:
        senders.add(sender[1])
        server.send(PREAUTH_REQUIRED, sender)

    async with udp_server(silent) as one, kdcs(one.address, events=events) as ours:
        await found_dead(ours, events, one.address)
        one.script = answer
        await events.wait_for(one.address, Standing.ANSWERS)
        (port,) = senders
        async with asyncio.timeout(LONG):
            while not ours._lines[0].ports.rests(port, within(0)):  # noqa: ASYNC110 -- probing ends within some turns of the loop
                await asyncio.sleep(0)
        with pytest.raises(OSError, match="in use"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))


async def test_a_kdc_that_was_stopped_is_found_again() -> None:
    events, address = Events(), closed_address()
    async with kdcs(address, events=events) as ours:
        await found_dead(ours, events, address)
        async with udp_server(answers(), port=address.where[1]):
            began = within(0)
            await events.wait_for(address, Standing.ANSWERS)
            assert within(0) - began < RECOVERY
            assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED


async def test_a_kdc_on_tcp_is_found_again() -> None:
    events, address = Events(), closed_address()
    async with kdcs(address, events=events, transport=Transport.TCP) as ours:
        await found_dead(ours, events, address)
        async with tcp_server(answers_over_tcp(), port=address.where[1]):
            began = within(0)
            await events.wait_for(address, Standing.ANSWERS)
            assert within(0) - began < RECOVERY
            assert (await ours.first(REQUEST, within(LONG))).reply == LARGE


async def test_probes_of_a_half_open_kdc_do_not_pile_up() -> None:
    events = Events()
    async with tcp_server(never_answers) as one, kdcs(one.address, events=events, transport=Transport.TCP) as ours:
        await found_dead(ours, events, one.address)
        assert 0 < one.at_a_time <= 9


async def test_a_login_that_still_waits_is_answered_when_the_kdc_comes_back() -> None:
    address = closed_address()
    async with udp_server(silent) as other, kdcs(address, other.address) as ours:
        login = asyncio.create_task(ours.first(REQUEST, within(LONG)))
        await other.asked(1)  # the first has refused by then
        async with udp_server(answers(), port=address.where[1]):
            answered = await login
    assert answered.kdc.address == address


async def test_a_preferred_kdc_that_comes_back_does_not_take_the_logins_away_from_the_active_one() -> None:
    events = Events()
    async with udp_server(silent) as one, udp_server(answers()) as two, kdcs(one.address, two.address, events=events) as ours:
        await ours.first(REQUEST, within(LONG))
        one.script = answers()
        await events.wait_for(one.address, Standing.ANSWERS)
        answered = await ours.first(REQUEST, within(LONG))
        assert (answered.kdc.address, answered.failed_over) == (two.address, False)
        assert [state.active for state in ours.states()] == [False, True]


async def test_the_preferred_kdc_takes_over_when_the_active_one_is_gone() -> None:
    events = Events()
    async with udp_server(silent) as one, udp_server(answers()) as two, kdcs(one.address, two.address, events=events) as ours:
        await ours.first(REQUEST, within(LONG))
        one.script, two.script = answers(), silent
        await events.wait_for(one.address, Standing.ANSWERS)
        assert (await ours.first(REQUEST, within(LONG))).kdc.address == one.address


async def test_a_probe_that_cannot_be_built_is_reported_and_probing_goes_on() -> None:
    events, address, failed = Events(), closed_address(), []

    async def build() -> bytes:
        if not failed:
            failed.append(True)
            raise MemoryError
        return b"a probe"

    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["message"]))
    ours = Kdcs("KA.TEST", Fixed((address,)), build, on_event=events)
    await ours.start()
    await found_dead(ours, events, address)
    async with udp_server(answers(), port=address.where[1]):
        await events.wait_for(address, Standing.ANSWERS)
    await ours.close()
    assert reported == [f"probing closed.test ({address.text}) failed"]


async def test_what_is_known_of_each_kdc_can_be_asked() -> None:
    closed = closed_address()
    async with udp_server(answers()) as one, kdcs(closed, one.address) as ours:
        kdc = (await ours.first(REQUEST, within(LONG))).kdc
        ours.note_offset(kdc, 12.5)
        gone, there = ours.states()
        assert (gone.realm, gone.name, gone.address, gone.open, gone.active) == ("KA.TEST", "closed.test", closed.text, True, False)
        assert (gone.latency, gone.last_answer, gone.clock_offset) == (None, None, None)
        assert "refused" in gone.detail
        assert (there.open, there.active, there.clock_offset, there.detail) == (False, True, 12.5, "")
        assert there.latency is not None
        assert 0 < there.latency < PASS_OVER
        assert there.last_answer is not None
        assert datetime.now(UTC) - there.last_answer < timedelta(seconds=10)


async def test_the_log_names_what_changed_and_nothing_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kerbauth.kdc")
    address = closed_address()
    async with kdcs(address) as ours:
        for _ in range(3):
            with pytest.raises(NoKdcError):
                await ours.first(REQUEST, within(LONG))
        async with udp_server(answers(), port=address.where[1]) as one:
            await one.asked(1)
            while ours.states()[0].open:
                await ours.change()
    where = f"closed.test ({address.text}) of KA.TEST"
    assert caplog.messages == [
        f"the KDC {where} is silent: {address.text}: Connection refused",
        f"the KDC {where} answers again",
    ]


class Scripted:
    """A directory that says one thing after the other."""

    def __init__(self, *says: tuple[Address, ...] | LookupFailedError) -> None:
        self._says = list(says)
        self.said_all = asyncio.Event()

    async def look_up(self) -> Found:
        says = self._says.pop(0)
        if not self._says:
            self.said_all.set()
        if isinstance(says, LookupFailedError):
            raise says
        return Found(says, keep=0.0 if self._says else 3600.0)


async def test_kdcs_that_stay_in_the_list_keep_what_is_known_of_them_and_others_go() -> None:
    events, closed = Events(), closed_address()
    async with udp_server(answers()) as one, udp_server(answers()) as two, kdcs(closed, one.address, events=events) as ours:
        await ours.first(REQUEST, within(LONG))
        ours._take((two.address, one.address, closed))
        assert [state.standing for state in ours.states()] == [Standing.ANSWERS, Standing.ANSWERS, Standing.SILENT]
        assert (await ours.first(REQUEST, within(LONG))).kdc.address == one.address
        ours._take((two.address, two.address))
        assert (await ours.first(REQUEST, within(LONG))).kdc.address == two.address
        assert len(ours.states()) == 1
        assert ours._probes._probing == {}


async def test_a_search_that_fails_leaves_the_earlier_kdcs() -> None:
    async with udp_server(answers()) as one:
        directory = Scripted((one.address,), LookupFailedError("the name server is down", 3600.0))
        ours = Kdcs("KA.TEST", directory, probe)
        await ours.start()
        await directory.said_all.wait()
        assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED
        await ours.close()


async def test_until_the_addresses_are_known_the_reason_is_told() -> None:
    ours = Kdcs("KA.TEST", Scripted(LookupFailedError("kdc1.ka.test has no address", 3600.0)), probe)
    await ours.start()
    with pytest.raises(NoKdcError, match=r"no KDC of KA\.TEST is known: kdc1\.ka\.test has no address"):
        await ours.first(REQUEST, within(LONG))
    await ours.close()


async def test_a_start_is_not_held_up_by_a_search_that_does_not_end(caplog: pytest.LogCaptureFixture) -> None:
    class Endless:
        async def look_up(self) -> Found:
            await asyncio.Event().wait()
            raise AssertionError

    ours = Kdcs("KA.TEST", Endless(), probe)
    await ours.start()
    await ours.close()
    assert caplog.messages == ["the KDCs of KA.TEST are not found yet"]
