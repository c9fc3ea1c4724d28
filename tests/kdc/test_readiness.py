"""Whether a realm is ready, over our own conversation with KDCs that do what they are told."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.asking import Asking
from kerbauth.kdc.readiness import Further, Readiness
from kerbauth.kdc.realm import KerberosRealm
from tests.kdc import wire
from tests.kdc.behaviours import Behaviour, error, silence, where
from tests.kdc.scripted import Asked, ScriptedKdc, scripted_kdc
from tests.kdc.transport.servers import closed_address

KEEP = 3600.0  # seconds: longer than any test


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)


@asynccontextmanager
async def readiness(*kdcs: str, further: Further | None = None, keep: float = KEEP) -> AsyncIterator[Readiness]:
    realm = KerberosRealm("KA.TEST", kdcs, Path("x.keytab"), "HTTP/localhost")
    asking = Asking(realm)
    yield Readiness(realm, asking, further, keep=keep)
    await asking.kdcs.close()


def about_another_case(asked: Asked) -> bool:
    """Whether it is the question that tells a domain controller from an MIT KDC."""
    return b"LOCALHOST" in asked.message


def mit(fields: wire.ErrorFields | None = None) -> Behaviour:
    """Wants a password for our principal, and knows none of another case."""
    known = error(wire.PREAUTH_REQUIRED) if fields is None else error(wire.PREAUTH_REQUIRED, fields)
    return where(about_another_case, error(6), known)


def questions(kdc: ScriptedKdc) -> int:
    """How many questions about our principal, whatever copies of them were sent."""
    return len({asked.message for asked in list(kdc.asked) if not about_another_case(asked)})


async def test_a_realm_whose_kdc_answers_is_ready_and_its_kdc_is_known() -> None:
    with scripted_kdc(mit()) as kdc:
        async with readiness(kdc.address) as ours:
            state = await ours.state()
        assert not kdc.proofs
    assert (state.realm, state.ready, state.problem) == ("KA.TEST", True, "")
    (known,) = state.kdcs
    assert (known.address, known.standing, known.active) == (kdc.address, Standing.ANSWERS, True)
    assert known.latency is not None


async def test_the_question_tells_how_far_the_kdcs_clock_is_ahead() -> None:
    ahead = wire.ErrorFields(at=datetime.now(UTC) + timedelta(seconds=600))
    with scripted_kdc(mit(ahead)) as kdc:
        async with readiness(kdc.address) as ours:
            (known,) = (await ours.state()).kdcs
    assert known.clock_offset == pytest.approx(600, abs=5)


async def test_a_realm_whose_kdc_does_not_know_us_is_not_ready() -> None:
    with scripted_kdc(error(6)) as kdc:
        async with readiness(kdc.address) as ours:
            state = await ours.state()
    assert (state.ready, state.problem) == (False, "the KDC answers but does not know our principal HTTP/localhost@KA.TEST")


async def test_a_kdc_that_does_not_tell_upper_from_lower_case_is_no_mit_kdc() -> None:
    with scripted_kdc(error(wire.PREAUTH_REQUIRED)) as kdc:
        async with readiness(kdc.address, keep=0.0) as ours:
            state = await ours.state()
            assert (state.ready, ours.told) == (False, False)
            assert state.problem == (
                'the KDC takes http/LOCALHOST@KA.TEST for our principal, as domain controllers do: if it is one, say kind = "ad"'
            )
            kdc.behaviour = mit()
            assert ((await ours.state()).ready, ours.told) == (True, True)


async def test_what_a_kdc_has_shown_once_is_not_undone_by_a_word_that_nobody_vouches_for() -> None:
    with scripted_kdc(mit()) as kdc:
        async with readiness(kdc.address, keep=0.0) as ours:
            assert ((await ours.state()).ready, ours.told) == (True, True)
            kdc.behaviour = error(6)
            assert ((await ours.state()).ready, ours.told) == (False, True)


async def test_a_realm_whose_kdcs_are_not_there_is_not_ready_and_says_why() -> None:
    async with readiness(closed_address().text) as ours:
        state = await ours.state()
    assert not state.ready
    assert "Connection refused" in state.problem
    assert [known.standing for known in state.kdcs] == [Standing.SILENT]


async def test_another_kdc_makes_the_realm_ready() -> None:
    with scripted_kdc(mit()) as kdc:
        async with readiness(closed_address().text, kdc.address) as ours:
            state = await ours.state()
    assert state.ready
    assert [(known.standing, known.active) for known in state.kdcs] == [(Standing.SILENT, False), (Standing.ANSWERS, True)]


async def test_a_silent_kdc_is_waited_for_once() -> None:
    with scripted_kdc(silence) as kdc:
        async with readiness(kdc.address, keep=0.0) as ours:
            first = await ours.state()
            began = asyncio.get_running_loop().time()
            again = await ours.state()
            took = asyncio.get_running_loop().time() - began
    assert (first.ready, again.ready) == (False, False)
    assert "no answer" in first.problem
    assert took < 1.0, "it is known to be silent"


async def test_those_who_ask_at_the_same_time_have_one_answer() -> None:
    with scripted_kdc(mit()) as kdc:
        async with readiness(kdc.address) as ours:
            states = await asyncio.gather(*(ours.state() for _ in range(20)))
        assert questions(kdc) == 1
    assert {state.ready for state in states} == {True}


async def test_an_answer_is_kept_for_its_time_and_no_longer() -> None:
    with scripted_kdc(mit()) as kdc:
        async with readiness(kdc.address) as ours:
            for _ in range(3):
                assert (await ours.state()).ready
        assert questions(kdc) == 1
        async with readiness(kdc.address, keep=0.0) as ours:
            for _ in range(3):
                assert (await ours.state()).ready
        assert questions(kdc) == 4


async def test_a_question_that_is_broken_off_is_asked_again() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold(exchange: object) -> None:
        loop.call_soon_threadsafe(asked.set)

    first: Behaviour = hold
    with scripted_kdc(first) as kdc:
        async with readiness(kdc.address) as ours:
            waiting = asyncio.create_task(ours.state())
            await asked.wait()
            waiting.cancel()
            kdc.behaviour = mit()
            assert (await ours.state()).ready


async def test_the_event_loop_goes_on_while_a_silent_kdc_is_waited_for() -> None:
    with scripted_kdc(silence) as kdc:
        async with readiness(kdc.address) as ours:
            waiting = asyncio.create_task(ours.state())
            turns = 0
            while not waiting.done():
                await asyncio.sleep(0.01)  # another's turn
                turns += 1
    assert turns > 20


async def test_a_library_that_cannot_be_used_makes_no_realm_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "krb5.conf").write_text("[libdefaults\n")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
    with scripted_kdc(mit()) as kdc:
        async with readiness(kdc.address) as ours:
            state = await ours.state()
        assert kdc.asked == []
    assert (state.ready, bool(state.problem)) == (False, True)


@pytest.mark.parametrize("wrong", ["", "no ticket for armour"])
async def test_what_else_keeps_logins_away_is_asked_once_a_kdc_answers(wrong: str) -> None:
    asked: list[float] = []

    async def further(seconds: float) -> str:
        asked.append(seconds)
        return wrong

    with scripted_kdc(mit()) as kdc:
        async with readiness(kdc.address, further=further) as ours:
            for _ in range(2):
                state = await ours.state()
    assert (state.ready, state.problem, len(asked)) == (not wrong, wrong, 1)


async def test_nothing_else_is_asked_while_no_kdc_answers() -> None:
    async def further(seconds: float) -> str:
        raise AssertionError

    async with readiness(closed_address().text, further=further) as ours:
        assert not (await ours.state()).ready
