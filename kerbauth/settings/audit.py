"""The table `[audit]`."""

from pathlib import Path
from typing import Final

from pydantic import Field, ValidationInfo, field_validator

from kerbauth.settings.fields import FilePath, Table
from kerbauth.settings.findings import one, reading

STANDARD_OUTPUT: Final = Path("-")
"""The value of `audit.file` that stands for standard output."""


class AuditSettings(Table):
    """`[audit]`: the record of every attempt."""

    file: FilePath = Field(
        Path("audit.jsonl"),
        validate_default=True,
        description="One JSON line per attempt is added to this file, whose folder must exist; - is standard output.",
    )

    @field_validator("file")
    @classmethod
    def _place(cls, value: Path, info: ValidationInfo) -> Path:
        if value == reading(info).folder / STANDARD_OUTPUT:
            return STANDARD_OUTPUT
        if not value.parent.is_dir():
            msg = f"the folder {value.parent} is not there; create it, or correct the path"
            raise one(msg)
        if value.is_dir():
            msg = "is a folder; expected a file, which need not exist yet, or - for standard output"
            raise one(msg)
        return value
