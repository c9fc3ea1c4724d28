from pathlib import Path

import pytest

from kerbauth.core.codes.model import Code, Family
from kerbauth.core.problem import Problem
from kerbauth.core.reasons import Reason
from kerbauth.texts.overrides import read_folder, read_overrides

PREAUTH_FAILED = Code(Family.KRB5, -1765328360)


def written(folder: Path, content: str | bytes, name: str = "en.toml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only_problem(folder: Path, content: str | bytes) -> Problem:
    _, (problem,) = read_overrides(written(folder, content))
    assert problem.file == str(folder / "en.toml")
    return problem


@pytest.mark.parametrize("key", ["account-locked", '"account-locked"', "'account-locked'", '"account\\u002Dlocked"'])
def test_a_reason_may_be_quoted(tmp_path: Path, key: str) -> None:
    own, problems = read_overrides(written(tmp_path, f'{key} = "Locked."'))
    assert (dict(own.reasons), dict(own.codes), problems) == ({Reason.ACCOUNT_LOCKED: "Locked."}, {}, ())


@pytest.mark.parametrize("key", ["KDC_ERR_PREAUTH_FAILED", "kdc_err_preauth_failed", '"krb5:24"', '"krb5:-1765328360"', "-1765328360"])
def test_a_code_may_be_named_or_numbered(tmp_path: Path, key: str) -> None:
    own, problems = read_overrides(written(tmp_path, f'{key} = "Wrong."'))
    assert (dict(own.codes), problems) == ({PREAUTH_FAILED: "Wrong."}, ())


def test_an_ntstatus_is_a_code(tmp_path: Path) -> None:
    own, _ = read_overrides(written(tmp_path, '"ntstatus:0xC0000072" = "Off."'))
    assert dict(own.codes) == {Code(Family.NTSTATUS, 0xC0000072): "Off."}


@pytest.mark.parametrize(
    ("content", "key", "line", "message"),
    [
        ('account-lokced = "x"', "account-lokced", 1, "is neither a reason"),
        ('\n# note\n"krb5:99999" = "x"', "krb5:99999", 3, "is neither a reason"),
        ('"" = "x"', "", 1, "is neither a reason"),
        ('24 = "x"', "24", 1, 'can mean several codes; write the one that is meant: "krb5:-1765328360" (KDC_ERR_PREAUTH_FAILED)'),
        ("account-locked = 3", "account-locked", 1, "is not a text in quotes"),
        ("account-locked = ['x']", "account-locked", 1, "is not a text in quotes"),
        ("\n[account-locked]\nx = 'y'", "account-locked", 2, "is not a text in quotes"),
        ("account-locked.en = 'y'", "account-locked", 1, "is not a text in quotes"),
        ('account-locked = ""', "account-locked", 1, "is empty"),
        ('account-locked = " "', "account-locked", 1, "is empty"),
        ('account-locked = "a\\u0000"', "account-locked", 1, "holds a control character"),
        ('account-locked = "a\\u202Eb"', "account-locked", 1, "holds a control character"),
        ('x-y = "1"\naccount-locked = """\na\nb"""'.replace("x-y", "internal"), "account-locked", 2, "must be one line"),
        (f'account-locked = "{"x" * 501}"', "account-locked", 1, "has 501 characters; expected at most 500"),
        ('"krb5:24" = "a"\nKDC_ERR_PREAUTH_FAILED = "b"', "KDC_ERR_PREAUTH_FAILED", 2, "is another name for 'krb5:24'"),
    ],
)
def test_what_is_wrong_is_told_with_key_and_line(tmp_path: Path, content: str, key: str, line: int, message: str) -> None:
    problem = only_problem(tmp_path, content)
    assert (problem.key, problem.line) == (key, line)
    assert message in problem.message


def test_lines_inside_a_text_that_look_like_keys_are_none(tmp_path: Path) -> None:
    _, problems = read_overrides(written(tmp_path, "internal = '''\n\"\\q\" = 1\n'''\naudit = 3\n"))
    assert [(problem.key, problem.line) for problem in problems] == [("internal", 1), ("audit", 4)]


def test_every_problem_of_a_file_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    own, problems = read_overrides(written(tmp_path, 'audit = 1\nkeytab = "Fine."\nnonsense = "x"\n'))
    assert [problem.line for problem in problems] == [1, 3]
    assert dict(own.reasons) == {Reason.KEYTAB: "Fine."}


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        ("account-locked = \n", 1, 18, "is no TOML: Invalid value"),
        ("\naccount-locked", 2, 15, "is no TOML: Expected '='"),
        ('audit = "a"\naudit = "b"', 2, 12, "is no TOML: Cannot overwrite a value"),
        ("a = " + "9" * 5000, None, None, "is no TOML that can be read"),
        ("a = " + "[" * 100_000, None, None, "is no TOML that can be read"),
        (b'account-locked = "a"\naudit = "\xff"', 2, None, "is not UTF-8"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(
    tmp_path: Path, content: str | bytes, line: int | None, column: int | None, message: str
) -> None:
    problem = only_problem(tmp_path, content)
    assert (problem.line, problem.column, message in problem.message) == (line, column, True)


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "en.toml").mkdir()
    _, (problem,) = read_folder(tmp_path, ["en"])
    assert (problem.file, problem.message) == (str(tmp_path / "en.toml"), "cannot be read: Is a directory")


def test_a_folder_has_a_file_for_each_language(tmp_path: Path) -> None:
    written(tmp_path, 'audit = "English."')
    written(tmp_path, 'audit = "Deutsch."', "de.toml")
    found, problems = read_folder(tmp_path, ["de", "en"])
    assert ({language: own.reasons[Reason.AUDIT] for language, own in found.items()}, problems) == (
        {"de": "Deutsch.", "en": "English."},
        (),
    )


@pytest.mark.parametrize("name", ["en.toml~", "en.toml.bak", "README.md", ".en.toml.swp"])
def test_other_files_in_the_folder_are_left_alone(tmp_path: Path, name: str) -> None:
    written(tmp_path, "nonsense", name)
    assert read_folder(tmp_path, ["en"]) == ({}, ())


def test_a_file_of_a_language_that_is_not_offered_is_a_problem(tmp_path: Path) -> None:
    written(tmp_path, 'audit = "x"', "fr.toml")
    _, (problem,) = read_folder(tmp_path, ["en", "de"])
    assert problem.message == "is named after no language that is offered; expected one of en.toml, de.toml"


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    _, (problem,) = read_folder(tmp_path / "none", ["en"])
    assert "cannot be read: No such file" in problem.message
