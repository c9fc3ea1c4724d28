"""The part of Genesys' model that decides whether a person may enter an application.

Persons, Application objects, Access Groups, and grants of permissions on an Application object to a Person or an Access Group.
The values are strict and frozen; whether they fit together is `consistency.py`'s question.
"""

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from kerbauth.core.text import has_control, nfc

NAME_LIMIT: Final = 255
"""Characters of a name: the length Genesys allows a User Name."""

Permission = Literal["read", "execute", "create", "change", "delete", "propagate", "read-permissions", "change-permissions"]

PERMISSIONS: Final[tuple[str, ...]] = get_args(Permission)
"""Genesys' permissions on an object, in the order in which they are listed. To log in, a person needs the first two."""

NEEDED: Final = frozenset({"read", "execute"})


def _name(value: str) -> str:
    # Counted in composed form, as the names are that come from the mapping; a file may hold decomposed letters.
    length = len(nfc(value))
    if length > NAME_LIMIT:
        raise PydanticCustomError("name", "has {length} characters; a Genesys name has at most 255", {"length": length})
    if not value or has_control(value) or value != value.strip():
        raise PydanticCustomError("name", "is empty, has blanks around it or holds a control or invisible character")
    return value


def some(value: tuple[Permission, ...]) -> tuple[Permission, ...]:
    """A grant of nothing is a mistake. Raises PydanticCustomError."""
    if not value:
        raise PydanticCustomError("nothing", "is an empty list; name the permissions, or remove the grant")
    return value


Name = Annotated[str, AfterValidator(_name)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]  # not strict, because TOML has lists and no tuples


class Row(BaseModel):
    """One entry of a table: strict, and with no keys but its own."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Person(Row):
    """A user. Without a tenant the person is found whatever tenant a question names."""

    user: Name
    external_id: str | None = None
    tenant: Name | None = None
    enabled: bool = True


class ApplicationObject(Row):
    """An Application object. Without a tenant it belongs to all of them."""

    name: Name
    type: Name | None = None
    tenant: Name | None = None
    enabled: bool = True


class AccessGroup(Row):
    """A group of persons. `groups` are the groups whose members are members of this one too."""

    name: Name
    members: Names = ()
    groups: Names = ()


class Grant(Row):
    """Permissions on one Application object for one person or one group: exactly one of `user` and `group`."""

    application: Name
    permissions: Annotated[tuple[Permission, ...], Field(strict=False), AfterValidator(some)]
    user: Name | None = None
    group: Name | None = None


class PermissionModel(Row):
    """Everything a source knows."""

    persons: Annotated[tuple[Person, ...], Field(strict=False)]
    applications: Annotated[tuple[ApplicationObject, ...], Field(strict=False)]
    access_groups: Annotated[tuple[AccessGroup, ...], Field(strict=False)] = ()
    grants: Annotated[tuple[Grant, ...], Field(strict=False)] = ()
