"""Every permission source of ours keeps the promise; and the suite notices one that does not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.core.text import caseless
from kerbauth.permissions import groups, static
from kerbauth.permissions.adapter import AdapterContext
from kerbauth.permissions.contract import BrokenPromiseError, Case, Feature, check, check_failing
from kerbauth.permissions.contract_accounts import alone_sid, group_sid
from kerbauth.permissions.contract_cases import cases
from kerbauth.permissions.foreign import ForeignSource
from kerbauth.permissions.index import PermissionIndex
from kerbauth.permissions.model import PermissionModel
from kerbauth.permissions.static import StaticSource
from kerbauth.ports import Answer, NotPermitted, Permitted, Question, SourceFailed
from tests.permissions.files import as_toml, permission_file

ASKED = Question("alice", "CORP.EXAMPLE", "desktop")


@pytest.mark.parametrize("case", cases(), ids=str)
async def test_static_from_its_file(case: Case, tmp_path: Path) -> None:
    for step in case.steps:
        file = permission_file(tmp_path, as_toml(step.model))
        await check(static.open_source({"file": file.name}, AdapterContext(tmp_path)), step)


@pytest.mark.parametrize("case", cases(), ids=str)
async def test_a_good_source_of_another_package(case: Case) -> None:
    for step in case.steps:
        await check(ForeignSource(StaticSource(step.model)), step)


def as_groups(model: PermissionModel) -> dict[str, object]:
    """The model as options of the adapter `groups`: what it grants to a person goes to a group with nobody else in it."""
    grants = [
        {
            "application": grant.application,
            "group": group_sid(grant.group) if grant.group is not None else alone_sid(grant.user or ""),
            "permissions": list(grant.permissions),
        }
        for grant in model.grants
    ]
    return {"applications": [each.model_dump(exclude_none=True) for each in model.applications], "grants": grants}


@pytest.mark.parametrize("case", [case for case in cases() if not case.needs & {Feature.PERSONS, Feature.TENANTS}], ids=str)
async def test_groups_of_the_account(case: Case, tmp_path: Path) -> None:
    for step in case.steps:
        await check(groups.open_source(as_groups(step.model), AdapterContext(tmp_path)), step)


class Spoilt:
    """A source that keeps the promise but for one thing."""

    asks_application = True
    startup_warnings: tuple[str, ...] = ()

    def __init__(self, model: PermissionModel) -> None:
        self.model = model
        self.index = PermissionIndex(model)

    async def may_enter(self, question: Question) -> Answer:
        return self.index.answer(question)

    async def problem(self) -> str:
        return ""


class SaysYes(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        return Permitted(question.user, Application(question.application, "agent-desktop", ("read", "execute")))


class SaysNo(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        return NotPermitted(Reason.NOT_PERMITTED)


class ReadIsEnough(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        answer = self.index.answer(question)
        if isinstance(answer, NotPermitted) and "read" in self.index.held(question.user, question.application):
            return Permitted("alice", Application(question.application, "agent-desktop", ("read", "execute")))
        return answer


class Changed(Spoilt):
    """Answers another question than the one asked."""

    def change(self, question: Question) -> Question:
        return question

    async def may_enter(self, question: Question) -> Answer:
        return self.index.answer(self.change(question))


class MindsCase(Changed):
    def change(self, question: Question) -> Question:
        known = {person.user for person in self.model.persons}
        return question if question.user in known else replace(question, user="")


class Trims(Changed):
    def change(self, question: Question) -> Question:
        return replace(question, user=question.user.strip())


class CutsAtNul(Changed):
    def change(self, question: Question) -> Question:
        return replace(question, user=question.user.partition("\0")[0])


class IgnoresTheTenant(Changed):
    def change(self, question: Question) -> Question:
        return replace(question, tenant=None)


class FoldsApplications(Changed):
    def change(self, question: Question) -> Question:
        names = {caseless(each.name): each.name for each in self.model.applications}
        return replace(question, application=names.get(caseless(question.application), question.application))


class EchoesTheQuestion(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        answer = self.index.answer(question)
        return replace(answer, user=question.user) if isinstance(answer, Permitted) else answer


class LooksAtTheApplicationFirst(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        if question.application not in {each.name for each in self.model.applications}:
            return NotPermitted(Reason.UNKNOWN_APPLICATION)
        return self.index.answer(question)


class IgnoresDisabled(Spoilt):
    def __init__(self, model: PermissionModel) -> None:
        persons = tuple(person.model_copy(update={"enabled": True}) for person in model.persons)
        super().__init__(model.model_copy(update={"persons": persons}))


class KnowsNoGroups(Spoilt):
    def __init__(self, model: PermissionModel) -> None:
        super().__init__(model.model_copy(update={"access_groups": ()}))


class Raises(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        raise KeyError(question.user)


class Fails(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        return SourceFailed("down")


class TakesOneAtATime(Spoilt):
    """Loses its head if it is asked again before it has answered."""

    busy = False

    async def may_enter(self, question: Question) -> Answer:
        if self.busy:
            return SourceFailed("busy")
        self.busy = True
        try:
            await _turn()
            return self.index.answer(question)
        finally:
            self.busy = False


class IsSlowToStart(Spoilt):
    """Fails the first question that is waited for."""

    warm = False

    async def may_enter(self, question: Question) -> Answer:
        await _turn()
        warm, self.warm = self.warm, True
        return self.index.answer(question) if warm else SourceFailed("not ready")


class BreaksIfCancelled(Spoilt):
    broken = False

    async def may_enter(self, question: Question) -> Answer:
        finished = False
        try:
            await _turn()
            finished = True
        finally:
            self.broken = self.broken or not finished
        return SourceFailed("left in the middle") if self.broken else self.index.answer(question)


class AsksNoApplication(Spoilt):
    asks_application = False


class WarnsInOneString(Spoilt):
    startup_warnings = "look out"  # type: ignore[assignment]  # spoilt on purpose


class ComplainsThoughWell(Spoilt):
    async def problem(self) -> str:
        return "something"


async def _turn() -> None:
    """Let others run."""
    await asyncio.sleep(0)


_previous: dict[str, PermissionIndex] = {}


class RemembersForEver(Spoilt):
    """Never forgets what it was filled with first."""

    def __init__(self, model: PermissionModel) -> None:
        super().__init__(model)
        self.index = _previous.setdefault("index", self.index)


SPOILT: tuple[type[Spoilt], ...] = (
    SaysYes,
    SaysNo,
    ReadIsEnough,
    MindsCase,
    Trims,
    CutsAtNul,
    IgnoresTheTenant,
    FoldsApplications,
    EchoesTheQuestion,
    LooksAtTheApplicationFirst,
    IgnoresDisabled,
    KnowsNoGroups,
    Raises,
    Fails,
    TakesOneAtATime,
    IsSlowToStart,
    BreaksIfCancelled,
    AsksNoApplication,
    WarnsInOneString,
    ComplainsThoughWell,
)


async def run_all(kind: Callable[[PermissionModel], Spoilt], chosen: tuple[Case, ...]) -> int:
    """Check every step; how many there were. Raises what the suite raises."""
    steps = [step for case in chosen for step in case.steps]
    for step in steps:
        await check(kind(step.model), step)
    return len(steps)


async def test_the_suite_passes_the_unspoilt_source() -> None:
    assert await run_all(Spoilt, cases()) >= len(cases()) > 0


@pytest.mark.parametrize("kind", SPOILT)
async def test_the_suite_notices(kind: type[Spoilt]) -> None:
    with pytest.raises(BrokenPromiseError):
        await run_all(kind, cases())


@pytest.mark.parametrize("case", [case for case in cases() if len(case.steps) > 1], ids=str)
async def test_the_suite_notices_a_source_that_never_forgets(case: Case) -> None:
    _previous.clear()
    with pytest.raises(BrokenPromiseError):
        await run_all(RemembersForEver, (case,))


class NeverAnswers(Spoilt):
    async def may_enter(self, question: Question) -> Answer:
        await asyncio.Event().wait()
        return SourceFailed("")


async def test_the_suite_notices_a_source_that_does_not_answer_in_time() -> None:
    (step,) = cases()[0].steps
    with pytest.raises(BrokenPromiseError, match=r"no answer within 0\.01 seconds"):
        await check(NeverAnswers(step.model), step, deadline=0.01)


class Down(Spoilt):
    """Cannot answer, and says so."""

    def __init__(self, answer: Answer, word: str) -> None:
        self.answer, self.word = answer, word

    async def may_enter(self, question: Question) -> Answer:
        return self.answer

    async def problem(self) -> str:
        return self.word


async def test_a_source_that_is_down_and_says_so_keeps_the_promise() -> None:
    await check_failing(Down(SourceFailed("no connection"), "no connection"), ASKED)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Permitted("alice", Application("desktop")), "down"),
        (NotPermitted(Reason.NOT_PERMITTED), "down"),
        (SourceFailed(""), "down"),
        (SourceFailed("down"), ""),
    ],
)
async def test_the_suite_notices_a_source_that_is_down_and_does_not_say_so(answer: Answer, word: str) -> None:
    with pytest.raises(BrokenPromiseError):
        await check_failing(Down(answer, word), ASKED)


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names)
