from pathlib import Path

import pytest

from kerbauth.settings import Problem
from kerbauth.settings.map_file import MapFile, read_map_file
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read

NAMES = '[realms."CORP.EXAMPLE".names]\nmap_file = "users.csv"\n'


def mapped(folder: Path, content: str | bytes) -> MapFile:
    found = read_map_file(written(folder, content))
    assert isinstance(found, MapFile)
    return found


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "users.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_has_a_header_and_a_line_for_each_exception(tmp_path: Path) -> None:
    assert mapped(tmp_path, "principal,user\na.smith,asmith2\nbob,robert\n").entries == {"a.smith": "asmith2", "bob": "robert"}


@pytest.mark.parametrize(
    "content",
    [
        "principal,user\r\na,b\r\n",
        "principal,user\na,b",
        "\ufeffprincipal,user\na,b\n",
        '"principal","user"\n"a","b"\n',
        "principal,user\n\n\na,b\n\n",
    ],
)
def test_line_ends_quotes_a_byte_order_mark_and_blank_lines_do_not_matter(tmp_path: Path, content: str) -> None:
    assert mapped(tmp_path, content).entries == {"a": "b"}


def test_a_quoted_name_may_hold_a_comma(tmp_path: Path) -> None:
    assert mapped(tmp_path, 'principal,user\n"miller, jo",jm\n').entries == {"miller, jo": "jm"}


def test_each_name_is_remembered_with_its_line(tmp_path: Path) -> None:
    assert mapped(tmp_path, "principal,user\na,x\n\nb,y\n").lines == {"a": 2, "b": 4}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("", None, "holds no entries"),
        ("principal,user\n", None, "holds no entries"),
        ("\nprincipal,user\na,b\n", 1, "the first line must be exactly: principal,user"),
        ("user,principal\na,b\n", 1, "the first line must be exactly: principal,user"),
        ("principal;user\na,b\n", 1, "the first line must be exactly: principal,user"),
        ("principal,user\na\n", 2, "has 1 fields"),
        ("principal,user\na,b,c\n", 2, "has 3 fields"),
        ("principal,user\na,\n", 2, "a name is empty"),
        ("principal,user\na, b\n", 2, "has blanks around it"),
        ("principal,user\na,b\x07\n", 2, "holds a control character"),
        ('principal,user\n"a\nb",c\n', 2, "holds a control character"),
        ("principal,user\na,x\nb,y\na,z\n", 4, "the name 'a' is on line 2 already"),
        ('principal,user\n"a"b,c\n', 2, "is no comma-separated line"),
        ('principal,user\na,b\n"c,d\n', 3, "is no comma-separated line"),
        (b"principal,user\na,\xff\n", 2, "is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_the_line(tmp_path: Path, content: str | bytes, line: int | None, message: str) -> None:
    found = read_map_file(written(tmp_path, content))
    assert not isinstance(found, MapFile)
    (problem,) = found
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line, message in problem.message) == (str(tmp_path / "users.csv"), line, True)


def test_every_wrong_line_is_told(tmp_path: Path) -> None:
    found = read_map_file(written(tmp_path, "principal,user\na\nb\nc,d\n"))
    assert not isinstance(found, MapFile)
    assert [problem.line for problem in found if isinstance(problem, Problem)] == [2, 3]


def test_the_file_adds_to_the_exceptions_in_the_settings(tmp_path: Path) -> None:
    written(tmp_path, "principal,user\na,x\n")
    settings = read(tmp_path, REALM, PERMISSIONS, f"{NAMES}map = {{ b = 'y' }}")
    assert settings.realms["CORP.EXAMPLE"].names.exceptions == {"b": "y", "a": "x"}


def test_a_file_that_is_not_there_is_a_problem_of_the_setting(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, NAMES)
    assert (problem.key, "users.csv cannot be read: No such file" in problem.message) == ('realms."CORP.EXAMPLE".names.map_file', True)


@pytest.mark.parametrize(("value", "message"), [("3", "is a whole number; expected the path"), ("''", "is empty; expected the path")])
def test_a_path_that_is_none_is_a_problem_of_the_setting(tmp_path: Path, value: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, NAMES.replace('"users.csv"', value))
    assert (problem.key, message in problem.message) == ('realms."CORP.EXAMPLE".names.map_file', True)


def test_a_name_both_in_the_file_and_in_the_settings_is_told_with_its_line(tmp_path: Path) -> None:
    written(tmp_path, "principal,user\na,x\nb,y\n")
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"{NAMES}map = {{ b = 'z' }}")
    assert (problem.file, problem.line) == (str(tmp_path / "users.csv"), 3)
    assert problem.message == "the name 'b' is in `map` too; remove one of the two"


def test_a_name_that_never_logs_in_is_told_with_its_line(tmp_path: Path) -> None:
    written(tmp_path, "principal,user\na,x\nalice/admin,y\nhost$,z\n")
    found = problems(tmp_path, REALM, PERMISSIONS, NAMES)
    assert [problem.line for problem in found] == [3, 4]
    assert "never logs in" in found[0].message


def test_names_that_are_the_same_once_folded_are_a_problem(tmp_path: Path) -> None:
    written(tmp_path, "principal,user\nAlice,x\n")
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"{NAMES}case = 'lower'\nmap = {{ alice = 'y' }}")
    assert (problem.key, "is there twice" in problem.message) == ('realms."CORP.EXAMPLE".names', True)
