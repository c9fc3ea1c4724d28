"""Which KDC a request without a password goes to."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport import udp
from kerbauth.kdc.transport.errors import NoKdcError
from kerbauth.kdc.transport.kdc import PASS_OVER, SILENCE
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.settings.kdcs import Transport
from tests.kdc.transport.realm import LONG, PROBE, REQUEST, Events, kdcs, within
from tests.kdc.transport.servers import (
    LARGE,
    PREAUTH_REQUIRED,
    TOO_BIG,
    UNAVAILABLE,
    Datagram,
    UdpServer,
    answers,
    answers_over_tcp,
    closed_address,
    krb_error,
    never_answers,
    no_descriptors,
    silent,
    tcp_server,
    tlv,
    udp_server,
)

FROM_SECOND = krb_error(6)


def requests(server: UdpServer) -> list[bytes]:
    return [each for each in server.requests if each != PROBE]


def later(after: float) -> Callable[[UdpServer, bytes, Datagram], None]:
    """Answer everything, resends and probes included, but after some time."""
    return answers(after=after)


async def test_the_first_kdc_is_asked_and_no_other() -> None:
    async with udp_server(answers()) as one, udp_server(answers()) as two, kdcs(one.address, two.address) as ours:
        answered = await ours.first(REQUEST, within(LONG))
        assert (answered.reply, answered.kdc.address, answered.failed_over) == (PREAUTH_REQUIRED, one.address, False)
        assert (one.requests, two.requests) == ([REQUEST], [])


async def test_a_silent_kdc_is_passed_over_soon_and_the_next_is_asked_first_from_then_on() -> None:
    async with udp_server(silent) as one, udp_server(answers()) as two, kdcs(one.address, two.address) as ours:
        began = within(0)
        answered = await ours.first(REQUEST, within(LONG))
        assert PASS_OVER * 0.9 < within(0) - began < 1.5
        assert (answered.kdc.address, answered.failed_over) == (two.address, True)
        asked = len(requests(one))
        began = within(0)
        assert (await ours.first(REQUEST, within(LONG))).failed_over
        assert within(0) - began < PASS_OVER / 2
        assert len(requests(one)) == asked


async def test_logins_that_wait_for_a_kdc_go_on_as_soon_as_another_one_gives_it_up() -> None:
    async with udp_server(silent) as one, udp_server(answers()) as two, kdcs(one.address, two.address) as ours:
        first = asyncio.create_task(ours.first(REQUEST, within(LONG)))
        await one.asked(2)  # the first resend has come: some of its time is gone
        began = within(0)
        second = asyncio.create_task(ours.first(REQUEST, within(LONG)))
        assert (await second).kdc.address == two.address
        assert within(0) - began < PASS_OVER - udp.FIRST_PAUSE / 2
        assert (await first).kdc.address == two.address


async def test_a_kdc_that_refuses_is_left_at_once() -> None:
    closed = closed_address()
    async with udp_server(answers()) as two, kdcs(closed, two.address) as ours:
        began = within(0)
        answered = await ours.first(REQUEST, within(LONG))
        assert within(0) - began < PASS_OVER / 2
        assert (answered.kdc.address, answered.failed_over) == (two.address, True)
        assert [state.standing for state in ours.states()] == [Standing.SILENT, Standing.ANSWERS]


async def test_a_late_answer_of_the_first_is_taken_while_the_second_says_nothing() -> None:
    async with udp_server(later(PASS_OVER * 1.5)) as one, udp_server(silent) as two, kdcs(one.address, two.address) as ours:
        answered = await ours.first(REQUEST, within(LONG))
        assert answered.kdc.address == one.address
        assert requests(two)
        assert ours.states()[0].standing is Standing.ANSWERS


async def test_the_only_kdc_is_waited_for_however_slow_it_is() -> None:
    async with udp_server(later(1.0)) as one, kdcs(one.address) as ours:
        logins = [ours.first(REQUEST, within(LONG)) for _ in range(100)]
        assert {answered.reply for answered in await asyncio.gather(*logins)} == {PREAUTH_REQUIRED}
        assert ours.states()[0].standing is Standing.ANSWERS


async def test_no_login_takes_a_late_reply_to_another_for_its_own() -> None:
    def echo(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(tlv(0x7E, tlv(0x30, tlv(0x1B, request))), sender, after=PASS_OVER)  # late enough for two resends

    async def login(ours: Kdcs, name: bytes) -> list[bytes]:
        first = await ours.first(b"first " + name, within(LONG))
        return [first.reply, (await ours.again(first.kdc, b"again " + name, within(LONG))).reply]

    async with udp_server(echo) as one, kdcs(one.address, resend_passwords=True) as ours:
        names = [b"%d" % n for n in range(500)]
        answered = await asyncio.gather(*(login(ours, name) for name in names))
        expected = [[tlv(0x7E, tlv(0x30, tlv(0x1B, part + name))) for part in (b"first ", b"again ")] for name in names]
        assert answered == expected


async def test_two_slow_kdcs_fail_nobody() -> None:
    async with udp_server(later(1.0)) as one, udp_server(later(1.0)) as two, kdcs(one.address, two.address) as ours:
        early = [asyncio.create_task(ours.first(REQUEST, within(LONG))) for _ in range(10)]
        await two.asked(10)  # both are passed over soon, and have answered nobody yet
        assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED
        await asyncio.gather(*early)


async def test_when_all_are_silent_the_first_login_ends_at_its_deadline_and_the_next_at_once() -> None:
    events = Events()
    async with udp_server(silent) as one, udp_server(silent) as two, kdcs(one.address, two.address, events=events) as ours:
        began = within(0)
        with pytest.raises(NoKdcError, match=r"no answer from kdc\.test") as found_out:
            await ours.first(REQUEST, within(SILENCE + 1.5))
        assert SILENCE + 1.4 < within(0) - began < SILENCE + 2.5
        assert found_out.value.asked
        began = within(0)
        with pytest.raises(NoKdcError, match=r"no KDC of KA\.TEST answers: kdc\.test .*: no answer for") as at_once:
            await ours.first(REQUEST, within(LONG))
        assert within(0) - began < 0.05
        assert not at_once.value.asked
        assert [standing for _, standing in events.seen] == [Standing.PASSED_OVER] * 2 + [Standing.SILENT] * 2


async def test_when_all_refuse_there_is_no_waiting() -> None:
    async with kdcs(closed_address(), closed_address()) as ours:
        began = within(0)
        with pytest.raises(NoKdcError, match=r"Connection refused.*Connection refused"):
            await ours.first(REQUEST, within(LONG))
        assert within(0) - began < 0.5


async def test_a_login_with_hardly_any_time_left_says_nothing_about_a_kdc() -> None:
    async with udp_server(silent) as one, kdcs(one.address) as ours:
        with pytest.raises(NoKdcError):
            await ours.first(REQUEST, within(0.05))
        assert ours.states()[0].standing is Standing.ANSWERS


async def test_a_login_without_time_asks_nobody() -> None:
    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        with pytest.raises(NoKdcError, match="no time was left") as none:
            await ours.first(REQUEST, within(-1))
        assert (none.value.asked, one.requests) == (False, [])


async def test_a_realm_without_kdcs_says_so() -> None:
    async with kdcs() as ours:
        with pytest.raises(NoKdcError, match=r"no KDC of KA\.TEST is known") as none:
            await ours.first(REQUEST, within(LONG))
        assert not none.value.asked


async def test_a_kdc_that_is_unavailable_is_passed_over_and_lives() -> None:
    async with udp_server(answers(UNAVAILABLE)) as one, udp_server(answers(FROM_SECOND)) as two, kdcs(one.address, two.address) as ours:
        answered = await ours.first(REQUEST, within(LONG))
        assert (answered.reply, answered.kdc.address, answered.failed_over) == (FROM_SECOND, two.address, True)
        assert ours.states()[0].standing is Standing.ANSWERS


async def test_when_nobody_has_a_better_answer_unavailable_is_the_answer() -> None:
    async with udp_server(answers(UNAVAILABLE)) as one, udp_server(silent) as two, kdcs(one.address, two.address) as ours:
        began = within(0)
        assert (await ours.first(REQUEST, within(LONG))).reply == UNAVAILABLE
        assert within(0) - began < SILENCE


async def test_a_reply_too_big_for_udp_comes_over_tcp_from_the_same_kdc() -> None:
    async with (
        udp_server(answers(TOO_BIG)) as one,
        tcp_server(answers_over_tcp(), port=one.address.where[1]),
        udp_server(answers()) as two,
        kdcs(one.address, two.address) as ours,
    ):
        answered = await ours.first(REQUEST, within(LONG))
        assert (answered.reply, answered.kdc.address, two.requests) == (LARGE, one.address, [])


async def test_too_big_over_tcp_as_well_is_for_the_next_kdc() -> None:
    async with (
        tcp_server(answers_over_tcp(TOO_BIG)) as one,
        tcp_server(answers_over_tcp()) as two,
        kdcs(one.address, two.address, transport=Transport.TCP) as ours,
    ):
        assert (await ours.first(REQUEST, within(LONG))).kdc.address == two.address


async def test_a_request_too_big_for_one_frame_goes_by_tcp() -> None:
    async with udp_server(answers()) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]), kdcs(one.address) as ours:
        assert (await ours.first(bytes(udp.SIZE_LIMIT + 1), within(LONG))).reply == LARGE
        assert (await ours.first(bytes(udp.SIZE_LIMIT), within(LONG))).reply == PREAUTH_REQUIRED


async def test_a_realm_on_tcp_sends_no_datagram() -> None:
    async with udp_server(answers()) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]):
        async with kdcs(one.address, transport=Transport.TCP) as ours:
            assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        assert one.requests == []


async def test_a_half_open_connection_is_passed_over() -> None:
    async with (
        tcp_server(never_answers) as one,
        tcp_server(answers_over_tcp()) as two,
        kdcs(one.address, two.address, transport=Transport.TCP) as ours,
    ):
        answered = await ours.first(REQUEST, within(LONG))
        assert (answered.kdc.address, ours.states()[0].standing) == (two.address, Standing.PASSED_OVER)


async def test_a_connection_that_was_dropped_is_made_again() -> None:
    async def drop_the_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if one.connections > 1:
            await answers_over_tcp()(reader, writer)

    async with tcp_server(drop_the_first) as one, kdcs(one.address, transport=Transport.TCP) as ours:
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE


async def test_a_kdc_that_drops_every_connection_is_given_up() -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """End the connection at once."""

    async with tcp_server(drop) as one, kdcs(one.address, transport=Transport.TCP) as ours:
        with pytest.raises(NoKdcError, match=r"closed the connection|reset"):
            await ours.first(REQUEST, within(LONG))


@pytest.mark.parametrize(("workers", "at_most"), [(1, 32), (4, 8), (100, 1)])
async def test_connections_to_one_kdc_stay_below_its_limit(workers: int, at_most: int) -> None:
    enough = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if one.at_a_time == at_most:
            asyncio.get_running_loop().call_later(0.05, enough.set)  # one more would come within that time
        await enough.wait()
        await answers_over_tcp()(reader, writer)

    async with tcp_server(hold) as one, kdcs(one.address, transport=Transport.TCP, workers=workers) as ours:
        logins = [ours.first(REQUEST, within(LONG)) for _ in range(at_most + 8)]
        assert len(await asyncio.gather(*logins)) == at_most + 8
        assert one.most == at_most


async def test_a_process_without_descriptors_says_so_and_blames_no_kdc() -> None:
    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        with no_descriptors(), pytest.raises(NoKdcError, match="Too many open files"):
            await ours.first(REQUEST, within(LONG))
        assert ours.states()[0].standing is Standing.ANSWERS
        assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED


async def test_both_families_are_asked() -> None:
    async with udp_server(silent) as one, udp_server(answers(), socket.AF_INET6) as two, kdcs(one.address, two.address) as ours:
        assert (await ours.first(REQUEST, within(LONG))).kdc.address == two.address


async def test_a_cancelled_login_leaves_no_socket() -> None:
    async with udp_server(silent) as one, kdcs(one.address) as ours:
        login = asyncio.create_task(ours.first(REQUEST, within(LONG)))
        await one.asked(1)
        login.cancel()
        await asyncio.gather(login, return_exceptions=True)
        (other,) = asyncio.all_tasks() - {asyncio.current_task()}  # what is left is the search for KDCs
        assert other is ours._searching._task
