"""The how-to's adapter package is run as it stands on the page: its own tests, and installed and named in the settings."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.permissions.packages import install

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "write-a-permission-adapter.md"
_FILE = re.compile(r"^```(?:toml|python)\n# (?P<name>[\w.]+)(?:, in part)?\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)

USE_IT = """\
import asyncio, json, sys, tomllib
from pathlib import Path
from kerbauth.permissions.adapter import AdapterContext
from kerbauth.permissions.registry import open_source
from kerbauth.ports import Question

settings = Path(sys.argv[1])
options = tomllib.loads(settings.read_text())["permissions"]
source = open_source(options.pop("adapter"), options, AdapterContext(settings.parent))
answer = asyncio.run(source.may_enter(Question("ALICE", "CORP.EXAMPLE", "desktop")))
print(json.dumps([type(answer).__name__, getattr(answer, "user", None)]))
"""


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {found["name"]: found["content"] for found in _FILE.finditer(PAGE.read_text(encoding="utf-8"))}


def test_the_page_has_all_of_the_package(files: dict[str, str]) -> None:
    assert list(files) == ["pyproject.toml", "kerbauth_roster.py", "test_kerbauth_roster.py", "kerbauth.toml"]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_its_own_tests_pass(files: dict[str, str], tmp_path: Path) -> None:
    for name in ("pyproject.toml", "kerbauth_roster.py", "test_kerbauth_roster.py"):
        (tmp_path / name).write_text(files[name], encoding="utf-8")
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 25


def test_installed_and_named_it_answers(files: dict[str, str], tmp_path: Path) -> None:
    site, config = tmp_path / "site", tmp_path / "config"
    site.mkdir()
    config.mkdir()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    modules = {"kerbauth_roster.py": files["kerbauth_roster.py"]}
    install(site, project["name"], modules, project["entry-points"]["kerbauth.permissions"], project["version"])
    (config / "kerbauth.toml").write_text(files["kerbauth.toml"], encoding="utf-8")
    users = {"alice": {"enabled": True, "may": {"desktop": ["read", "execute"]}}}
    roster = {"users": users, "applications": {"desktop": {"type": None, "enabled": True}}}
    (config / "roster.json").write_text(json.dumps(roster))
    done = run(site, "-c", USE_IT, str(config / "kerbauth.toml"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["Permitted", "alice"]
