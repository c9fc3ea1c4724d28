"""The ticket that is kept for armour: when it is got, used and renewed, who waits for it, and what is told of trouble with it.

What is done with it is in tests/integration/test_fast.py.
"""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.kdc.armour import LONG_REST, LONGEST_REST, PATIENCE, REST, Armour, rest_after
from kerbauth.kdc.conversation import Conversation, EndedError
from kerbauth.kdc.libkrb5.armour import ArmourCache, ArmourTicket
from kerbauth.kdc.own_ticket import NoTicket
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings.kdcs import Fast

HOUR = 3600
NOTHING: Any = None
SILENT = NoTicket(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic="no KDC answers"))
STALE = NoTicket(Unavailable(Reason.SERVICE_KEYS, Stage.AS, diagnostic="the key is stale"), counted=True)


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Source:
    """Gives what it is told to, the last of it again and again; not before `open` is set."""

    def __init__(self, *gives: ArmourTicket | NoTicket) -> None:
        self.gives = list(gives)
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self) -> ArmourTicket | NoTicket:
        self.asked += 1
        await self.open.wait()
        return self.gives.pop(0) if len(self.gives) > 1 else self.gives[0]


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", "/dev/null")


def ticket(*, offered: bool = True) -> ArmourTicket:
    return ArmourTicket(ArmourCache(), 8 * HOUR, offered)


def armour(source: Source, fast: Fast = Fast.REQUIRE) -> Armour:
    return Armour(KerberosRealm("KA.TEST", (), Path("none"), "HTTP/localhost", fast=fast), source)


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(test)


def later(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clock)
    loop.ahead += seconds


async def settle() -> None:
    """Let what was begun in the background come to its end, where nothing holds it up."""
    for _ in range(5):
        await asyncio.sleep(0)


class PutOnError(Exception):
    """A login has come as far as putting armour on."""


async def worn(kept: Armour, seconds: float = 5.0) -> bool:
    """Whether a login would put armour on: false is without."""
    talk = Conversation("KA.TEST", NOTHING, NOTHING, NOTHING, asyncio.get_running_loop().time() + seconds)
    talk.context = Holder()  # type: ignore[assignment]  # nobody uses it but to hold it

    def begin(_: ArmourTicket) -> Any:
        raise PutOnError

    try:
        assert await kept.exchange(talk, Stage.AS, begin) is None
    except PutOnError:
        return True
    return False


class Holder:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def test_many_who_need_a_ticket_at_once_get_one_together() -> None:
    async def test() -> None:
        source = Source(ticket())
        kept = armour(source)
        assert await asyncio.gather(*(worn(kept) for _ in range(20))) == [True] * 20
        assert source.asked == 1

    run(test())


def test_a_ticket_is_renewed_in_its_last_quarter_in_the_background_and_used_meanwhile() -> None:
    async def test() -> None:
        source = Source(ticket())
        kept = armour(source)
        assert await worn(kept)
        later(5.9 * HOUR)
        assert await worn(kept)
        assert source.asked == 1
        source.open.clear()
        later(0.2 * HOUR)
        assert await worn(kept)
        await settle()
        assert source.asked == 2
        source.open.set()
        await settle()
        later(5.5 * HOUR)  # the first one has ended by now
        assert await worn(kept)
        assert source.asked == 2

    run(test())


def test_a_ticket_is_not_used_to_its_very_end() -> None:
    async def test() -> None:
        source = Source(ticket(), SILENT)
        kept = armour(source)
        assert await worn(kept)
        later(8 * HOUR - 60)
        with pytest.raises(EndedError):
            await worn(kept)

    run(test())


def test_a_renewal_that_fails_costs_nothing_as_long_as_the_ticket_is_good() -> None:
    async def test() -> None:
        source = Source(ticket(), SILENT)
        kept = armour(source)
        assert await worn(kept)
        later(6.5 * HOUR)
        assert await worn(kept)
        await settle()
        assert await worn(kept)
        assert await kept.problem(1.0) == ""

    run(test())


def test_a_login_that_can_do_without_waits_a_moment_and_goes_on() -> None:
    async def test() -> None:
        source = Source(ticket())
        source.open.clear()
        kept, loop = armour(source, Fast.TRY), asyncio.get_running_loop()
        began = loop.time()
        assert not await worn(kept, seconds=0.2)
        assert loop.time() - began < min(PATIENCE, 0.2)
        source.open.set()
        await settle()
        assert await worn(kept)

    run(test())


def test_a_login_that_needs_it_waits_until_its_deadline_and_is_told_that_no_kdc_answered() -> None:
    async def test() -> None:
        source = Source(ticket())
        source.open.clear()
        with pytest.raises(EndedError) as caught:
            await worn(armour(source), seconds=0.1)
        assert caught.value.proof.reason is Reason.KDC_UNREACHABLE

    run(test())


def test_a_kdc_that_does_not_offer_armour_gets_none_where_it_is_only_tried(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        source = Source(ticket(offered=False))
        kept = armour(source, Fast.TRY)
        assert [await worn(kept) for _ in range(3)] == [False] * 3
        assert source.asked == 1

    with caplog.at_level(logging.WARNING):
        run(test())
    (line,) = caplog.messages
    assert "the KDC does not offer it" in line


def test_a_kdc_that_does_not_offer_armour_is_asked_in_it_where_it_is_required() -> None:
    async def test() -> None:
        assert await worn(armour(Source(ticket(offered=False))))

    run(test())


@pytest.mark.parametrize("fast", [Fast.TRY, Fast.REQUIRE])
def test_trouble_is_told_once_and_the_kdc_left_alone_for_a_while(caplog: pytest.LogCaptureFixture, fast: Fast) -> None:
    async def test() -> None:
        source = Source(SILENT)
        kept = armour(source, fast)
        for number in (1, 2, 3):
            for _ in range(5):
                if fast is Fast.TRY:
                    assert not await worn(kept)
                else:
                    with pytest.raises(EndedError):
                        await worn(kept)
            assert source.asked == number
            later(REST)

    with caplog.at_level(logging.WARNING):
        run(test())
    assert len(caplog.messages) == 1


def test_after_a_refusal_that_may_count_against_our_account_the_kdc_is_left_alone_longer_and_longer() -> None:
    async def test() -> None:
        source = Source(STALE)
        kept = armour(source)
        asked_at: list[float] = []
        for minute in range(16):
            before = source.asked
            assert await kept.problem(1.0) == "the key is stale"
            if source.asked > before:
                asked_at.append(minute)
            later(60.1)
        assert asked_at == [0, 1, 3, 7, 15]

    run(test())


def test_where_armour_is_only_tried_nothing_is_a_problem() -> None:
    async def test() -> None:
        source = Source(STALE)
        assert await armour(source, Fast.TRY).problem(1.0) == ""

    run(test())


def test_closing_gives_up_what_was_begun() -> None:
    async def test() -> None:
        source = Source(ticket())
        source.open.clear()
        kept = armour(source, Fast.TRY)
        assert not await worn(kept, seconds=0.04)
        kept.close()
        source.open.set()
        await settle()
        later(1.0)  # within the rest: nobody asks again
        assert not await worn(kept)
        assert source.asked == 1

    run(test())


def test_closing_what_never_began_does_nothing() -> None:
    async def test() -> None:
        source = Source(ticket())
        armour(source).close()
        assert source.asked == 0

    run(test())


@given(st.integers(1, 1000))
def test_the_kdc_is_asked_again_within_an_hour_and_never_within_a_minute(refusals: int) -> None:
    assert LONG_REST <= rest_after(refusals) <= LONGEST_REST
