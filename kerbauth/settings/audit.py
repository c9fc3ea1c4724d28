"""The table `[audit]`."""

import os
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from kerbauth.settings.fields import FilePath, Seconds, Table
from kerbauth.settings.findings import one, reading
from kerbauth.settings.secret_files import SecretFileError, read_key_file

STANDARD_OUTPUT: Final = Path("-")
"""The value of `audit.file` that stands for standard output."""

ROTATE_MINIMUM: Final = 65536  # bytes: less is some hundred logins, and more files than anybody looks through


class AuditSettings(Table):
    """`[audit]`: the record of every attempt."""

    file: FilePath = Field(
        Path("audit.jsonl"),
        validate_default=True,
        description="One JSON line per attempt is added to this file, whose folder must exist and be writable; - is standard output.",
    )
    key_file: FilePath | None = Field(
        None,
        validate_default=True,
        description="The file with the secret behind the chain of the lines and the hashes of unknown names; made if it is not there. "
        "Left out: audit.key beside the audit file; with standard output, a key that is forgotten when the service ends.",
    )
    sync: bool = Field(
        True,
        description="true: a login is answered once its line is on stable storage (fdatasync). false: once the operating system has it, "
        "which survives the end of the service and not a power failure.",
    )
    rotate_bytes: Annotated[int, Field(ge=0)] = Field(
        0,
        description=f"A new file is begun once the file has this many bytes, at least {ROTATE_MINIMUM}; 0: never, for logrotate or none.",
    )
    rotate_keep: Annotated[int, Field(ge=1)] = Field(
        100,
        description="With `rotate_bytes`: how many earlier files (FILE.1, FILE.2, …) are kept. The oldest beyond that are deleted.",
    )
    anchor_seconds: Seconds = Field(
        300.0,
        description="How often an anchor is written while there are new lines: a line that also goes to the log, so that a rewritten "
        "file shows.",
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

    @field_validator("key_file")
    @classmethod
    def _key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        file = info.data.get("file")
        key = value
        if key is None and file not in {None, STANDARD_OUTPUT}:
            key = file.with_name("audit.key")
        if key is None:
            return None
        if not key.parent.is_dir():
            msg = f"the folder {key.parent} is not there; create it, or correct the path"
            raise one(msg)
        if key == file or key.is_dir():
            msg = "names the audit file itself, or a folder; expected a file of its own, which need not exist yet"
            raise one(msg)
        if os.path.lexists(key):
            try:
                read_key_file(key, reading(info).environ)
            except SecretFileError as error:
                raise one(str(error)) from None
        return key

    @field_validator("rotate_bytes")
    @classmethod
    def _worth_it(cls, value: int, info: ValidationInfo) -> int:
        if 0 < value < ROTATE_MINIMUM:
            msg = f"is less than {ROTATE_MINIMUM} bytes; give the files a size worth keeping, or 0 for none"
            raise one(msg)
        if value and info.data.get("file") == STANDARD_OUTPUT:
            msg = "cannot be with standard output, which is no file; remove one of the two"
            raise one(msg)
        return value
