"""The adapter `none`: no permission question is asked.

For sites where something else decides what a proved user may do: Configuration Server itself, or the application.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from kerbauth.permissions.adapter import AdapterContext, read_options
from kerbauth.ports import Answer, Permitted, Question

WARNING: Final = (
    "permission adapter 'none': everybody whom a configured realm's KDC vouches for and who has a user name is let in; "
    "no person, application or grant is looked at"
)


class _NoOptions(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class NoPermissions:
    """Says yes to everybody who was proved and mapped. It knows no application, so its answers carry none.

    Deliberately not under the PermissionSource's promise of Read and Execute; the name of the adapter is the choice.
    """

    asks_application: Final = False
    startup_warnings: Final = (WARNING,)

    async def may_enter(self, question: Question) -> Answer:
        """Permitted, under the very name that was asked about."""
        return Permitted(question.user, None)

    async def problem(self) -> str:
        """There is nothing that could fail."""
        return ""


def open_source(options: Mapping[str, object], context: AdapterContext) -> NoPermissions:  # noqa: ARG001 -- the factory's shape
    """Open the adapter; it has no options."""
    read_options(_NoOptions, options)
    return NoPermissions()
