"""The permission file: what is accepted, and that everything wrong with it is told at once."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.permissions.contract_cases import cases
from kerbauth.permissions.model import PERMISSIONS, AccessGroup, ApplicationObject, Grant, PermissionModel, Person
from kerbauth.permissions.static_file import PermissionFileError, read_permission_file
from tests.permissions.files import MINIMAL, as_toml, permission_file

PERSON = '[[persons]]\nuser = "alice"\n'
APPLICATION = '[[applications]]\nname = "desktop"\n'
BOTH = PERSON + APPLICATION


def problems(folder: Path, content: str) -> list[tuple[str, str]]:
    file = permission_file(folder, content)
    with pytest.raises(PermissionFileError) as caught:
        read_permission_file(file)
    assert {problem.file for problem in caught.value.problems} == {str(file)}
    return [(problem.key, problem.message) for problem in caught.value.problems]


def test_every_field_is_read(tmp_path: Path) -> None:
    content = """\
[[persons]]
user = "alice"
external_id = "CN=Alice"
tenant = "North"
enabled = false
[[applications]]
name = "desktop"
type = "agent-desktop"
tenant = "North"
enabled = false
[[access_groups]]
name = "agents"
members = ["ALICE"]
[[access_groups]]
name = "staff"
groups = ["agents"]
[[grants]]
application = "desktop"
group = "staff"
permissions = ["execute", "read"]
"""
    file = read_permission_file(permission_file(tmp_path, content))
    assert file.warnings == ()
    assert file.model == PermissionModel(
        persons=(Person(user="alice", external_id="CN=Alice", tenant="North", enabled=False),),
        applications=(ApplicationObject(name="desktop", type="agent-desktop", tenant="North", enabled=False),),
        access_groups=(AccessGroup(name="agents", members=("ALICE",)), AccessGroup(name="staff", groups=("agents",))),
        grants=(Grant(application="desktop", group="staff", permissions=("execute", "read")),),
    )


@pytest.mark.parametrize("model", [step.model for case in cases() for step in case.steps if len(step.model.access_groups) < 100])
def test_what_is_written_is_read(model: PermissionModel, tmp_path: Path) -> None:
    assert read_permission_file(permission_file(tmp_path, as_toml(model))).model == model


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_every_permission_of_the_list_is_accepted(permission: str, tmp_path: Path) -> None:
    content = MINIMAL.replace('"execute"', f'"{permission}"').replace('"read", "read"', '"read"')
    (grant,) = read_permission_file(permission_file(tmp_path, content)).model.grants
    assert permission in grant.permissions


WRONG = {
    # the file as a whole
    "": [("persons", "missing or empty"), ("applications", "missing or empty")],
    "persons = []\napplications = []": [("persons", "missing or empty"), ("applications", "missing or empty")],
    PERSON: [("applications", "missing or empty")],
    BOTH + "[[acess_groups]]": [("acess_groups", "did you mean `access_groups`?")],
    BOTH + "[[roles]]": [("roles", "known are `persons`, `applications`, `access_groups`, `grants`")],
    '[persons]\nuser = "alice"\n' + APPLICATION: [("persons", "a table; expected a list of tables, each begun with [[persons]]")],
    'persons = ["alice"]\n' + APPLICATION: [("persons[1]", "is text; expected a table")],
    "persons = 1\n" + APPLICATION: [("persons", "a whole number; expected a list of tables")],
    # keys and types
    BOTH + '[[persons]]\nusr = "bob"': [("persons[2].user", "is missing"), ("persons[2].usr", "did you mean `user`?")],
    BOTH + '[[persons]]\nuser = "bob"\nenabled = "no"': [("persons[2].enabled", "is text; expected true or false")],
    BOTH + '[[persons]]\nuser = "bob"\nenabled = 0': [("persons[2].enabled", "is a whole number; expected true or false")],
    BOTH + "[[persons]]\nuser = 7": [("persons[2].user", "is a whole number; expected text")],
    BOTH + '[[persons]]\nuser = "bob"\nexternal_id = 7': [("persons[2].external_id", "is a whole number; expected text")],
    BOTH + '[[persons]]\nuser = "bob"\nrole = "x"': [("persons[2].role", "known are `user`, `external_id`, `tenant`, `enabled`")],
    BOTH + '[[applications]]\nname = "gax"\ntype = 2026-01-01': [("applications[2].type", "is a date or time; expected text")],
    BOTH + '[[access_groups]]\nname = "a"\nmembers = "alice"': [("access_groups[1].members", "is text; expected a list")],
    BOTH + '[[access_groups]]\nname = "a"\nmembers = ["alice", 1]': [("access_groups[1].members[2]", "is a whole number; expected text")],
    BOTH + '[[grants]]\napplication = "desktop"\nuser = "alice"\npermissions = ["read", "exec"]': [
        ("grants[1].permissions[2]", "none of the words that are known here; expected 'read', 'execute'")
    ],
    BOTH + '[[grants]]\napplication = "desktop"\nuser = "alice"\npermissions = ["Read"]': [
        ("grants[1].permissions[1]", "none of the words")
    ],
    BOTH + '[[grants]]\napplication = "desktop"\nuser = "alice"\npermissions = []': [("grants[1].permissions", "an empty list")],
    BOTH + '[[grants]]\napplication = "desktop"\nuser = "alice"': [("grants[1].permissions", "is missing")],
    BOTH + '[[grants]]\napplication = "desktop"\npermissions = ["read"]': [("grants[1]", "exactly one of `user` and `group`")],
    # names
    BOTH + f'[[persons]]\nuser = "{"x" * 256}"': [("persons[2].user", "has 256 characters; a Genesys name has at most 255")],
    BOTH + '[[persons]]\nuser = ""': [("persons[2].user", "is empty")],
    BOTH + '[[persons]]\nuser = " bob"': [("persons[2].user", "has blanks around it")],
    BOTH + '[[persons]]\nuser = "bob\\u0000"': [("persons[2].user", "holds a control or invisible character")],
    BOTH + '[[persons]]\nuser = "b\\u202eob"': [("persons[2].user", "holds a control or invisible character")],
    # names twice
    BOTH + PERSON: [("persons[2].user", "'alice': is persons[1].user already")],
    BOTH + '[[persons]]\nuser = "ALICE"': [("persons[2].user", "'ALICE': 'alice' of persons[1].user differs from it by case only")],
    '[[persons]]\nuser = "Stra\u00dfe"\n[[persons]]\nuser = "STRASSE"\n' + APPLICATION: [
        ("persons[2].user", "differs from it by case only")
    ],
    '[[persons]]\nuser = "J\u00fcrgen"\n[[persons]]\nuser = "Ju\u0308rgen"\n' + APPLICATION: [("persons[2].user", "by case only")],
    BOTH + APPLICATION: [("applications[2].name", "'desktop': is applications[1].name already")],
    BOTH + '[[access_groups]]\nname = "a"\n' * 2: [("access_groups[2].name", "'a': is access_groups[1].name already")],
    BOTH + '[[access_groups]]\nname = "a"\nmembers = ["alice", "Alice"]': [("access_groups[1].members[2]", "'Alice' is in the list twice")],
    BOTH + '[[access_groups]]\nname = "b"\n[[access_groups]]\nname = "a"\ngroups = ["b", "b"]': [
        ("access_groups[2].groups[2]", "'b' is in the list twice")
    ],
    BOTH + '[[grants]]\napplication = "desktop"\nuser = "alice"\npermissions = ["read", "read"]': [
        ("grants[1].permissions[2]", "'read' is in the list twice")
    ],
    BOTH
    + '[[grants]]\napplication = "desktop"\nuser = "alice"\npermissions = ["read"]\n'
    + '[[grants]]\napplication = "desktop"\nuser = "Alice"\npermissions = ["execute"]': [
        ("grants[2]", "is for the application and user of grants[1]; make them one grant")
    ],
    # names of nothing
    BOTH + '[[access_groups]]\nname = "a"\nmembers = ["bob"]': [("access_groups[1].members[1]", "'bob' is the name of no person")],
    BOTH + '[[access_groups]]\nname = "a"\ngroups = ["b"]': [("access_groups[1].groups[1]", "'b' is the name of no access group")],
    BOTH + '[[grants]]\napplication = "Desktop"\nuser = "alice"\npermissions = ["read"]': [
        ("grants[1].application", "'Desktop' is the name of no application")
    ],
    BOTH + '[[grants]]\napplication = "desktop"\nuser = "bob"\npermissions = ["read"]': [
        ("grants[1].user", "'bob' is the name of no person")
    ],
    BOTH + '[[grants]]\napplication = "desktop"\ngroup = "alice"\npermissions = ["read"]': [
        ("grants[1].group", "'alice' is the name of no access group")
    ],
    # circles
    BOTH + '[[access_groups]]\nname = "a"\ngroups = ["a"]': [("access_groups[1].groups", "the group contains itself: 'a' > 'a'")],
    # tenants
    BOTH + '[[persons]]\nuser = "bob"\ntenant = "North"': [("persons[1].tenant", "is missing for 'alice'")],
}


@pytest.mark.parametrize(("content", "expected"), WRONG.items())
def test_a_mistake_is_told_with_its_place_and_alone(content: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    found = problems(tmp_path, content)
    assert [key for key, _ in found] == [key for key, _ in expected]
    for (_, message), (_, words) in zip(found, expected, strict=True):
        assert words in message


def test_a_names_length_is_that_of_its_composed_form(tmp_path: Path) -> None:
    longest = "u\u0308" * 255
    read_permission_file(permission_file(tmp_path, BOTH + f'[[persons]]\nuser = "{longest}"'))
    too_long = problems(tmp_path, BOTH + f'[[persons]]\nuser = "{longest}x"')
    assert too_long == [("persons[2].user", "has 256 characters; a Genesys name has at most 255")]


def test_both_user_and_group_are_one_too_many(tmp_path: Path) -> None:
    groups = '[[access_groups]]\nname = "a"\n'
    grant = '[[grants]]\napplication = "desktop"\nuser = "alice"\ngroup = "a"\npermissions = ["read"]\n'
    assert problems(tmp_path, BOTH + groups + grant) == [("grants[1]", "must have exactly one of `user` and `group`")]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    content = """\
