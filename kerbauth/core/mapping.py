"""From the principal a KDC proved to a Genesys user name.

What is mapped is what the KDC proved, never what was typed, and the realm is always part of the match. Within a realm the order is:

Under `identity = "sid"` the SID of an account of Active Directory stands in the place of its name from step 3 on: it stays when the account
is renamed. Steps 1 and 2 are about the name in any case.

1. A name that no rule can make safe is refused: control characters, blanks at an end, another form than NFC, a `$` at the end (a machine),
   an instance unless the realm allows them, a service of Kerberos itself.
2. Refusing rules, without case, wherever they stand.
3. Exceptions (`map`), by the whole folded name.
4. The other rules, in order, on the folded name; the first that matches decides.
5. `otherwise`: the folded name itself, or nothing.

**Two principals never become one user** unless the settings say so. User names are compared without case (`text.caseless`), as the
permission source compares them. Nothing is remembered about who logged in before; the rule is that a user name has *one* principal that
owns it, and that everybody can work out who that is:

- An exception owns its user name, against everybody in its own realm and in realms that do not share users with it. So if `a.smith` is
  the user `asmith2`, the principal `asmith2` is refused until it has an exception of its own.
- Otherwise every way back from the user name is gone: by each rule's inverse (`mapping_template`) and by the plain name. If exactly one
  principal comes of it, that one owns the user name. If more do, nobody does and each of them is refused: a KDC may have them all.
- Rules that say `many_to_one = true` are left out of this within their realm. Between realms nothing but `shares_users_with` helps: it
  says that two realms name the same people. One of the two realms has to say it; it does not carry over to a third.

Since a principal is let through only if it is what the way back ends at, the promise does not rest on the inverse being right.

Folding is a declaration too: under `case = "lower"` or `"upper"`, `Alice` and `alice` are one name. Under `"keep"` they are two principals
whose user names would be the same; there only the name in lower case leads to a user name by itself. A name with capitals needs an
exception, or a rule with `many_to_one = true` (`pattern = '.+', user = '\\g<0>'` if the realm's names are all like that). For the same
reason `straße`, which is `strasse` without case, needs an exception in every realm. A name with a quoted character (`alice\\@home`) is
mapped by an exception only: it looks like another name's text, and Active Directory makes such names from what users may be able to set
themselves (UPNs).

Most of what could go wrong is found when the settings are read: `NameMapper.problems`.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

from kerbauth.core import mapping_conflicts, text
from kerbauth.core.mapping_pattern import PatternError
from kerbauth.core.mapping_realm import NotMapped, RealmRoutes, Route, Source, Way, described
from kerbauth.core.mapping_rules import USER_LIMIT, Identity, NameRules, Otherwise, RefuseRule, Rule, rule
from kerbauth.core.names_realms import NameSettingsError
from kerbauth.core.principal import Principal, can_be_realm
from kerbauth.core.sid import Sid

__all__ = [
    "USER_LIMIT",
    "Identity",
    "Mapped",
    "NameMapper",
    "NameRules",
    "NameSettingsError",
    "NotMapped",
    "Otherwise",
    "PatternError",
    "RefuseRule",
    "Rule",
    "Way",
    "rule",
]


_REMEMBERED: Final = 4096
"""Proved principals whose user name is kept: those of a busy hour. The rules never change, so it stays right."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A user name, and which rule led to it (one sentence)."""

    user: str
    how: str


class NameMapper:
    """All configured realms' rules, by realm. Safe to use even if `problems` has some: then it refuses more.

    A realm that no principal can be of is left out; `RealmDirectory` is where that is a problem.
    """

    def __init__(self, rules: Mapping[str, NameRules]) -> None:
        self._realms = {realm: RealmRoutes(realm, each) for realm, each in rules.items() if can_be_realm(realm)}
        shared = {frozenset({realm, other}) for realm, each in rules.items() for other in each.shares_users_with if other != realm}
        self._strangers = frozenset(map(frozenset, combinations_with_replacement(rules, 2))) - shared
        self._mapped = functools.lru_cache(_REMEMBERED)(self._map)

    def map(self, principal: Principal, sid: Sid | None = None) -> Mapped | NotMapped:
        """The user name of a proved principal, or why it has none. `sid` is the account's where Active Directory has told it."""
        return self._mapped(principal, sid)

    def _map(self, principal: Principal, sid: Sid | None) -> Mapped | NotMapped:
        realm = self._realms.get(principal.realm)
        if realm is None:
            return NotMapped("The realm of the proved name is not configured.")
        if realm.rules.identity is Identity.SID:
            barred = realm.barred(principal)
            if barred is not None:
                return barred
            if sid is None:
                return NotMapped("The SID of the proved account is not known, and the realm's rules are about SIDs.")
            principal = Principal((sid,), principal.realm)
        return self._led(realm, principal)

    def _led(self, realm: RealmRoutes, principal: Principal) -> Mapped | NotMapped:
        """Where what the realm's rules see leads: a proved name, or a SID in its place."""
        route = realm.route(principal)
        if isinstance(route, NotMapped):
            return route
        rival = self._rival(realm, route)
        if rival is not None:
            return NotMapped(f"{route.principal} leads by {described(route.origin)} to the user name {route.user}, and so does {rival}.")
        return Mapped(route.user, f"{route.principal} is the user {route.user} by {described(route.origin)} of {realm.realm}.")

    def _rival(self, own: RealmRoutes, route: Route) -> str | None:
        """Who keeps a principal from the user name it leads to."""
        ways = list(self._ways(route.key, own.realm))
        entries = [way for way in ways if way.origin is Source.ENTRY and way.principal != route.principal]
        if entries:
            return f"{entries[0]}, which comes first"
        if route.origin is Source.ENTRY:
            return None
        foreign = [way for way in ways if way.realm != own.realm]
        if foreign:
            return f"{foreign[0]}; the realms do not share their users"
        known = [way for way in ways if way.principal is not None]
        if route.many_to_one or [way.principal for way in known] == [route.principal]:
            return None
        return " and ".join(str(way) for way in known if way.principal != route.principal) or "perhaps another name"

    def _ways(self, key: str, realm: str) -> Iterator[Way]:
        """Every way to a user name in a realm and in those that do not share users with it."""
        for other in self._realms.values():
            if frozenset({realm, other.realm}) in self._strangers:
                yield from other.ways(key)

    def ways(self, user: str) -> tuple[Way, ...]:
        """Every way that leads to a user name, in all realms; `map` may refuse some in favour of others."""
        key = text.caseless(user)
        return tuple(way for realm in self._realms.values() for way in realm.ways(key))

    def others(self, user: str) -> tuple[str, ...]:
        """Who would be mapped to a user name: principals in text form, and a sentence for each many-to-one rule that may lead there."""
        return tuple(
            str(way.principal or way)
            for way in self.ways(user)
            if way.principal is None or isinstance(self._led(self._realms[way.realm], way.principal), Mapped)
        )

    def problems(self) -> tuple[str, ...]:
        """What in the settings would make two principals one user, or a rule useless; one sentence each, with an example."""
        return tuple(mapping_conflicts.problems(self._realms, self._strangers))
