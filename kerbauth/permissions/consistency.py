"""Whether the tables of a permission file fit together: names twice, names of nothing, groups in circles."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Generic, TypeVar

from kerbauth.core.text import caseless
from kerbauth.permissions.model import AccessGroup, ApplicationObject, Grant, Person
from kerbauth.permissions.problems import Problem
from kerbauth.settings.translate import dotted

_Row = TypeVar("_Row", Person, ApplicationObject, AccessGroup, Grant)

CYCLES_SHOWN: Final = 10
"""How many circles of groups are reported at once: finding the next takes time that grows with the file."""


@dataclass(frozen=True, slots=True)
class Rows(Generic[_Row]):
    """The rows of one table that could be read, by their position in the file from 0.

    `named` are the names that rows bear, those of rows with something else wrong included, so that a mistake in one row is not
    reported a second time wherever the row is referred to.
    """

    read: Mapping[int, _Row]
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tables:
    """A permission file's tables."""

    persons: Rows[Person]
    applications: Rows[ApplicationObject]
    access_groups: Rows[AccessGroup]
    grants: Rows[Grant]


def contradictions(tables: Tables) -> Iterator[Problem]:
    """Everything that a single row cannot show."""
    yield from _named_twice("persons", "user", ((at, row.user) for at, row in tables.persons.read.items()), caseless)
    yield from _tenants(tables.persons)
    yield from _named_twice("applications", "name", ((at, row.name) for at, row in tables.applications.read.items()), str)
    yield from _named_twice("access_groups", "name", ((at, row.name) for at, row in tables.access_groups.read.items()), str)
    users = {caseless(user) for user in tables.persons.named}
    for at, group in tables.access_groups.read.items():
        yield from _listed_twice(("access_groups", at, "members"), group.members, caseless)
        yield from _listed_twice(("access_groups", at, "groups"), group.groups, str)
        for index, member in enumerate(group.members):
            if caseless(member) not in users:
                yield _unknown(("access_groups", at, "members", index), member, "person")
        for index, nested in enumerate(group.groups):
            if nested not in tables.access_groups.named:
                yield _unknown(("access_groups", at, "groups", index), nested, "access group")
    yield from _circles(tables.access_groups)
    yield from _grants(tables, users)


def _grants(tables: Tables, users: set[str]) -> Iterator[Problem]:
    first: dict[tuple[str, str, str], int] = {}
    for at, grant in tables.grants.read.items():
        yield from _listed_twice(("grants", at, "permissions"), grant.permissions, str)
        if grant.application not in tables.applications.named:
            yield _unknown(("grants", at, "application"), grant.application, "application")
        if grant.user is not None and caseless(grant.user) not in users:
            yield _unknown(("grants", at, "user"), grant.user, "person")
        if grant.group is not None and grant.group not in tables.access_groups.named:
            yield _unknown(("grants", at, "group"), grant.group, "access group")
        # One row per grantee and application: whoever takes a permission out of one row must not overlook another.
        to = ("user", caseless(grant.user)) if grant.user is not None else ("group", grant.group or "")
        earlier = first.setdefault((grant.application, *to), at)
        if earlier != at:
            yield dotted(("grants", at)), f"is for the application and {to[0]} of {dotted(('grants', earlier))}; make them one grant"


def _tenants(persons: Rows[Person]) -> Iterator[Problem]:
    """A person without a tenant is found in every tenant, which is right only where there is one: not by oversight among several."""
    if any(person.tenant is not None for person in persons.read.values()):
        for at, person in persons.read.items():
            if person.tenant is None:
                yield dotted(("persons", at, "tenant")), f"is missing for {person.user!r}; expected for every person as soon as one has it"


def _named_twice(table: str, key: str, names: Iterable[tuple[int, str]], compared: Callable[[str], str]) -> Iterator[Problem]:
    first: dict[str, tuple[int, str]] = {}
    for at, name in names:
        earlier = first.setdefault(compared(name), (at, name))
        if earlier[0] != at:
            place = dotted((table, earlier[0], key))
            differs = f"{earlier[1]!r} of {place} differs from it by case only, which tells no users apart"
            same = f"is {place} already"
            yield dotted((table, at, key)), f"{name!r}: " + (same if earlier[1] == name else differs)


def _listed_twice(where: tuple[str | int, ...], names: Iterable[str], compared: Callable[[str], str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if compared(name) in seen:
            yield dotted((*where, index)), f"{name!r} is in the list twice; remove one"
        seen.add(compared(name))


def _unknown(where: tuple[str | int, ...], name: str, what: str) -> Problem:
    return dotted(where), f"{name!r} is the name of no {what}"


def _circles(groups: Rows[AccessGroup]) -> Iterator[Problem]:
    """Groups that contain themselves. Each circle found is opened at one place to find the next."""
    positions = {group.name: at for at, group in groups.read.items()}
    nested = {group.name: set(group.groups) for group in groups.read.values()}
    for _ in range(CYCLES_SHOWN):
        try:
            TopologicalSorter(nested).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]  # graphlib lists each name before the one that contains it
            yield dotted(("access_groups", positions[circle[0]], "groups")), f"the group contains itself: {' > '.join(map(repr, circle))}"
            nested[circle[0]].discard(circle[1])
        else:
            return
