"""The options of the adapter `groups`: applications, and grants on them to groups of Active Directory domains."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from kerbauth.core.sid import MalformedSidError, Sid, parse_sid
from kerbauth.core.text import caseless, has_control, lower, nfc
from kerbauth.permissions.adapter import AdapterOptionsError, Domain
from kerbauth.permissions.model import ApplicationObject, Name, Permission, Row, some
from kerbauth.permissions.problems import Problem, described, unknown_key
from kerbauth.settings.fields import called
from kerbauth.settings.translate import dotted

TABLES: Final = ("applications", "grants")
"""The adapter's tables beside `adapter`."""

NAME_LIMIT: Final = 256
"""Characters of a sAMAccountName (its rangeUpper in the schema, MS-ADA3 2.222)."""

_FORM: Final = 'expected a SID like "S-1-5-21-1-2-3-1117", or the domain and the name, like "CORP\\\\Agents"'
_NOT_IN_NAMES: Final = frozenset('"/\\[]:;|=,+*?<>')  # MS-SAMR 3.1.1.8.4 forbids them in names of accounts and groups

# Groups that are no domain's: a domain controller's own (BUILTIN, S-1-5-32), and what Windows puts everybody into who meets a condition.
# Tickets do not list them, or list them for all (S-1-18-1: whoever was authenticated by a domain controller).
_GROUP: Final = re.compile("S-1-5-21(?:-[0-9]+){4}")  # MS-DTYP 2.4.2.4: a domain's three numbers and the group's own
_CONDITIONS: Final = "S-1-5-21-0-0-0-"  # MS-DTYP 2.4.2.4: COMPOUNDED_AUTHENTICATION, CLAIMS_VALID

_Row = TypeVar("_Row", ApplicationObject, "GroupGrant")


@dataclass(frozen=True, slots=True)
class GroupName:
    """A group by its name in the domain of a realm. Two are equal if Windows takes them for one name, whatever their case."""

    realm: str
    folded: str

    def __str__(self) -> str:
        return f"{self.realm}\\{self.folded}"


def _reference(value: str) -> str:
    if not value or has_control(value) or value != value.strip():
        raise PydanticCustomError(
            "group", "is empty, has blanks around it or holds a control or invisible character; {form}", {"form": _FORM}
        )
    if "\\" not in value:
        _sid(value)
        return value
    _, _, name = value.partition("\\")
    if not name or len(name) > NAME_LIMIT or name != name.strip() or any(character in _NOT_IN_NAMES for character in name):
        raise PydanticCustomError("group", "has no name that a group can have behind the backslash; {form}", {"form": _FORM})
    return value


def _sid(value: str) -> Sid:
    try:
        sid = parse_sid(value)
    except MalformedSidError as error:
        if not value.upper().startswith("S-"):
            raise PydanticCustomError("group", "names no domain, and groups of one name are in many; {form}", {"form": _FORM}) from None
        raise PydanticCustomError("group", "is no SID: {why}", {"why": str(error)}) from None
    if not _GROUP.fullmatch(sid) or sid.startswith(_CONDITIONS):
        raise PydanticCustomError("group", "is the SID of no domain's group (those begin with S-1-5-21-): tickets do not tell who is in it")
    return sid


class GroupGrant(Row):
    """Permissions on one application for the members of one group: a SID, or DOMAIN\\name."""

    application: Name
    group: Annotated[str, AfterValidator(_reference)]
    permissions: Annotated[tuple[Permission, ...], Field(strict=False), AfterValidator(some)]


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant, read: `group` is who has it, and `written` is how the settings have it."""

    application: str
    group: Sid | GroupName
    written: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """What the settings say."""

    applications: tuple[ApplicationObject, ...]
    grants: tuple[Granted, ...]


def read_group_options(options: Mapping[str, object], domains: Mapping[str, Domain]) -> GroupOptions:
    """Read the options; `domains` are the configured realms, by the caseless forms of their names. Raises AdapterOptionsError."""
    found = [(dotted((key,)), unknown_key(key, TABLES)) for key in options if key not in TABLES]
    if options.get("applications", []) in ([], ()):  # "nothing means no": with nothing to enter, the adapter is a mistake and not a wish
        found.append(("applications", "is missing or empty; expected at least one [[permissions.applications]]"))
    applications, named = _rows(options, "applications", ApplicationObject, found)
    grants, _ = _rows(options, "grants", GroupGrant, found)
    found += _twice(applications)
    read = {at: granted for at, grant in grants.items() if isinstance(granted := _granted(at, grant, domains, found), Granted)}
    found += _contradictions(read, named)
    if found:
        raise AdapterOptionsError(tuple(found))
    return GroupOptions(tuple(applications.values()), tuple(read.values()))


def _rows(options: Mapping[str, object], table: str, kind: type[_Row], found: list[Problem]) -> tuple[dict[int, _Row], frozenset[str]]:
    """A table's rows by their position, and the names that rows bear, also where something else is wrong with them."""
    raw: Any = options.get(table, ())
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        found.append((table, f"is {called(raw)}; expected a list of tables, each begun with [[permissions.{table}]]"))
        raw = ()
    read: dict[int, _Row] = {}
    for position, row in enumerate(raw):
        try:
            read[position] = kind.model_validate(row)
        except ValidationError as error:
            found.extend(described(error, kind, (table, position)))
    return read, frozenset(row["name"] for row in raw if isinstance(row, Mapping) and isinstance(row.get("name"), str))


def _granted(at: int, grant: GroupGrant, domains: Mapping[str, Domain], found: list[Problem]) -> Granted | None:
    domain, backslash, name = grant.group.partition("\\")
    if not backslash:
        return Granted(grant.application, parse_sid(grant.group), grant.group, frozenset(grant.permissions))
    where = dotted(("grants", at, "group"))
    known = domains.get(caseless(domain))
    if known is None:
        found.append((where, f"{domain!r} is neither a configured realm nor the `netbios` of one"))
        return None
    if not known.active_directory:
        found.append((where, f"the realm {known.realm} is not of kind ad; others have no groups"))
        return None
    return Granted(grant.application, GroupName(known.realm, nfc(lower(nfc(name)))), grant.group, frozenset(grant.permissions))


def _twice(applications: Mapping[int, ApplicationObject]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for at, application in applications.items():
        earlier = first.setdefault(application.name, at)
        if earlier != at:
            yield dotted(("applications", at, "name")), f"{application.name!r}: is {dotted(('applications', earlier, 'name'))} already"


def _contradictions(grants: Mapping[int, Granted], named: frozenset[str]) -> Iterator[Problem]:
    first: dict[tuple[str, Sid | GroupName], int] = {}
    for at, grant in grants.items():
        if grant.application not in named:
            yield dotted(("grants", at, "application")), f"{grant.application!r} is the name of no application"
        # One row per group and application: whoever takes a permission out of one row must not overlook another.
        earlier = first.setdefault((grant.application, grant.group), at)
        if earlier != at:
            yield dotted(("grants", at)), f"is for the application and group of {dotted(('grants', earlier))}; make them one grant"