extra = 1
[[persons]]
user = "alice"
[[persons]]
user = "Alice"
enabled = "yes"
[[persons]]
user = "bob"
[[persons]]
user = "BOB"
[[applications]]
type = "x"
[[access_groups]]
name = "a"
members = ["carol", "alice"]
groups = ["b"]
[[access_groups]]
name = "b"
groups = ["a"]
[[grants]]
application = "desktop"
user = "alice"
group = "a"
permissions = ["fly"]
[[grants]]
application = "gax"
group = "c"
permissions = ["read"]
"""
    keys = [key for key, _ in problems(tmp_path, content)]
    assert keys == [
        "extra",
        "persons[2].enabled",
        "applications[1].name",
        "grants[1].permissions[1]",
        "grants[1]",
        "persons[4].user",
        "access_groups[1].members[1]",
        "access_groups[1].groups",
        "grants[2].application",
        "grants[2].group",
    ]


def test_a_row_with_a_mistake_is_still_known_to_the_others(tmp_path: Path) -> None:
    wrong = MINIMAL.replace('user = "alice"\n[[app', 'user = "alice"\nenabled = 1\n[[app')
    assert [key for key, _ in problems(tmp_path, wrong)] == ["persons[1].enabled"]


def groups_file(nesting: dict[str, list[str]]) -> str:
    groups = (AccessGroup(name=name, groups=tuple(inner)) for name, inner in nesting.items())
    model = PermissionModel(persons=(Person(user="alice"),), applications=(ApplicationObject(name="desktop"),), access_groups=tuple(groups))
    return as_toml(model)


def test_every_circle_is_named_from_a_group_to_what_it_contains(tmp_path: Path) -> None:
    nesting = {"agents": ["seniors"], "seniors": ["leads"], "leads": ["agents"], "x": ["y"], "y": ["x"], "free": ["agents"]}
    told = [message for _, message in problems(tmp_path, groups_file(nesting))]
    assert len(told) == 2
    for message in told:
        circle = re.findall("'(.*?)'", message)
        assert circle[0] == circle[-1]
        assert all(inner in nesting[outer] for outer, inner in itertools.pairwise(circle))
    assert {frozenset(re.findall("'(.*?)'", message)) for message in told} == {
        frozenset({"agents", "seniors", "leads"}),
        frozenset({"x", "y"}),
    }


@given(nesting=st.fixed_dictionaries({group: st.sets(st.sampled_from("abcdef"), max_size=2) for group in "abcdef"}))
def test_a_nesting_is_accepted_exactly_if_no_group_can_be_reached_from_itself(
    tmp_path_factory: pytest.TempPathFactory, nesting: dict[str, set[str]]
) -> None:
    reached = {group: set(inner) for group, inner in nesting.items()}
    for _ in nesting:
        for group in nesting:
            reached[group] |= {further for inner in reached[group] for further in reached[inner]}
    circular = any(group in inner for group, inner in reached.items())
    file = permission_file(tmp_path_factory.mktemp("nesting"), groups_file({group: sorted(inner) for group, inner in nesting.items()}))
    if circular:
        with pytest.raises(PermissionFileError):
            read_permission_file(file)
    else:
        read_permission_file(file)


def test_many_circles_end(tmp_path: Path) -> None:
    assert len(problems(tmp_path, groups_file({f"g{number}": [f"g{number}"] for number in range(100)}))) == 10


def test_nesting_may_be_deeper_than_the_stack(tmp_path: Path) -> None:
    nesting = {"g0": [], **{f"g{number}": [f"g{number - 1}"] for number in range(1, 5000)}}
    assert len(read_permission_file(permission_file(tmp_path, groups_file(nesting))).model.access_groups) == 5000


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        (b"[[persons]\n", "is no TOML", 1),
        (b'[[persons]]\nuser = "a"\nuser = "b"\n', "is no TOML", 3),
        (b'[[persons]]\nuser = "J\xfcrgen"\n', "is not UTF-8", 2),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(content: bytes, words: str, line: int, tmp_path: Path) -> None:
    file = tmp_path / "permissions.toml"
    file.write_bytes(content)
    with pytest.raises(PermissionFileError, match=words) as caught:
        read_permission_file(file)
    assert [problem.line for problem in caught.value.problems] == [line]


@pytest.mark.parametrize(("name", "words"), [("missing.toml", "No such file"), (".", "Is a directory")])
def test_what_cannot_be_read_is_told(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(PermissionFileError, match=words):
        read_permission_file(tmp_path / name)


def test_a_file_without_grants_is_warned_of(tmp_path: Path) -> None:
    file = permission_file(tmp_path, BOTH)
    assert read_permission_file(file).warnings == (f"{file}: there are no grants, so nobody may enter any application",)


def test_a_file_that_everybody_may_change_is_warned_of(tmp_path: Path) -> None:
    file = permission_file(tmp_path)
    file.chmod(0o646)
    (warning,) = read_permission_file(file).warnings
    assert "chmod o-w" in warning


@given(content=st.text())
def test_any_text_is_a_model_or_told_problems(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    file = tmp_path_factory.mktemp("any") / "permissions.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(PermissionFileError):  # no text without persons and applications is a model
        read_permission_file(file)


_VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.sampled_from(["alice", "desktop", "agents", "read", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["user", "name", "members", "grants"]), inner, max_size=3),
    max_leaves=6,
)


@given(tables=st.fixed_dictionaries({}, optional=dict.fromkeys(["persons", "applications", "access_groups", "grants"], _VALUES)))
def test_any_toml_is_a_model_or_told_problems(tmp_path_factory: pytest.TempPathFactory, tables: dict[str, object]) -> None:
    file = tmp_path_factory.mktemp("any") / "permissions.toml"
    file.write_text("\n".join(f"{table} = {inline(value)}" for table, value in tables.items()), encoding="utf-8")
    try:
        assert read_permission_file(file).model.persons
    except PermissionFileError as error:
        assert error.problems


def inline(value: object) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {inline(inner)}' for key, inner in value.items())}}}"
    return f'"{value}"' if isinstance(value, str) else str(value)
