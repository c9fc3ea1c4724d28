"""An adapter of another package: nothing that it raises or returns gets past ForeignSource but answers to the question."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.permissions.foreign import REFUSALS, ForeignSource, lacking
from kerbauth.ports import NotPermitted, Permitted, Question, SourceFailed

ASKED = Question("alice", "CORP.EXAMPLE", "desktop")
BOTH = ("read", "execute")
YES = Permitted("Alice", Application("desktop", "agent-desktop", BOTH))


class Foreign:
    """Answers what it was told to, whatever that is."""

    startup_warnings: Any = ()

    def __init__(self, answer: Any = YES, word: Any = "", *, asks_application: Any = True) -> None:
        self.answer = answer
        self.word = word
        self.asks_application = asks_application

    async def may_enter(self, question: Question) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    async def problem(self) -> Any:
        if isinstance(self.word, BaseException):
            raise self.word
        return self.word


@pytest.mark.parametrize(
    "answer",
    [YES, SourceFailed("down"), *(NotPermitted(reason, "because") for reason in sorted(REFUSALS))],
)
async def test_an_answer_is_passed_on(answer: Any) -> None:
    assert await ForeignSource(Foreign(answer)).may_enter(ASKED) == answer


async def test_a_source_that_knows_no_application_may_name_none() -> None:
    source = ForeignSource(Foreign(Permitted("alice", None), asks_application=False))
    assert source.asks_application is False
    assert await source.may_enter(ASKED) == Permitted("alice", None)


class Liar(Permitted):
    """Would be a yes by its type."""


@pytest.mark.parametrize(
    "answer",
    [
        Permitted("bob", YES.application),
        Permitted("", YES.application),
        Permitted(None, YES.application),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        Permitted("alice ", YES.application),
        Permitted("alice", None),
        Permitted("alice", Application("Desktop", None, BOTH)),
        Permitted("alice", Application("desktop", None, ())),
        Permitted("alice", Application("desktop", None, ("read",))),
        Permitted("alice", Application("desktop", None, ("execute", "change"))),
        Permitted("alice", Application("desktop", None, None)),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        Permitted("alice", Application("desktop", None, "read execute")),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        Permitted("alice", Application("desktop", None, (*BOTH, 1))),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        Permitted("alice", Application("desktop", 1, BOTH)),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        Permitted("alice", {"name": "desktop", "permissions": BOTH}),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        Liar("bob", YES.application),
        NotPermitted(Reason.BAD_CREDENTIALS),
        NotPermitted(Reason.INTERNAL),
        NotPermitted("not-permitted"),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        NotPermitted([]),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        NotPermitted(Reason.NOT_PERMITTED, None),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        SourceFailed(None),  # type: ignore[arg-type]  # a foreign adapter may answer anything
        True,
        None,
        "yes",
        RuntimeError("password=hunter2"),
        TimeoutError("password=hunter2"),
        ExceptionGroup("password=hunter2", [OSError()]),
    ],
    ids=repr,
)
async def test_what_is_no_answer_to_the_question_is_a_failure_without_foreign_words(answer: Any) -> None:
    found = await ForeignSource(Foreign(answer)).may_enter(ASKED)
    assert isinstance(found, SourceFailed)
    assert found.problem
    assert "hunter2" not in found.problem


async def test_a_raised_exception_is_told_by_name_and_place() -> None:
    found = await ForeignSource(Foreign(KeyError("hunter2"))).may_enter(ASKED)
    assert isinstance(found, SourceFailed)
    assert found.problem.startswith("the permission adapter raised KeyError in line ")
    assert "test_foreign.py" in found.problem


async def test_a_method_that_is_not_async_is_a_failure() -> None:
    class Plain(Foreign):
        def may_enter(self, question: Question) -> Any:
            return YES

    assert isinstance(await ForeignSource(Plain()).may_enter(ASKED), SourceFailed)


async def test_cancelling_passes_through() -> None:
    class Slow(Foreign):
        async def may_enter(self, question: Question) -> Any:
            await asyncio.Event().wait()

    task = asyncio.ensure_future(ForeignSource(Slow()).may_enter(ASKED))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", ""),
        ("the server is away", "the server is away"),
        (None, "the permission adapter gave no text when asked for its state"),
        (OSError("hunter2"), "the permission adapter raised OSError in line"),
    ],
)
async def test_its_state_is_text(word: Any, expected: str) -> None:
    found = await ForeignSource(Foreign(word=word)).problem()
    assert found.startswith(expected)
    assert bool(found) == bool(expected)
    assert "hunter2" not in found


async def test_its_properties_are_read_once() -> None:
    class Once(Foreign):
        reads = 0

        @property
        def startup_warnings(self) -> Any:
            self.reads += 1
            if self.reads > 1:
                raise RuntimeError
            return ("careful",)

    source = ForeignSource(Once())
    assert source.startup_warnings == source.startup_warnings == ("careful",)


class Bare:
    """Not a source."""


def having(**changes: Any) -> Callable[[], object]:
    def make() -> object:
        source = Foreign()
        for name, value in changes.items():
            setattr(source, name, value)
        return source

    return make


async def coroutine() -> object:
    return Foreign()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Foreign, ""),
        (Bare, "`asks_application` must be"),
        (lambda: None, "`asks_application` must be"),
        (having(asks_application=1), "`asks_application` must be"),
        (having(startup_warnings="careful"), "`startup_warnings` must be"),
        (having(startup_warnings=["careful"]), "`startup_warnings` must be"),
        (having(startup_warnings=(1,)), "`startup_warnings` must be"),
        (having(may_enter=None), "`may_enter` must be"),
        (having(problem="none"), "`problem` must be"),
        (coroutine, "coroutine function"),
    ],
)
def test_what_lacks_something_is_no_source(make: Callable[[], object | Awaitable[object]], words: str) -> None:
    found = lacking(make())
    assert words in found
    assert bool(found) == bool(words)
