"""One realm's way from a proved name to a user name, and the ways back from a user name to the names that lead to it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from kerbauth.core import text
from kerbauth.core.mapping_pattern import Chars, Node, render
from kerbauth.core.mapping_rules import NameRules, RefuseRule, Rule, folded, name_problem, user_problem
from kerbauth.core.mapping_template import Inverse, doubt, image, inverse
from kerbauth.core.names_realms import Case
from kerbauth.core.principal import MalformedPrincipalError, Principal

_QUOTED: Final = frozenset("/@\\")


class Source(Enum):
    """Where a user name comes from if not from a rule."""

    ENTRY = "an entry in map"
    NAME = "its own name"


Origin = Source | int
"""Where a user name comes from; a number is the rule's place in `rules`, from 1."""


def described(origin: Origin) -> str:
    """The origin in words."""
    return f"rule {origin}" if isinstance(origin, int) else origin.value


@dataclass(frozen=True, slots=True)
class NotMapped:
    """No user name: why, in one sentence. The reason is always `no-user-mapping`."""

    why: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where a proved name leads. `principal` is folded; `key` is the user name as user names are compared."""

    principal: Principal
    user: str
    key: str
    origin: Origin
    many_to_one: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way that leads to a user name: the (folded) principal, or None for whomever a many-to-one rule leads there."""

    realm: str
    origin: Origin
    principal: Principal | None

    def __str__(self) -> str:
        """Who, and by what."""
        if self.principal is None:
            return f"whoever matches {described(self.origin)} of {self.realm}"
        return f"{self.principal} by {described(self.origin)}"


class RealmRule:
    """A rule in its realm: the user names it can lead to, and the way back from them."""

    def __init__(self, number: int, rule: Rule, spell: Callable[[str], str]) -> None:
        self.number = number
        self.rule = rule
        self.doubt = None if rule.many_to_one else doubt(rule.matcher, rule.template)
        self._spell = spell

    @cached_property
    def image(self) -> Node:
        """The user names it can lead to, or more: as they are compared for a many-to-one rule, else in the realm's own spelling."""
        return image(self.rule.matcher, self.rule.template, str.casefold if self.rule.many_to_one else self._spelled)

    @cached_property
    def _inverse(self) -> Inverse | None:
        return None if self.doubt or self.rule.many_to_one else inverse(self.rule.matcher, self.rule.template, self._spelled)

    def may_lead_to(self, key: str) -> bool:
        """Whether a many-to-one rule may lead to this user name."""
        return self.rule.many_to_one and re.fullmatch(render(self.image), key, re.IGNORECASE) is not None

    def name_behind(self, key: str) -> str | None:
        """The one name that a one-to-one rule can make this user name from."""
        return self._inverse.name(self._spell(key)) if self._inverse else None

    def _spelled(self, piece: str) -> str:
        return self._spell(piece.casefold())


