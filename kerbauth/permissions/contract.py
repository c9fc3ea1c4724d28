"""The PermissionSource's promise as checks that every adapter runs, ours and other packages'.

The cases are data (`contract_cases.cases()`), and nothing here needs a test framework. It is part of the package, and not of
kerbauth's own tests, so that an adapter's tests run the suite of the very kerbauth they are installed with:

    @pytest.mark.parametrize("case", cases(), ids=str)
    async def test_contract(case):
        for step in case.steps:
            source = ...   # fill the source with step.model, by whatever means it is filled in real life
            await check(source, step)

Each question brings an account of Active Directory along, whose groups are those that the model has the user in (`contract_accounts`). A
source that goes by them is filled with their SIDs; others look at the user's name and leave the account alone.

What it cannot check is that a source never blocks the event loop.
"""

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kerbauth.core.reasons import Reason
from kerbauth.login import PERMISSION_DEADLINE
from kerbauth.permissions.contract_accounts import with_account
from kerbauth.permissions.model import PermissionModel
from kerbauth.ports import Answer, NotPermitted, PermissionSource, Permitted, Question, SourceFailed

AT_ONCE: Final = 20
"""How many times a step's questions are asked concurrently."""


class Feature(StrEnum):
    """What not every source knows. A source without a feature leaves out the cases that need it."""

    PERSONS = "persons of its own, whom it knows by their spelling, enabled or not"
    GROUPS = "groups"
    NESTED_GROUPS = "nested groups"
    TENANTS = "tenants"
    OTHER_PERMISSIONS = "permissions besides read and execute"


@dataclass(frozen=True, slots=True)
class Expected:
    """A question, and its only right answer: the exact yes, or the reason of the no."""

    question: Question
    answer: Permitted | Reason


@dataclass(frozen=True, slots=True)
class Step:
    """What the source knows at this point, and what it then answers."""

    model: PermissionModel
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One part of the promise. With several steps, the source is filled anew before each: what was taken away must be gone."""

    name: str
    steps: tuple[Step, ...]
    needs: frozenset[Feature] = frozenset()

    def __str__(self) -> str:
        return self.name


class BrokenPromiseError(AssertionError):
    """The source did not do what PermissionSource promises. The message says what was asked, expected and found."""


async def check(source: PermissionSource, step: Step, *, deadline: float = PERMISSION_DEADLINE) -> None:
    """Ask a source that knows `step.model` the step's questions: one by one, after a cancelled one, and all at once.

    Every answer must be there within `deadline` seconds; a login waits no longer. Raises BrokenPromiseError.
    """
    await _check_state(source)
    asked = [replace(expected, question=with_account(expected.question, step.model)) for expected in step.expected]
    for expected in asked:
        await _cancel(source, expected.question)
        _compare(expected, await _ask(source, expected.question, deadline))
    every = [expected for expected in asked for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*(_ask(source, expected.question, deadline) for expected in every))
    for expected, answer in zip(every, answers, strict=True):
        _compare(expected, answer)


async def check_failing(source: PermissionSource, question: Question) -> None:
    """Ask a source that cannot answer now, because its server or file is away: it says so, and neither yes nor no.

    Raises BrokenPromiseError.
    """
    answer = await _ask(source, question, PERMISSION_DEADLINE)
    if not isinstance(answer, SourceFailed) or not answer.problem:
        raise _broken(f"{question}: expected SourceFailed with a problem, found {answer!r}")
    if not await source.problem():
        raise _broken("problem() is empty for a source that cannot answer")


async def _check_state(source: PermissionSource) -> None:
    if source.asks_application is not True:
        raise _broken(f"asks_application: expected True, found {source.asks_application!r}")
    warnings: object = source.startup_warnings
    if not isinstance(warnings, tuple) or not all(isinstance(warning, str) for warning in warnings):
        raise _broken(f"startup_warnings: expected a tuple of text, found {warnings!r}")
    problem = await source.problem()
    if problem:
        raise _broken(f"problem(): expected nothing from a source that can answer, found {problem!r}")


async def _ask(source: PermissionSource, question: Question, deadline: float) -> Answer:
    try:
        async with asyncio.timeout(deadline):
            return await source.may_enter(question)
    except TimeoutError as error:
        raise _broken(f"{question}: no answer within {deadline:g} seconds") from error
    except Exception as error:  # whatever it is: nothing may be raised
        raise _broken(f"{question}: raised {error!r}") from error


async def _cancel(source: PermissionSource, question: Question) -> None:
    """Begin to ask, and give up as a login does whose deadline has come."""
    asking = asyncio.ensure_future(source.may_enter(question))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


def _compare(expected: Expected, answer: Answer) -> None:
    found = answer.reason if isinstance(answer, NotPermitted) else answer
    if found != expected.answer:
        raise _broken(f"{expected.question}: expected {expected.answer!r}, found {answer!r}")


def _broken(message: str) -> BrokenPromiseError:
    return BrokenPromiseError(message)
