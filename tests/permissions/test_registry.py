"""Which adapter is opened: the one that is named, and no other."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.core.outcome import Application
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.permissions.none import NoPermissions
from kerbauth.permissions.registry import open_source
from kerbauth.permissions.static import StaticSource
from kerbauth.ports import PermissionSource, Permitted, Question, SourceFailed
from tests.permissions.files import permission_file
from tests.permissions.packages import install

GOOD = """\
from kerbauth.core.outcome import Application
from kerbauth.permissions.adapter import AdapterOptionsError
from kerbauth.ports import Permitted


class Source:
    asks_application = True

    def __init__(self, options, context):
        self.startup_warnings = (f"{sorted(options)} {context.folder}",)

    async def may_enter(self, question):
        return Permitted(question.user, Application(question.application, None, ("read", "execute")))

    async def problem(self):
        return ""


class Wrong(Source):
    async def may_enter(self, question):
        raise KeyError


def refusing(options, context):
    raise AdapterOptionsError((("url", "is missing"), ("secret_file", "cannot be read")))


def raising(options, context):
    raise ValueError(f"cannot connect with {options}")


def leaving(options, context):
    raise SystemExit


def nothing(options, context):
    return None


async def later(options, context):
    return Source(options, context)


class Deceiving(Source):
    @property
    def asks_application(self):
        raise RuntimeError("hunter2")


NO_FUNCTION = "no function"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(str(sys.modules[name].__file__)).is_relative_to(folder):
            del sys.modules[name]


def opened(name: str, options: dict[str, object] | None = None) -> PermissionSource:
    return open_source(name, options or {}, AdapterContext(Path("/etc/kerbauth")))


def problem(name: str, options: dict[str, object] | None = None) -> str:
    with pytest.raises(AdapterOptionsError) as caught:
        opened(name, options)
    ((key, message),) = caught.value.problems
    assert key == "adapter"
    assert "\n" not in message
    return message


def test_the_built_in_ones(tmp_path: Path) -> None:
    permission_file(tmp_path)
    assert isinstance(open_source("none", {}, AdapterContext(tmp_path)), NoPermissions)
    assert isinstance(open_source("static", {"file": "permissions.toml"}, AdapterContext(tmp_path)), StaticSource)


async def test_an_installed_one_is_found_by_its_entry_point(site: Path) -> None:
    install(site, "foreign-adapter", {"foreign_adapter.py": GOOD}, {"foreign": "foreign_adapter:Source"})
    source = opened("foreign", {"url": "x", "file": "y"})
    assert source.startup_warnings == ("['file', 'url'] /etc/kerbauth",)
    answer = await source.may_enter(Question("alice", "CORP.EXAMPLE", "desktop"))
    assert answer == Permitted("alice", Application("desktop", None, ("read", "execute")))


async def test_an_installed_one_is_held_to_the_promise(site: Path) -> None:
    install(site, "foreign-adapter", {"foreign_adapter.py": GOOD}, {"foreign": "foreign_adapter:Wrong"})
    assert isinstance(await opened("foreign").may_enter(Question("alice", "CORP.EXAMPLE", "desktop")), SourceFailed)


@pytest.mark.parametrize("name", ["Foreign", "foreign ", "foreign-adapter", "foreign_adapter", "foreign_adapter:Source", "*", ""])
def test_only_exactly_its_name_finds_it(site: Path, name: str) -> None:
    install(site, "foreign-adapter", {"foreign_adapter.py": GOOD}, {"foreign": "foreign_adapter:Source"})
    assert problem(name).endswith("known are none, static, groups, foreign")
    assert "foreign_adapter" not in sys.modules


def test_a_hostile_name_is_told_on_one_line() -> None:
    assert problem("x\ny\x1b[31m").startswith("'x y [31m' is no adapter that is built in or installed")


