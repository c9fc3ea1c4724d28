"""The table `[realms."NAME".names]`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from kerbauth.core.mapping import Identity, Otherwise, PatternError, RefuseRule, Rule, rule
from kerbauth.core.names import Case
from kerbauth.core.problem import Problem
from kerbauth.settings.fields import Closed, Different, GenesysName, Kind, Lax, Line, Table, called
from kerbauth.settings.findings import Finding, one, reading, refuse
from kerbauth.settings.map_file import MapFile, read_map_file


def _nothing() -> Mapping[str, GenesysName]:
    return MappingProxyType({})


class RuleSettings(Table):
    """One entry of `rules`: whom it is about (`principal` or `pattern`), and what becomes of them (`refuse` or `user`)."""

    principal: Line | None = Field(
        None, description="Proved names this rule is about: the name without its realm, with * for any characters and ? for one."
    )
    pattern: Line | None = Field(
        None,
        description="Proved names this rule is about, as a regular expression that covers the whole name without its realm. A part of "
        "Python's: no lookaround, no references to groups, and repetition of single characters and classes only.",
    )
    user: Line | None = Field(
        None, description=r"The Genesys user name, as a template: \g<name> or \1 stand for groups of the pattern, \g<0> for the whole name."
    )
    refuse: bool = Field(
        False,
        description="true: the names of this rule never log in. Such rules ignore case and come before `map` and all other rules.",
    )
    many_to_one: bool = Field(
        False,
        description="true: this rule may turn two principals into one user name. Without it the settings refuse such a rule, or the "
        "service the second principal.",
    )

    @model_validator(mode="after")
    def _whole(self) -> "RuleSettings":
        findings = []
        if (self.principal is None) == (self.pattern is None):
            findings.append(Finding("says whom it is about twice, or not at all; expected either `principal` or `pattern`"))
        if self.refuse == (self.user is not None):
            findings.append(Finding("needs exactly one of `user` (a user name) and `refuse = true`"))
        if self.refuse and self.many_to_one:
            findings.append(Finding("means nothing in a rule that refuses; remove it", ("many_to_one",)))
        if not findings:
            try:
                self.as_rule()
            except PatternError as error:
                findings.append(Finding(f"cannot be used: {error}"))
        if findings:
            raise refuse(findings)
        return self

    def as_rule(self) -> RefuseRule | Rule:
        """The rule itself. Raises nothing once the settings are read."""
        return rule(principal=self.principal, pattern=self.pattern, user=self.user, refuse=self.refuse, many_to_one=self.many_to_one)


def _map_file(value: object, info: ValidationInfo) -> MapFile:
    """Read the file while the settings are read, so that what is used is what was checked."""
    if not isinstance(value, str) or not value or "\0" in value:
        msg = f"is {called(value) if value else 'empty'}; expected the path of a CSV file, as text"
        raise one(msg)
    found = read_map_file(reading(info).folder / value)
    if not isinstance(found, MapFile):
        raise refuse(found)
    return found


class NameSettings(Table):
    """`[realms."NAME".names]`: from the name a KDC proved to a Genesys user name."""

    case: Annotated[Case, Lax] | None = Field(
        None,
        description="Folds the typed name before the KDC is asked, and the proved name before the rules see it. "
        "Left out: lower for kind ad, keep for kind mit.",
    )
    identity: Annotated[Identity, Lax] = Field(
        Identity.NAME,
        description="With kind ad: what `map`, `rules` and `otherwise` see of a proved account: name (its sAMAccountName) or sid (its SID, "
        "which stays when the account is renamed). Rules that refuse always see the name, too.",
    )
    allow_instances: bool = Field(False, description="true: names with a slash, like alice/admin, may log in.")
    shares_users_with: Annotated[tuple[Line, ...], Lax, Different] = Field(
        (), description="Other realms that name the same people. Otherwise two realms may not lead to one user name."
    )
    map: Annotated[Mapping[str, GenesysName], Closed, Kind("table of proved name = user name")] = Field(
        default_factory=_nothing,
        description="Exceptions, before all rules that do not refuse: the proved name without its realm, and the user name.",
    )
    map_file: Annotated[MapFile, BeforeValidator(_map_file), Kind("path")] | None = Field(
        None,
        description="More exceptions: a CSV file in UTF-8 whose first line is principal,user and whose further lines are a proved name "
        "without its realm, and the user name. A name may stand only once in the file and in `map`.",
    )
    rules: Annotated[tuple[RuleSettings, ...], Lax, Kind("list of rules")] = Field(
        (), description="In order; the first rule that matches the whole name decides. Rules that refuse come first, wherever they stand."
    )
    otherwise: Annotated[Otherwise, Lax] | None = Field(
        None,
        validate_default=True,
        description="What becomes of a proved name that no exception and no rule matches: name (it is the user name) or refuse. "
        "Must be stated as soon as there are rules; without rules it is name.",
    )
    reserved_users: Annotated[tuple[GenesysName, ...], Lax, Different] = Field(
        ("default",), description="User names that no rule and no name leads to, only an entry in `map`: Genesys' own, for example."
    )

    @field_validator("map_file")
    @classmethod
    def _once(cls, value: MapFile | None, info: ValidationInfo) -> MapFile | None:
        inline = info.data.get("map", {})
        findings = [
            Problem(str(value.path), "", f"the name {name!r} is in `map` too; remove one of the two", value.lines[name])
            for name in (value.entries if value else ())
            if value and name in inline
        ]
        if findings:
            raise refuse(findings)
        return value

    @field_validator("otherwise")
    @classmethod
    def _stated(cls, value: Otherwise | None, info: ValidationInfo) -> Otherwise | None:
        # Rules that are wrong themselves are missing here, but they are there: their default is none, which is never wrong.
        if value is None and info.data.get("rules", True):
            msg = (
                "is missing, and there are rules; say what happens to a name that none of them matches: "
                'otherwise = "refuse" or otherwise = "name"'
            )
            raise one(msg)
        return value

    @property
    def exceptions(self) -> Mapping[str, str]:
        """All exceptions: those of `map` and those of `map_file`."""
        return MappingProxyType({**self.map, **(self.map_file.entries if self.map_file else {})})
