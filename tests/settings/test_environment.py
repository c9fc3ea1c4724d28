from pathlib import Path

import pytest

from kerbauth.settings import LogLevel
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, '[server]\nlisten = "127.0.0.1:1"', REALM, PERMISSIONS, environ={"KERBAUTH__SERVER__LISTEN": "127.0.0.1:2"})
    assert settings.server.listen == "127.0.0.1:2"


def test_a_variable_leaves_its_table_s_other_settings_alone(tmp_path: Path) -> None:
    settings = read(tmp_path, '[server]\nlog_level = "error"', REALM, PERMISSIONS, environ={"KERBAUTH__SERVER__LISTEN": "127.0.0.1:2"})
    assert settings.server.log_level is LogLevel.ERROR


def test_every_sort_of_value_can_be_set(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        REALM,
        environ={
            "KERBAUTH__SERVER__LISTEN": "0.0.0.0:80",
            "KERBAUTH__SERVER__INSECURE_HTTP": "true",
            "KERBAUTH__SERVER__LOG_LEVEL": "warning",
            "KERBAUTH__SERVER__RUNTIME_DIRECTORY": "run",
            "KERBAUTH__PERMISSIONS__ADAPTER": "static",
            "KERBAUTH__AUDIT__FILE": "-",
            "KERBAUTH__MESSAGES__DEFAULT": "en",
            "PATH": "/bin",
            "KERBAUTH_OTHER": "x",
        },
    )
    assert (settings.server.insecure_http, settings.server.log_level) == (True, LogLevel.WARNING)
    assert (settings.server.runtime_directory, settings.audit.file) == (tmp_path / "run", Path("-"))
    assert settings.permissions.adapter == "static"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True),
        ("false", False),
        ("7", 7),
        ("-7", -7),
        ("1.5", 1.5),
        ("007", "007"),
        ("9" * 5000, "9" * 5000),
        ("1e3", "1e3"),
        ("True", "True"),
        ("", ""),
        ("permissions.toml", "permissions.toml"),
    ],
)
def test_an_adapter_s_own_setting_is_a_number_or_a_switch_if_it_reads_as_one(tmp_path: Path, value: str, expected: object) -> None:
    settings = read(tmp_path, REALM, PERMISSIONS, environ={"KERBAUTH__PERMISSIONS__SOME_THING": value})
    found = settings.permissions.options["some_thing"]
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("KERBAUTH__SERVER__LISTN", "is no setting; did you mean `KERBAUTH__SERVER__LISTEN`?"),
        ("KERBAUTH__SERVER", "is no setting"),
        ("KERBAUTH__", "is no setting; known are `KERBAUTH__SERVER__TLS_CERTIFICATE`"),
        ("KERBAUTH__LISTEN", "is no setting"),
        ("KERBAUTH__server__listen", "is no setting"),
        ("KERBAUTH__SERVER__LISTEN__PORT", "is no setting"),
        ("KERBAUTH__PERMISSIONS__", "is no setting"),
        ("KERBAUTH__PERMISSIONS__A__B", "is no setting"),
        ("KERBAUTH__MESSAGES__LANGUAGES", "is no single value, and can only stand in the file"),
        ("KERBAUTH__REALMS__X__KEYTAB", "tables of realms can only stand in the file"),
        ("KERBAUTH__CLIENTS__X__TOKEN_FILE", "tables of clients can only stand in the file"),
    ],
)
def test_a_variable_that_is_no_setting_is_a_problem(tmp_path: Path, name: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, environ={name: "x"})
    assert (problem.file, problem.key) == ("environment", name)
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("KERBAUTH__SERVER__INSECURE_HTTP", "yes", "is text; expected true or false"),
        ("KERBAUTH__SERVER__INSECURE_HTTP", "1", "is a whole number; expected true or false"),
        ("KERBAUTH__SERVER__LISTEN", "0.0.0.0:80", "is an address that other machines reach"),
        ("KERBAUTH__SERVER__LOG_LEVEL", "", "is none of the words that are known here"),
        ("KERBAUTH__AUDIT__FILE", "", "is empty"),
        ("KERBAUTH__MESSAGES__DEFAULT", "de", "is not one of `languages`"),
    ],
)
def test_a_variable_with_a_wrong_value_is_the_one_that_is_named(tmp_path: Path, name: str, value: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, environ={name: value})
    assert (problem.file, problem.key) == ("environment", name)
    assert problem.message.startswith(message)


def test_problems_of_variables_and_of_the_file_are_told_together(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM, environ={"KERBAUTH__X__Y": "1", "KERBAUTH__SERVER__LISTEN": "x"})
    assert [problem.key for problem in found] == ["KERBAUTH__X__Y", "KERBAUTH__SERVER__LISTEN", "permissions"]


def test_a_variable_for_a_table_that_is_none_does_not_hide_that(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "server = 3", REALM, PERMISSIONS, environ={"KERBAUTH__SERVER__LISTEN": "127.0.0.1:80"})
    assert (problem.key, problem.message) == ("server", "is a whole number; expected a table")
