"""The page on the permission file says what the code does, and its example is a permission file."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from kerbauth.permissions.model import PERMISSIONS, AccessGroup, ApplicationObject, Grant, PermissionModel, Person
from kerbauth.permissions.static import StaticSource
from kerbauth.permissions.static_file import TABLES, read_permission_file
from kerbauth.ports import Permitted, Question
from tests.permissions.files import permission_file

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "permission-file.md").read_text(encoding="utf-8")
KINDS: dict[str, type[BaseModel]] = {"persons": Person, "applications": ApplicationObject, "access_groups": AccessGroup, "grants": Grant}
DEFAULTS = {"required": ..., "none": None, "`true`": True, "`[]`": ()}


def rows(table: str) -> dict[str, str]:
    """The documented keys of a table, with the default of each."""
    section = PAGE.partition(f"### `[[{table}]]`")[2].partition("\n#")[0]
    return dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|", section, re.MULTILINE))


def test_every_table_has_a_section() -> None:
    assert tuple(re.findall(r"^### `\[\[(\w+)\]\]`$", PAGE, re.MULTILINE)) == TABLES == tuple(PermissionModel.model_fields)


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_there_with_its_default(table: str) -> None:
    fields = {name: ... if field.is_required() else field.default for name, field in KINDS[table].model_fields.items()}
    assert {name: DEFAULTS[default] for name, default in rows(table).items()} == fields


def test_the_permissions_are_listed_in_their_order() -> None:
    listed = PAGE.partition("that Genesys knows on an object:")[2].partition(".")[0]
    assert tuple(re.findall(r"`([\w-]+)`", listed)) == PERMISSIONS


async def test_the_example_lets_in_whom_it_should(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n# permissions.toml\n(.*?)```", PAGE, re.DOTALL)
    file = read_permission_file(permission_file(tmp_path, example))
    assert file.warnings == ()
    answer = await StaticSource(file.model).may_enter(Question("alice", "CORP.EXAMPLE", "desktop"))
    assert isinstance(answer, Permitted)
