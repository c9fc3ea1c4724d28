"""Mapping rules as the settings state them, checked one by one when they are built."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kerbauth.core import text
from kerbauth.core.mapping_pattern import Pattern, PatternError, bounded, glob
from kerbauth.core.mapping_reader import regular_expression
from kerbauth.core.mapping_template import Template, image, template
from kerbauth.core.names import NAME_LIMIT, is_machine, is_service
from kerbauth.core.names_realms import Case, NameSettingsError
from kerbauth.core.principal import MalformedPrincipalError, Principal

USER_LIMIT: Final = 255
"""Characters of a Genesys user name (Genesys Administrator's help, Person object)."""

_NO_ENTRIES: Final[Mapping[str, str]] = MappingProxyType({})


class Otherwise(StrEnum):
    """What happens to a proved name that no rule matches."""

    NAME = "name"
    REFUSE = "refuse"


class Identity(StrEnum):
    """What exceptions, rules and `otherwise` see of an account of Active Directory."""

    NAME = "name"
    SID = "sid"


@dataclass(frozen=True, slots=True)
class RefuseRule:
    """Names that never log in: `principal` with `*` and `?`, or `pattern`, a regular expression; both ignore case.

    Raises PatternError unless exactly one of them is there and can be read.
    """

    principal: str | None = None
    pattern: str | None = None
    matchers: tuple[Pattern, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the pattern."""
        matchers = [_matcher(self.principal, self.pattern)]
        if self.principal is not None:
            matchers.append(_matcher(text.caseless(self.principal), None))
        object.__setattr__(self, "matchers", tuple(matchers))

    def refuses(self, name: str) -> bool:
        """Whether the rule is about this name, in whatever case it or the rule is written."""
        return any(matcher.matches_any_case(each) for matcher in self.matchers for each in (name, text.caseless(name)))


@dataclass(frozen=True, slots=True)
class Rule:
    """The user name for the names that `principal` (with `*` and `?`) or `pattern` (a regular expression) covers.

    `user` is a template (see `mapping_template`). `many_to_one` says that different principals may become one user name by this rule.
    Raises PatternError unless exactly one of `principal` and `pattern` is there, and all of it can be used.
    """

    user: str
    principal: str | None = None
    pattern: str | None = None
    many_to_one: bool = False
    matcher: Pattern = field(init=False, repr=False, compare=False)
    template: Template = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the pattern and the template."""
        matcher = _matcher(self.principal, self.pattern)
        read = template(text.nfc(self.user), matcher)
        problem = user_problem("".join(piece if isinstance(piece, str) else "x" for piece in read.pieces))
        if problem is not None:
            msg = f"the user name {self.user!r} {problem}"
            raise PatternError(msg)
        bounded(image(matcher, read, str), self.user)
        object.__setattr__(self, "matcher", matcher)
        object.__setattr__(self, "template", read)


@dataclass(frozen=True, slots=True)
class NameRules:
    """One realm's `names` table. `map` holds exceptions: proved name without its realm (RFC 1964 text form) to user name.

    Raises NameSettingsError with every problem that shows within the table; `NameMapper.problems` finds those between rules and realms.
    """

    case: Case = Case.KEEP
    identity: Identity = Identity.NAME
    allow_instances: bool = False
    shares_users_with: tuple[str, ...] = ()
    map: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    rules: tuple[RefuseRule | Rule, ...] = ()
    otherwise: Otherwise | None = None
    reserved_users: tuple[str, ...] = ("default",)
    entries: Mapping[tuple[str, ...], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the exceptions, and refuse what cannot be meant."""
        entries: dict[tuple[str, ...], str] = {}
        problems = list(self._read_entries(entries))
        if self.rules and self.otherwise is None:
            problems.append("There are rules, so `otherwise` must say what becomes of a name that none of them matches: name or refuse.")
        reserved = ((user, user_problem(text.nfc(user))) for user in self.reserved_users)
        problems.extend(f"reserved_users: {user!r} {problem}." for user, problem in reserved if problem)
        if problems:
            raise NameSettingsError(problems)
        object.__setattr__(self, "entries", MappingProxyType(entries))

    @property
    def by_name(self) -> bool:
        """Whether a name that no rule matches is the user name."""
        return self.otherwise is not Otherwise.REFUSE

    def _read_entries(self, entries: dict[tuple[str, ...], str]) -> Iterator[str]:
        for name, spelled in self.map.items():
            user = text.nfc(spelled)
            if problem := user_problem(user):
                yield f"map: the user name {spelled!r} of {name!r} {problem}."
            try:
                principal = Principal.parse_in("REALM", text.nfc(name))
            except MalformedPrincipalError as error:
                yield f"map: {name!r} is no proved name: {error}."
                continue
            if problem := name_problem(principal.components, instances=self.allow_instances):
                yield f"map: {name!r} never logs in: {problem}."
            components = folded(self.case, principal.components)
            if components in entries:
                yield f"map: {name!r} is there twice: another entry is the same name once it is folded."
            entries[components] = user


def rule(
    *,
    principal: str | None = None,
    pattern: str | None = None,
    user: str | None = None,
    refuse: bool = False,
    many_to_one: bool = False,
) -> RefuseRule | Rule:
    """One entry of `rules`, as it stands in the settings. Raises PatternError."""
    if refuse == (user is not None) or (refuse and many_to_one):
        msg = "a rule has either a user, or refuse = true and no many_to_one"
        raise PatternError(msg)
    return RefuseRule(principal, pattern) if user is None else Rule(user, principal, pattern, many_to_one)


def _matcher(principal: str | None, pattern: str | None) -> Pattern:
    if principal is not None and pattern is None:
        return glob(text.nfc(principal))
    if pattern is not None and principal is None:
        return regular_expression(text.nfc(pattern))
    msg = "a rule needs either a principal or a pattern"
    raise PatternError(msg)


def folded(case: Case, components: Iterable[str]) -> tuple[str, ...]:
    """A name's components as the rules see them."""
    return tuple(map(case.fold, components))


def user_problem(user: str) -> str | None:
    """Why a text can be no user name, as the end of a sentence; None if it can."""
    if not user:
        return "is empty"
    if len(user) > USER_LIMIT:
        return f"is longer than {USER_LIMIT} characters"
    if text.has_control(user):
        return "holds a control character"
    if user != user.strip(text.BLANKS):
        return "begins or ends with a blank"
    if not text.is_nfc(user):
        return "is not in composed form (NFC)"
    return None


def name_problem(components: tuple[str, ...], *, instances: bool) -> str | None:
    """Why a proved name is mapped to no user at all, as a sentence without end; None if it may be.

    The name is not repeated where it may hold what breaks a line.
    """
    problems = {
        "the proved name holds a control character": any(map(text.has_control, components)),
        "the proved name has a blank at an end, which Active Directory ignores: it may be somebody else's name": any(
            part != part.strip(text.BLANKS) for part in components
        ),
        "the proved name is not in composed form (NFC), so it may look like somebody else's": not all(map(text.is_nfc, components)),
        f"the proved name is longer than {NAME_LIMIT} characters": sum(map(len, components)) + len(components) - 1 > NAME_LIMIT,
        "the proved name ends in $, so it is a machine's or a managed service's account": is_machine(components),
        "the proved name has an instance (a slash), and allow_instances is false": len(components) > 1 and not instances,
        "the proved name belongs to a service of Kerberos itself": is_service(components),
    }
    return next((problem for problem, found in problems.items() if found), None)
