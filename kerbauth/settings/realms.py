"""The tables `[realms."NAME"]` and `[realms."NAME".names]`."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from kerbauth.core.mapping import NameRules, NameSettingsError, Otherwise, PatternError, RefuseRule, Rule, rule
from kerbauth.core.names import Case
from kerbauth.core.problem import Problem
from kerbauth.settings.fields import (
    Closed,
    Different,
    FilePath,
    GenesysName,
    KdcAddress,
    Kind,
    Lax,
    Line,
    Seconds,
    ServicePrincipal,
    Several,
    Table,
    called,
)
from kerbauth.settings.findings import Finding, one, reading, refuse
from kerbauth.settings.map_file import MapFile, read_map_file


def _nothing() -> Mapping[str, GenesysName]:
    return MappingProxyType({})


class RealmKind(StrEnum):
    """What sort of KDC a realm has."""

    MIT = "mit"
    AD = "ad"


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


class RealmSettings(Table):
    """`[realms."NAME"]`: one Kerberos realm whose users may log in."""

    kind: Annotated[RealmKind, Lax] = Field(description="What sort of KDC the realm has: mit or ad.")
    kdcs: Annotated[tuple[KdcAddress, ...], Lax, Several] = Field(
        (),
        description="The KDCs in the order in which they are asked; an IPv6 address in brackets. Without a port: 88. "
        "Left out: DNS SRV records name them.",
    )
    keytab: FilePath = Field(
        description="The keytab with the keys of `service`. The service's own user must own it, with mode 0600 or 0400."
    )
    keytab_group: Line | None = Field(None, description="A group that may read the keytab besides its owner (mode 0640 or 0440).")
    service: ServicePrincipal = Field(
        description="Our own service principal in that keytab, without its realm. It proves the KDC, and it is what browsers ask for."
    )
    also_accept: Annotated[tuple[ServicePrincipal, ...], Lax, Different] = Field(
        (), description="Further service principals in the keytab that clients may ask for, without their realm."
    )
    default: bool = Field(
        False,
        description="true: the realm of a name that is typed without one. At most one realm.",
    )
    netbios: Line | None = Field(None, description=r"The NetBIOS name of the domain, for names typed like CORP\alice.")
    upn_suffixes: Annotated[tuple[Line, ...], Lax, Different] = Field(
        (), description="What may stand behind the @ of a typed name for this realm, besides the realm's own name."
    )
    deadline: Seconds = Field(5.0, description="The whole time one login may take with this realm, in seconds.")
    max_concurrent: int = Field(
        32,
        ge=1,
        description="Logins with this realm at one time; more wait, within their deadline. A silent KDC blocks no other realm.",
    )
    max_waiting: int = Field(
        1000,
        ge=0,
        description="Logins that may wait for one of those places. Above that they are refused at once as overloaded, until a tenth of the "
        "queue is free again.",
    )
    expiry_warning_days: int = Field(
        7,
        ge=0,
        le=365,
        description="A user who logs in is warned of a password or account that ends within so many days; 0: never.",
    )
    names: NameSettings = Field(default_factory=NameSettings, description="How typed and proved names become user names.")

    @field_validator("kind")
    @classmethod
    def _supported(cls, value: RealmKind) -> RealmKind:
        if value is RealmKind.AD:
            msg = 'kind = "ad" is not supported by this version: its names are not safe without verifying the PAC'
            raise one(msg)
        return value

    @model_validator(mode="after")
    def _mapping(self) -> "RealmSettings":
        findings = [*self._map_file_problems(), *self._findings(self.names.map)]
        if not findings:
            findings += self._findings(self.names.exceptions)  # what is there twice between `map` and `map_file`, once it is folded
        if findings:
            raise refuse(findings)
        return self

    @property
    def case(self) -> Case:
        """How this realm's names are folded, where the settings leave it out too."""
        return self.names.case or (Case.LOWER if self.kind is RealmKind.AD else Case.KEEP)

    def name_rules(self) -> NameRules:
        """The realm's rules from proved names to user names. Raises nothing once the settings are read."""
        return self._rules_with(self.names.exceptions)

    def _rules_with(self, exceptions: Mapping[str, str]) -> NameRules:
        return NameRules(
            case=self.case,
            allow_instances=self.names.allow_instances,
            shares_users_with=self.names.shares_users_with,
            map=exceptions,
            rules=tuple(each.as_rule() for each in self.names.rules),
            otherwise=self.names.otherwise,
            reserved_users=self.names.reserved_users,
        )

    def _map_file_problems(self) -> Iterator[Problem]:
        """What is wrong with the file's entries one by one, so that each is told with its line."""
        file = self.names.map_file
        if file is None:
            return
        for name, user in file.entries.items():
            try:
                NameRules(case=self.case, allow_instances=self.names.allow_instances, map={name: user})
            except NameSettingsError as error:
                for problem in error.problems:
                    yield Problem(str(file.path), "", problem.removeprefix("map: "), file.lines[name])

    def _findings(self, exceptions: Mapping[str, str]) -> list[Finding | Problem]:
        try:
            self._rules_with(exceptions)
        except NameSettingsError as error:
            return [Finding(problem, ("names",)) for problem in error.problems]
        return []
