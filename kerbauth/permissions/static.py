"""The adapter `static`: a permission file in Genesys' terms, read at start and on reload and held in memory."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError, read_options
from kerbauth.permissions.index import PermissionIndex
from kerbauth.permissions.model import PermissionModel
from kerbauth.permissions.static_file import PermissionFileError, read_permission_file
from kerbauth.ports import Answer, Question


class StaticOptions(BaseModel):
    """The adapter's options: the permission file, relative to the settings file's folder."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    file: str = Field(min_length=1)


class StaticSource:
    """Answers from a model in memory. Immutable: another model is another source."""

    asks_application: Final = True

    def __init__(self, model: PermissionModel, startup_warnings: tuple[str, ...] = ()) -> None:
        self._index = PermissionIndex(model)
        self._startup_warnings = startup_warnings

    @property
    def startup_warnings(self) -> tuple[str, ...]:
        """What was odd, though not wrong, about the file."""
        return self._startup_warnings

    async def may_enter(self, question: Question) -> Answer:
        """Answer from memory, without waiting."""
        return self._index.answer(question)

    async def problem(self) -> str:
        """What is in memory can always be asked."""
        return ""


def open_source(options: Mapping[str, object], context: AdapterContext) -> StaticSource:
    """Read the permission file; raises AdapterOptionsError with everything that is wrong with the options or the file."""
    path = context.folder / read_options(StaticOptions, options).file
    try:
        file = read_permission_file(path)
    except PermissionFileError as error:
        raise AdapterOptionsError(tuple(("file", str(problem)) for problem in error.problems)) from error
    return StaticSource(file.model, file.warnings)
