from pathlib import Path

import pytest
from pydantic import ValidationError

from kerbauth.settings import Problem, SettingsError, load
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read


def test_the_smallest_file_is_taken(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM, PERMISSIONS)
    assert (settings.server.listen, settings.messages.default, list(settings.realms)) == ("127.0.0.1:8080", "en", ["CORP.EXAMPLE"])


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM, PERMISSIONS)
    assert settings.realms["CORP.EXAMPLE"].keytab == tmp_path / "corp.keytab"
    assert settings.audit.file == tmp_path / "audit.jsonl"
    assert settings.permissions.base == tmp_path


def test_relative_paths_start_at_the_folder_of_a_link_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.toml").write_text(REALM + PERMISSIONS, encoding="utf-8")
    (tmp_path / "link.toml").symlink_to(tmp_path / "elsewhere" / "real.toml")
    assert load(tmp_path / "link.toml", {}).audit.file == tmp_path / "audit.jsonl"


def test_a_relative_name_of_the_file_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(tmp_path, REALM, PERMISSIONS)
    monkeypatch.chdir(tmp_path)
    assert load(Path("kerbauth.toml"), {}).audit.file == tmp_path / "audit.jsonl"


def test_absolute_paths_are_kept(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM.replace('"corp.keytab"', '"/etc/corp.keytab"'), PERMISSIONS)
    assert settings.realms["CORP.EXAMPLE"].keytab == Path("/etc/corp.keytab")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM, PERMISSIONS)
    with pytest.raises(ValidationError):
        settings.server.listen = "0.0.0.0:80"  # type: ignore[misc]  # that it cannot be changed is what is tested
    with pytest.raises(TypeError):
        settings.realms["OTHER"] = settings.realms["CORP.EXAMPLE"]  # type: ignore[index]  # that it cannot be changed is what is tested


def test_all_problems_of_all_tables_are_told_together(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[server]\nlisten = "nowhere"\nlog_level = 3',
        REALM.replace('kind = "mit"', 'kind = "heimdal"') + "deadline = -1.0",
        '[clients.gax]\ndisclosure = "full"',
        '[messages]\ndefault = "de"',
        "[audit]\nfile = 3",
    )
    assert [problem.key for problem in found] == [
        "server.listen",
        "server.log_level",
        'realms."CORP.EXAMPLE".kind',
        'realms."CORP.EXAMPLE".deadline',
        "permissions",
        "messages.default",
        "clients.gax",
        "audit.file",
    ]


def test_a_problem_reads_as_one_line_with_file_key_and_sentence(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, '[server]\nlog_level = "loud"')
    assert str(problem) == (
        f"{tmp_path}/kerbauth.toml: server.log_level: is none of the words that are known here; expected debug | info | warning | error"
    )


def test_the_error_reads_as_its_problems_one_to_a_line() -> None:
    error = SettingsError([Problem("a.toml", "b", "is wrong"), Problem("c.csv", "", "is wrong too", 3, 4)])
    assert str(error) == "a.toml: b: is wrong\nc.csv:3:4: is wrong too"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("[server]\nlisten_on = 'x'", "did you mean `listen`?"),
        ("[server]\nq = 1", "known here are `tls_certificate`, `tls_key`"),
        ("[radius]", "known here are `server`, `realms`, `permissions`"),
        ("[message]", "did you mean `messages`?"),
    ],
)
def test_an_unknown_setting_is_refused_with_a_hint(tmp_path: Path, key: str, hint: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, key)
    assert problem.message.startswith("is no setting; ")
    assert hint in problem.message


def test_an_unknown_setting_of_a_realm_is_hinted_at_by_the_settings_of_realms(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, 'keytabs = "x"', PERMISSIONS)
    assert (problem.key, problem.message) == ('realms."CORP.EXAMPLE".keytabs', "is no setting; did you mean `keytab`?")


def test_an_unknown_setting_of_a_rule_is_hinted_at_by_the_settings_of_rules(tmp_path: Path) -> None:
    problem = only_problem(
        tmp_path, REALM, PERMISSIONS, "[realms.'CORP.EXAMPLE'.names]\notherwise = 'name'\nrules = [{ principle = 'x', refuse = true }]"
    )
    assert problem.key == 'realms."CORP.EXAMPLE".names.rules[1].principle'
    assert problem.message == "is no setting; did you mean `principal`?"


@pytest.mark.parametrize(
    ("piece", "key", "message"),
    [
        ("server = 3", "server", "is a whole number; expected a table"),
        ("server = []", "server", "is a list; expected a table"),
        ("messages = 1.5", "messages", "is a number; expected a table"),
        ("clients = true", "clients", "is true or false; expected a table"),
        ("clients = { a = 1979-05-27 }", "clients.a", "is a date or time; expected a table"),
        ('[server]\ninsecure_http = "yes"', "server.insecure_http", "is text; expected true or false"),
        ("[server]\nlisten = 8080", "server.listen", "is a whole number; expected text"),
        ("[server]\nruntime_directory = {}", "server.runtime_directory", "is a table; expected a path, as text"),
        ('[messages]\nlanguages = "en"', "messages.languages", "is text; expected a list"),
        ("[messages]\nlanguages = ['en', 3]", "messages.languages[2]", "is a whole number; expected text"),
    ],
)
def test_a_value_of_another_type_is_refused_and_never_converted(tmp_path: Path, piece: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, piece, REALM, PERMISSIONS)
    assert (problem.key, problem.message) == (key, message)


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (b"[server]\nlisten = \n", 2, 10, "Invalid value"),
        (b"[server", 1, 8, "Expected ']' at the end of a table declaration"),
        (b"[server]\nlisten = '1'\nlisten = '2'\n", 3, 13, "Cannot overwrite a value"),
        (b'[server]\n x = "\xff"', 2, 7, "is not UTF-8"),
        (b"x = " + b"9" * 5000, None, None, "too many digits"),
        (b"x = " + b"[" * 100_000, None, None, "too deeply"),
    ],
)
def test_what_is_no_toml_is_one_problem_with_its_place(
    tmp_path: Path, content: bytes, line: int | None, column: int | None, message: str
) -> None:
    path = tmp_path / "kerbauth.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == (str(path), line, column)
    assert message in problem.message


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        load(tmp_path / "none.toml", {})


def test_no_message_repeats_a_secret_that_stands_in_the_wrong_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(
            tmp_path,
            '[server]\nlisten = "hunter2"\nlog_level = "hunter2"\npassword = "hunter2"\nruntime_directory = ["hunter2"]',
            REALM.replace('"HTTP/sso.corp.example"', '"hunter2"') + 'kdcs = ["hunter2 "]\ndeadline = "hunter2"',
            '[clients.a]\ntoken = "hunter2"\ntoken_file = "hunter2"\ndisclosure = "hunter2"',
        )
    assert len(caught.value.problems) == 11
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_missing_permission_table_is_a_problem_with_an_example(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM)
    assert problem.key == "permissions"
    assert 'adapter = "static" and file = "permissions.toml"' in problem.message


def test_a_missing_realm_table_is_a_problem_with_an_example(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, PERMISSIONS)
    assert (problem.key, '[realms."CORP.EXAMPLE"]' in problem.message) == ("realms", True)


def test_a_realm_table_with_no_realm_in_it_is_a_problem(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, PERMISSIONS, "[realms]")
    assert (problem.key, "name no realm" in problem.message) == ("realms", True)
