"""Configuration files for tests: a whole one that works, and pieces to put in their place."""

from collections.abc import Mapping
from pathlib import Path

from kerbauth.settings import Problem, Settings, SettingsError, load

SERVER = ""
REALM = """
[realms."CORP.EXAMPLE"]
kind = "mit"
keytab = "corp.keytab"
service = "HTTP/sso.corp.example"
"""
PERMISSIONS = """
[permissions]
adapter = "static"
file = "permissions.toml"
"""
TOKEN = "0123456789abcdef0123456789abcdef"


def read(folder: Path, *pieces: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file made of these pieces."""
    path = folder / "kerbauth.toml"
    path.write_text("\n".join(pieces), encoding="utf-8")
    return load(path, environ or {})


def problems(folder: Path, *pieces: str, environ: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """The problems of a file made of these pieces; fails if it has none."""
    try:
        read(folder, *pieces, environ=environ)
    except SettingsError as error:
        return error.problems
    raise AssertionError("the file was taken")


def only_problem(folder: Path, *pieces: str, environ: Mapping[str, str] | None = None) -> Problem:
    """The one problem of a file made of these pieces."""
    (problem,) = problems(folder, *pieces, environ=environ)
    return problem


def token_file(folder: Path, name: str, content: str = TOKEN + "\n", mode: int = 0o600) -> Path:
    """A client's token in a file."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path
