"""Permission files for tests."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from kerbauth.permissions.model import PermissionModel

MINIMAL = """\
[[persons]]
user = "alice"
[[applications]]
name = "desktop"
type = "agent-desktop"
[[grants]]
application = "desktop"
user = "alice"
permissions = ["read", "execute"]
"""


def permission_file(folder: Path, content: str = MINIMAL) -> Path:
    path = folder / "permissions.toml"
    path.write_text(content, encoding="utf-8")
    return path


def as_toml(model: PermissionModel) -> str:
    """The model as a permission file."""
    return "\n".join(
        line for table, rows in model.model_dump(exclude_none=True).items() for row in rows for line in (f"[[{table}]]", *_pairs(row))
    )


def _pairs(row: Mapping[str, object]) -> Iterable[str]:
    # JSON's strings, lists and booleans are TOML's, as long as no name holds DEL or a lone surrogate, and none may.
    return (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in row.items())