class RealmRoutes:
    """One realm's rules at work. It knows nothing of other realms, nor whether a user name is somebody else's already."""

    def __init__(self, realm: str, rules: NameRules) -> None:
        self.realm = realm
        self.rules = rules
        self.spelling = Case.UPPER if rules.case is Case.UPPER else Case.LOWER
        self.spell = text.upper if rules.case is Case.UPPER else text.lower
        self.refusing = tuple((number, rule) for number, rule in enumerate(rules.rules, 1) if isinstance(rule, RefuseRule))
        self.leading = tuple(RealmRule(number, rule, self.spell) for number, rule in enumerate(rules.rules, 1) if isinstance(rule, Rule))
        self.reserved = frozenset(map(text.caseless, rules.reserved_users))
        self.owned: dict[str, list[Way]] = {}
        for components, user in rules.entries.items():
            self.owned.setdefault(text.caseless(user), []).append(Way(realm, Source.ENTRY, Principal(components, realm)))

    def barred(self, principal: Principal) -> NotMapped | None:
        """Why a proved name leads nowhere, whatever exceptions and rules say: it is not safe, or a rule refuses it."""
        if problem := name_problem(principal.components, instances=self.rules.allow_instances):
            return NotMapped(f"{problem[0].upper()}{problem[1:]}.")
        components = folded(self.rules.case, principal.components)
        for number, refusing in self.refusing:
            if refusing.refuses("/".join(principal.components)) or refusing.refuses("/".join(components)):
                return NotMapped(f"Rule {number} of {self.realm} refuses {Principal(components, principal.realm)}.")
        return None

    def route(self, principal: Principal) -> Route | NotMapped:
        """Where a proved name of this realm leads: refusing rules, exceptions, rules, `otherwise`, in this order."""
        barred = self.barred(principal)
        if barred is not None:
            return barred
        components = folded(self.rules.case, principal.components)
        proved = Principal(components, principal.realm)
        entry = self.rules.entries.get(components)
        if entry is not None:
            return Route(proved, entry, text.caseless(entry), Source.ENTRY)
        if any(not _QUOTED.isdisjoint(part) for part in components):
            return NotMapped(f"{proved} has a quoted character in its name. Such names are mapped by an entry in map only.")
        return self._by_rule(proved, "/".join(components))

    def _by_rule(self, proved: Principal, name: str) -> Route | NotMapped:
        for candidate in self.leading:
            found = candidate.rule.matcher.match(name)
            if found is not None:
                return self._checked(proved, "".join(candidate.rule.template.fill(found)), candidate)
        if not self.rules.by_name:
            return NotMapped(f"No rule of {self.realm} matches {proved}, and otherwise = refuse.")
        return self._checked(proved, name, None)

    def _checked(self, proved: Principal, user: str, by: RealmRule | None) -> Route | NotMapped:
        """The route, if the user name is one, is not reserved, and can be led back to where it came from."""
        origin = by.number if by else Source.NAME
        leads = f"{proved} leads by {described(origin)} of {self.realm} to the user name"
        if problem := user_problem(user):
            return NotMapped(f"{leads} {user!r}, which {problem}.")
        key = text.caseless(user)
        if key in self.reserved:
            return NotMapped(f"{leads} {user}, which is reserved: only an entry in map leads to it.")
        route = Route(proved, user, key, origin, many_to_one=by is not None and by.rule.many_to_one)
        if by is not None and by.rule.many_to_one:
            if not by.may_lead_to(key):
                return NotMapped(f"{leads} {user}, which the rule's own pattern does not cover once case is ignored.")
        elif by is not None and by.doubt:
            return NotMapped(f"{leads} {user}, but others may too, and the rule does not say many_to_one = true: {by.doubt}.")
        elif not (self._own_spelling("/".join(proved.components)) and text.is_nfc(user.casefold())):
            return NotMapped(
                f"{leads} {user}, and so would another spelling of the name in {self.spelling} case: user names are compared without case. "
                "Such names are mapped by an entry in map, or by a rule with many_to_one = true."
            )
        return route

    def _own_spelling(self, name: str) -> bool:
        """Whether, of all names that are the same without case, this is the one in the realm's case."""
        compared = name.casefold()
        return text.is_nfc(compared) and self.spell(compared) == name

    def reads(self, chars: Chars, letter: str) -> bool:
        """Whether a set of characters in a rule holds a letter, once names are folded."""
        return chars.has(self.spell(letter))

    def ways(self, key: str) -> Iterator[Way]:
        """Every way in this realm that leads to a user name, given as it is compared. A name that leads elsewhere is not among them."""
        yield from self.owned.get(key, ())
        if key in self.reserved:
            return
        if self.rules.by_name:
            yield from self._confirmed(self.spell(key), Source.NAME, key)
        for by in self.leading:
            if by.may_lead_to(key):
                yield Way(self.realm, by.number, None)
            elif (name := by.name_behind(key)) is not None:
                yield from self._confirmed(name, by.number, key)

    def _confirmed(self, name: str, origin: Origin, key: str) -> Iterator[Way]:
        """The way from this name, if it is there: another rule, or none, may be in charge of the name."""
        try:
            route = self.route(Principal(tuple(name.split("/")), self.realm))
        except MalformedPrincipalError:  # a user name like a//b is nobody's name
            return
        if isinstance(route, Route) and route.origin == origin and route.key == key:
            yield Way(self.realm, origin, route.principal)