def test_a_built_in_name_is_never_another_packages(site: Path) -> None:
    install(site, "usurper", {"usurper.py": GOOD}, {"none": "usurper:Source", "static": "usurper:Source"})
    assert isinstance(opened("none"), NoPermissions)
    assert "known are none, static, groups" in problem("other")
    assert "usurper" not in sys.modules


def test_two_packages_that_offer_one_name_are_told(site: Path) -> None:
    for name in ("first", "second"):
        install(site, name, {f"{name}.py": GOOD}, {"foreign": f"{name}:Source"}, version="2.5")
    assert problem("foreign") == "'foreign' is offered by several installed packages (first 2.5, second 2.5); remove all but one"
    assert not {"first", "second"} & set(sys.modules)


def test_its_own_problems_are_passed_on(site: Path) -> None:
    install(site, "foreign-adapter", {"foreign_adapter.py": GOOD}, {"foreign": "foreign_adapter:refusing"})
    with pytest.raises(AdapterOptionsError) as caught:
        opened("foreign")
    assert caught.value.problems == (("url", "is missing"), ("secret_file", "cannot be read"))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("no_such_module:open", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("foreign_adapter:no_such_thing", "cannot be imported: AttributeError"),
        ("raises_at_import:open", "cannot be imported: ZeroDivisionError: division by zero"),
        ("leaves_at_import:open", "cannot be imported: SystemExit: bye"),
        ("no_python:open", "cannot be imported: SyntaxError"),
        ("foreign_adapter:NO_FUNCTION", "failed: TypeError"),
        ("foreign_adapter:raising", "failed: ValueError in line"),
        ("foreign_adapter:leaving", "failed: SystemExit in line"),
        ("foreign_adapter:Deceiving", "failed: RuntimeError in line"),
        ("foreign_adapter:nothing", "returned no permission source: `asks_application` must be true or false"),
        ("foreign_adapter:later", "returned no permission source: the factory must not be a coroutine function"),
    ],
)
def test_one_that_cannot_be_used_is_told_with_its_package(site: Path, place: str, words: str) -> None:
    modules = {
        "foreign_adapter.py": GOOD,
        "raises_at_import.py": "1 / 0",
        "leaves_at_import.py": "raise SystemExit('bye')",
        "no_python.py": "def (",
    }
    install(site, "foreign-adapter", modules, {"foreign": place})
    message = problem("foreign", {"password": "hunter2"})
    assert message.startswith(f"the adapter 'foreign' ({place} of foreign-adapter 1.0) ")
    assert words in message
    assert "hunter2" not in message


def test_unreadable_metadata_of_any_package_is_told(site: Path) -> None:
    install(site, "broken", {}, {})
    (site / "broken-1.0.dist-info" / "entry_points.txt").write_text("[kerbauth.permissions]\nno equals sign\n")
    assert problem("foreign").startswith("the installed packages' entry points cannot be read: ")


NEVER_IMPORTED = """\
import sys
from pathlib import Path
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.permissions.registry import open_source

open_source("none", {}, AdapterContext(Path()))
open_source("static", {"file": "permissions.toml"}, AdapterContext(Path(sys.argv[1])))
try:
    open_source("unknown", {}, AdapterContext(Path()))
except AdapterOptionsError as error:
    assert "present" in str(error), error
assert "present_adapter" not in sys.modules
try:
    open_source("present", {}, AdapterContext(Path()))
except AdapterOptionsError as error:
    assert "RuntimeError: was imported" in str(error), error
    sys.exit(77)
"""


def test_an_installed_one_that_is_not_named_is_never_imported(tmp_path: Path) -> None:
    """In a process of its own, so that nothing else has imported it, and with the counter-check that naming it does import it."""
    install(tmp_path, "present", {"present_adapter.py": "raise RuntimeError('was imported')"}, {"present": "present_adapter:open"})
    permission_file(tmp_path)
    command = [sys.executable, "-c", NEVER_IMPORTED, str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (77, "")
