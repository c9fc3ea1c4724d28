"""What is known of groups' names: how long, what a look changes, and what is logged of it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.sid import Sid
from kerbauth.directory import DirectoryFailed, GroupFound, NoSuchGroup
from kerbauth.permissions.group_sids import KEEP_MISSING, KEEP_UNASKED, REFRESH, RETRY, RETRY_MISSING, GroupSids, Known
from kerbauth.permissions.groups_options import GroupName
from tests.permissions.test_groups import Directory

AGENTS = GroupName("CORP.EXAMPLE", "agents")
OLD, NEW = Sid("S-1-5-21-1-2-3-1117"), Sid("S-1-5-21-1-2-3-1204")
FOUND, GONE, DOWN = {"agents": GroupFound(OLD)}, {"agents": NoSuchGroup("no group of that name")}, DirectoryFailed("connection refused")


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def run(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(test)


def later(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clock)
    loop.ahead += seconds


def sids_of(directory: Directory) -> GroupSids:
    return GroupSids({AGENTS}, directory)


def test_a_name_has_no_sid_before_the_first_look() -> None:
    async def test() -> None:
        sids = sids_of(Directory(CORP=FOUND))
        assert sids.sid(AGENTS) is None
        assert sids.why_not(AGENTS) == "the directory has not answered yet"
        assert await sids.look("CORP.EXAMPLE") == REFRESH
        assert sids.sid(AGENTS) == OLD

    run(test())


def test_a_group_that_was_made_anew_has_its_new_sid_after_the_next_look(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        sids = sids_of(directory)
        await sids.look("CORP.EXAMPLE")
        directory.answers["CORP.EXAMPLE"] = {"agents": GroupFound(NEW)}
        await sids.look("CORP.EXAMPLE")
        assert sids.sid(AGENTS) == NEW

    run(test())
    assert f"has another SID now: {NEW} instead of {OLD}" in caplog.text


def test_a_renamed_group_counts_for_an_hour_and_not_longer_whatever_comes_between() -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        sids = sids_of(directory)
        await sids.look("CORP.EXAMPLE")
        directory.answers["CORP.EXAMPLE"] = GONE
        assert await sids.look("CORP.EXAMPLE") == RETRY_MISSING
        assert sids.sid(AGENTS) == OLD
        later(KEEP_MISSING / 2)
        directory.answers["CORP.EXAMPLE"] = DOWN
        await sids.look("CORP.EXAMPLE")
        directory.answers["CORP.EXAMPLE"] = GONE
        await sids.look("CORP.EXAMPLE")
        assert sids.sid(AGENTS) == OLD
        later(KEEP_MISSING / 2)
        assert sids.sid(AGENTS) is None
        assert list(sids.missing()) == [(AGENTS, "no group of that name")]

    run(test())


def test_a_group_that_comes_back_within_the_hour_counts_as_ever() -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        sids = sids_of(directory)
        await sids.look("CORP.EXAMPLE")
        directory.answers["CORP.EXAMPLE"] = GONE
        await sids.look("CORP.EXAMPLE")
        directory.answers["CORP.EXAMPLE"] = FOUND
        assert await sids.look("CORP.EXAMPLE") == REFRESH
        later(KEEP_MISSING)
        assert sids.sid(AGENTS) == OLD

    run(test())


def test_while_the_directory_is_down_a_sid_counts_for_a_day() -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        sids = sids_of(directory)
        await sids.look("CORP.EXAMPLE")
        directory.answers["CORP.EXAMPLE"] = DOWN
        assert await sids.look("CORP.EXAMPLE") == RETRY
        later(KEEP_UNASKED - 60)
        assert sids.sid(AGENTS) == OLD
        later(60)
        assert sids.sid(AGENTS) is None
        assert sids.why_not(AGENTS) == "the directory of CORP.EXAMPLE cannot be asked: connection refused"

    run(test())


def test_what_the_directory_leaves_out_of_its_answer_is_not_found() -> None:
    async def test() -> None:
        sids = sids_of(Directory(CORP={}))
        await sids.look("CORP.EXAMPLE")
        assert list(sids.missing()) == [(AGENTS, "the directory does not say")]

    run(test())


def test_the_directory_is_asked_again_and_again_by_itself() -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        sids = sids_of(directory)
        await sids.first_look({AGENTS})
        directory.begun.clear()
        later(REFRESH)
        await directory.begun.wait()
        assert sids.sid(AGENTS) == OLD
        sids.close()

    run(test())


def test_after_the_close_nobody_is_asked_any_more() -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        sids = sids_of(directory)
        await sids.first_look({AGENTS})
        sids.close()
        later(REFRESH)
        for _ in range(5):
            await asyncio.sleep(0)
        sids.begin()
        assert len(directory.asked) == 1

    run(test())


def test_a_directory_that_says_nothing_is_waited_for_some_seconds_only() -> None:
    async def test() -> None:
        directory = Directory(CORP=FOUND)
        directory.open.clear()
        sids = sids_of(directory)
        waiting = asyncio.create_task(sids.first_look({AGENTS}))
        await directory.begun.wait()
        later(5)
        await waiting
        assert sids.sid(AGENTS) is None
        sids.close()

    run(test())


def test_the_same_trouble_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kerbauth.permissions")

    async def test() -> None:
        directory = Directory(CORP=DOWN)
        sids = sids_of(directory)
        for answer in (DOWN, DOWN, GONE, GONE, FOUND, FOUND):
            directory.answers["CORP.EXAMPLE"] = answer
            await sids.look("CORP.EXAMPLE")

    run(test())
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]


@given(st.floats(0, 1e6), st.none() | st.floats(0, 1e6), st.floats(0, 2e6))
def test_nothing_is_used_beyond_both_limits(confirmed: float, missing: float | None, now: float) -> None:
    known = Known(OLD, confirmed, missing)
    if known.usable(now):
        assert now < confirmed + KEEP_UNASKED
        assert missing is None or now < missing + KEEP_MISSING
