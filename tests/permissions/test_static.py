import dataclasses
from pathlib import Path

import pytest

from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.permissions import static
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.permissions.index import PermissionIndex
from kerbauth.permissions.model import AccessGroup, ApplicationObject, Grant, PermissionModel, Person
from kerbauth.ports import NotPermitted, Permitted, Question
from tests.permissions.files import MINIMAL, permission_file

ALICE = Question("alice", "CORP.EXAMPLE", "desktop")


def refused(folder: Path, options: dict[str, object]) -> tuple[tuple[str, str], ...]:
    with pytest.raises(AdapterOptionsError) as caught:
        static.open_source(options, AdapterContext(folder))
    return caught.value.problems


async def test_the_file_is_looked_for_in_the_settings_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    permission_file(tmp_path / "data")
    source = static.open_source({"file": "data/permissions.toml"}, AdapterContext(tmp_path))
    assert await source.may_enter(ALICE) == Permitted("alice", Application("desktop", "agent-desktop", ("read", "execute")))


def test_an_absolute_path_stays_one(tmp_path: Path) -> None:
    file = permission_file(tmp_path)
    assert static.open_source({"file": str(file)}, AdapterContext(Path("/nowhere"))).asks_application


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [("file", "is missing")]),
        ({"file": 1}, [("file", "is a whole number; expected text")]),
        ({"file": ""}, [("file", "is empty; expected text")]),
        ({"file": "x", "fil": "y"}, [("fil", "is not known here; did you mean `file`?")]),
        ({"path": "x"}, [("file", "is missing"), ("path", "is not known here; known are `file`")]),
    ],
)
def test_wrong_options_are_told_with_their_key(options: dict[str, object], expected: list[tuple[str, str]], tmp_path: Path) -> None:
    assert list(refused(tmp_path, options)) == expected


def test_everything_wrong_with_the_file_is_told_with_file_and_key(tmp_path: Path) -> None:
    file = permission_file(tmp_path, MINIMAL.replace('user = "alice"\n[[app', 'user = ""\n[[app'))
    assert refused(tmp_path, {"file": file.name}) == (
        ("file", f"{file}: persons[1].user: is empty, has blanks around it or holds a control or invisible character"),
        ("file", f"{file}: grants[1].user: 'alice' is the name of no person"),
    )


def test_the_files_warnings_are_the_sources(tmp_path: Path) -> None:
    file = permission_file(tmp_path)
    file.chmod(0o666)
    assert len(static.open_source({"file": file.name}, AdapterContext(tmp_path)).startup_warnings) == 1


async def test_a_later_change_of_the_file_changes_nothing_until_it_is_read_again(tmp_path: Path) -> None:
    file = permission_file(tmp_path)
    source = static.open_source({"file": file.name}, AdapterContext(tmp_path))
    file.write_text(MINIMAL.replace('"read", ', ""))
    assert isinstance(await source.may_enter(ALICE), Permitted)
    again = static.open_source({"file": file.name}, AdapterContext(tmp_path))
    assert await again.may_enter(ALICE) == NotPermitted(Reason.NOT_PERMITTED, "read and execute are needed; granted: execute")


def model(*grants: Grant, groups: tuple[AccessGroup, ...] = ()) -> PermissionModel:
    applications = (ApplicationObject(name="desktop"),)
    return PermissionModel(persons=(Person(user="alice"),), applications=applications, access_groups=groups, grants=grants)


@pytest.mark.parametrize(
    "twins",
    [
        {"persons": (Person(user="alice"), Person(user="ALICE"))},
        {"applications": (ApplicationObject(name="desktop"), ApplicationObject(name="desktop", enabled=False))},
    ],
)
def test_an_index_never_guesses_between_twins(twins: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="one name"):
        PermissionIndex(model().model_copy(update=twins))


def test_groups_in_a_circle_end() -> None:
    circle = (AccessGroup(name="a", members=("alice",), groups=("b",)), AccessGroup(name="b", groups=("a",)))
    grant = Grant(application="desktop", group="b", permissions=("read", "execute"))
    assert PermissionIndex(model(grant, groups=circle)).held("alice", "desktop") == ("read", "execute")


def test_nesting_may_be_deeper_than_the_stack() -> None:
    chain = tuple(AccessGroup(name=f"g{number}", groups=(f"g{number - 1}",)) for number in range(1, 10_000))
    groups = (AccessGroup(name="g0", members=("alice",)), *chain)
    grant = Grant(application="desktop", group="g9999", permissions=("read", "execute"))
    assert isinstance(PermissionIndex(model(grant, groups=groups)).answer(ALICE), Permitted)


def test_questions_about_nobody_and_nothing_take_no_memory() -> None:
    index = PermissionIndex(model())
    for number in range(100):
        index.answer(Question(f"stranger {number}", "CORP.EXAMPLE", "desktop"))
        index.answer(dataclasses.replace(ALICE, application=f"application {number}"))
        assert index.held(f"stranger {number}", "desktop") == ()
        assert index.held("alice", f"application {number}") == ()
    assert index._held == {}
    assert not index._to_users
    assert not index._direct_groups


def test_the_refusal_says_what_is_granted() -> None:
    answer = PermissionIndex(model(Grant(application="desktop", user="alice", permissions=("change", "read")))).answer(ALICE)
    assert answer == NotPermitted(Reason.NOT_PERMITTED, "read and execute are needed; granted: read, change")
    assert PermissionIndex(model()).answer(ALICE) == NotPermitted(Reason.NOT_PERMITTED, "read and execute are needed; granted: nothing")
