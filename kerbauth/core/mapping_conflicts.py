"""Finding, when the settings are read, what would make two principals one user.

What can be decided then: whether a rule can be shown to be one-to-one (`mapping_template`), and whether two rules, or a rule and the
plain names, lead to a common user name (`mapping_language`); each finding comes with an example. What cannot be decided is which
principals a KDC has, so everything that it could have counts; and patterns that are too entangled are left to `NameMapper.map`, which
refuses both principals when it comes to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

from kerbauth.core import text
from kerbauth.core.mapping_language import Language, UndecidedError, any_case, words
from kerbauth.core.mapping_pattern import Chars, Repeat
from kerbauth.core.mapping_realm import Origin, RealmRoutes, RealmRule, Source, Way
from kerbauth.core.names_realms import Case

_EXAMPLES: Final = 50  # how many common user names are looked at before two rules are taken to have none

_PLAIN_NAME: Final = Repeat(Chars(r"[^@\\]"), 1, None)  # with quoted characters a name is an exception's or nobody's

_ADVICE: Final = {
    True: "Refuse the one name or the other, or say many_to_one = true in the rule.",
    False: "If both realms name the same people, say so in shares_users_with; otherwise refuse such names in one of the realms, or lead "
    "them to user names of their own.",
}


@dataclass(frozen=True, slots=True)
class _Outlet:
    """A rule, or the plain names, of one realm."""

    realm: RealmRoutes
    origin: Origin
    wanted: Language
    unwanted: tuple[Language, ...] = ()
    many_to_one: bool = False


def problems(realms: Mapping[str, RealmRoutes], strangers: frozenset[frozenset[str]]) -> Iterator[str]:
    """Every problem between rules, one sentence each. `strangers` are the realms, alone or in pairs, that may not meet in a user name."""
    for realm in realms.values():
        yield from _shares(realm, realms)
        for rule in realm.leading:
            yield from _rule(realm, rule)
    yield from _entries(realms, strangers)
    outlets = [outlet for realm in realms.values() for outlet in _outlets(realm)]
    for one, other in combinations(outlets, 2):
        declared = one.realm is other.realm and (one.many_to_one or other.many_to_one)
        if frozenset({one.realm.realm, other.realm.realm}) in strangers and not declared:
            yield from _common(one, other)


def _shares(realm: RealmRoutes, realms: Mapping[str, RealmRoutes]) -> Iterator[str]:
    for other in realm.rules.shares_users_with:
        if other not in realms or other == realm.realm:
            yield f"{realm.realm}: shares_users_with names {other!r}; expected another configured realm, exactly as it is written there."


def _rule(realm: RealmRoutes, rule: RealmRule) -> Iterator[str]:
    """What is wrong with one rule."""
    where = f"{realm.realm}: rule {rule.number}"
    if rule.doubt:
        yield f"{where} may turn two principals into one user name: {rule.doubt}. If that is meant, it says many_to_one = true."
    if text.caseless("".join(map(str, rule.rule.template.pieces))) in realm.reserved:
        yield f"{where} leads to the user name {rule.rule.user!r}, which is reserved: only an entry in map leads to it."
    if realm.rules.case is Case.KEEP and rule.rule.many_to_one:
        return  # only there may a rule see names in any spelling
    if _never((Language(rule.rule.matcher.node, realm.reads),)):
        yield f"{where} can lead nobody to a user name: it covers no name in {realm.spelling} case."


def _never(languages: tuple[Language, ...]) -> bool:
    try:
        return next(words(languages), None) is None
    except UndecidedError:
        return False


def _entries(realms: Mapping[str, RealmRoutes], strangers: frozenset[frozenset[str]]) -> Iterator[str]:
    """Exceptions that lead more than one person to a user name."""
    owners: dict[str, list[Way]] = {}
    for realm in realms.values():
        for key, ways in realm.owned.items():
            owners.setdefault(key, []).extend(ways)
    for key, ways in owners.items():
        for one, other in combinations(ways, 2):
            if frozenset({one.realm, other.realm}) in strangers:
                yield f"{one} and {other} would both be the user {key!r}. Each exception needs a user name of its own."
                break


def _outlets(realm: RealmRoutes) -> Iterator[_Outlet]:
    """What in a realm leads to user names, apart from exceptions. Rules in doubt are left out: they lead nobody anywhere."""
    for rule in realm.leading:
        if not rule.doubt:
            declared = rule.rule.many_to_one
            yield _Outlet(realm, rule.number, Language(rule.image, any_case if declared else realm.reads), many_to_one=declared)
    if realm.rules.by_name:
        refused = [Language(matcher.node, any_case) for _, rule in realm.refusing for matcher in rule.matchers]
        ruled = [Language(rule.rule.matcher.node, realm.reads) for rule in realm.leading]
        yield _Outlet(realm, Source.NAME, Language(_PLAIN_NAME, realm.reads), (*refused, *ruled))


def _common(one: _Outlet, other: _Outlet) -> Iterator[str]:
    """A user name that both lead to, and by which names."""
    examples = islice(words((one.wanted, other.wanted), (*one.unwanted, *other.unwanted)), _EXAMPLES)
    try:
        for key in examples:
            ways = [way for outlet in (one, other) for way in outlet.realm.ways(key) if way.origin == outlet.origin]
            if len(ways) == 2 and not (key in one.realm.owned or key in other.realm.owned):
                yield f"{ways[0]} and {ways[1]} would both be the user {key!r}. {_ADVICE[one.realm is other.realm]}"
                return
    except UndecidedError:
        return
