"""The pages hold together: links lead somewhere, TOML can be read, every page is in the index, named tests are there."""

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from kerbauth.service.changes import NEEDS_RESTART
from kerbauth.settings import SettingsError, load

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
ALL_PAGES = [*PAGES, *(page for page in (ROOT / "README.md", ROOT / "keytabs" / "README.md") if page.exists())]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)
_TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<name>\w+)`")
_REALM = 'kind = "mit"\nkeytab = "k"\nservice = "HTTP/sso.corp.example"\n'
_SOMEBODYS_MACHINE = re.compile(r"(?<![\w.])(?:/(?:home|root|Users)/|[A-Z]:\\Users\\)|" + re.escape(str(ROOT)))


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[str]:
    for found in _LINK.finditer(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not found["target"].startswith(("https://", "http://", "mailto:")):
            yield found["target"]


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them: lower case, punctuation away, blanks to hyphens."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ALL_PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", ALL_PAGES, ids=named)
def test_every_toml_block_can_be_read(page: Path) -> None:
    broken = []
    for fence in _FENCE.finditer(page.read_text(encoding="utf-8")):
        if fence["language"] == "toml":
            try:
                tomllib.loads(fence["body"])
            except tomllib.TOMLDecodeError as error:
                broken.append(f"{error}: {fence['body'][:80]}")
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_realm_in_a_toml_block_is_accepted_or_marked_as_refused(page: Path, tmp_path: Path) -> None:
    """Blocks may leave out what is beside their point: it is filled in here."""
    file = tmp_path / "kerbauth.toml"
    for fence in _FENCE.finditer(page.read_text(encoding="utf-8")):
        body = textwrap.dedent(fence["body"])
        realms = tomllib.loads(body).get("realms", {}) if fence["language"] == "toml" else {}
        if not realms:
            continue
        rest = [f'[realms."{name}"]\n{_REALM}' for name, realm in realms.items() if "kind" not in realm]
        rest += [] if "permissions" in tomllib.loads(body) else ['[permissions]\nadapter = "none"\n']
        file.write_text("\n".join([body, *rest]), encoding="utf-8")
        with pytest.raises(SettingsError) if body.startswith("# refused") else nullcontext():
            load(file, {})


def test_every_page_is_in_the_index() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    assert [named(page) for page in PAGES if page != index and page.resolve() not in linked] == []


@pytest.mark.parametrize("page", ALL_PAGES, ids=named)
def test_no_path_of_somebodys_machine(page: Path) -> None:
    assert _SOMEBODYS_MACHINE.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", ["acceptance-scenarios.md", "threat-model.md"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    found = list(_TEST.finditer((DOCS / "explanation" / page).read_text(encoding="utf-8")))
    missing = [test[0] for test in found if test["name"] not in functions(ROOT / test["file"])]
    assert found
    assert missing == []


# Files of which every test is about the threat that names them.
WHOLE_SUITES = {
    "tests/contracts/test_audit_sinks.py",
    "tests/core/test_names.py",
    "tests/deploy/test_systemd_units.py",
    "tests/kdc/test_keytab.py",
    "tests/kdc/test_runtime.py",
    "tests/observe/test_flood.py",
    "tests/observe/test_logs.py",
    "tests/settings/test_secret_files.py",
}


def test_every_threat_has_a_test_or_a_benchmark() -> None:
    rows = [line for line in (DOCS / "explanation" / "threat-model.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    threats = [row for row in rows if not row.startswith("| threat |")]
    files = {name for row in threats for name in re.findall(r"`((?:tests|bench)/[\w/]+\.py)", row)}
    assert [row for row in threats if not re.search(r"`(?:tests|bench)/[\w/]+\.py", row)] == []
    bare = {name for row in threats for name in re.findall(r"`(tests/[\w/]+\.py)`", row)}
    assert bare <= WHOLE_SUITES, "name the test"
    assert [name for name in files if not (ROOT / name).exists()] == []


def functions(file: Path) -> set[str]:
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_on_reloads_names_what_needs_a_restart() -> None:
    page = (DOCS / "how-to" / "reload.md").read_text(encoding="utf-8")
    assert [name for name in NEEDS_RESTART if f"`{name}`" not in page] == []
