"""The table `[realms."NAME"]`."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from kerbauth.core.mapping import Identity, NameRules, NameSettingsError, Otherwise
from kerbauth.core.names import Case
from kerbauth.core.problem import Problem
from kerbauth.core.sid import MalformedSidError, Sid, domain_of, parse_sid
from kerbauth.settings.fields import (
    AccountName,
    Different,
    FilePath,
    KdcAddress,
    Lax,
    Line,
    RealmName,
    Seconds,
    ServicePrincipal,
    Several,
    Table,
)
from kerbauth.settings.findings import Finding, one, refuse
from kerbauth.settings.kdcs import DomainSid, Fast, RealmKind, Site, Transport
from kerbauth.settings.realm_names import NameSettings


class RealmSettings(Table):
    """`[realms."NAME"]`: one Kerberos realm whose users may log in."""

    kind: Annotated[RealmKind, Lax] = Field(description="What sort of KDC the realm has: mit or ad.")
    kdcs: Annotated[tuple[KdcAddress, ...], Lax, Several] = Field(
        (),
        description="The KDCs in the order in which they are asked, as host or host:port; an IPv6 address in brackets. Without a port: 88. "
        "Left out: DNS SRV records name them.",
    )
    transport: Annotated[Transport, Lax] = Field(
        Transport.AUTO,
        description="What the KDCs are asked over. udp: what is too large for it goes over TCP. tcp: never over UDP. auto: for kind ad "
        "tcp; for kind mit udp, and tcp for a KDC that answers over TCP only.",
    )
    resend_passwords: bool = Field(
        True,
        description="With kind mit: whether a request that proves a password is sent to the same KDC again while no answer comes. The KDC "
        "knows it and counts a wrong password once. false where several processes answer at one address, which do not know each other's: "
        "krb5kdc -w, or a load balancer before several KDCs. Never done with kind ad.",
    )
    site: Site | None = Field(
        None,
        description="With kind ad and without `kdcs`: the Active Directory site whose domain controllers are asked first, by its name.",
    )
    kpasswd: Annotated[tuple[KdcAddress, ...], Lax, Several] = Field(
        (),
        description="The servers that change passwords, in the order in which they are tried; an IPv6 address in brackets. Without a "
        "port: 464. Left out: the hosts of the KDCs. With MIT it is the host where kadmind runs. TCP, unless `transport` is udp.",
    )
    ldap: Annotated[tuple[KdcAddress, ...], Lax, Different] = Field(
        (),
        description="With kind ad: the domain controllers that are asked for the SIDs of groups, in the order in which they are tried, as "
        "host or host:port; an IPv6 address in brackets. Without a port: 389. Left out: the hosts of the KDCs. A name must be that of one "
        "domain controller, as its service principals have it. Signed and sealed with Kerberos (SASL), without TLS.",
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
    account: AccountName | None = Field(
        None,
        description="The account behind our service principals, with its key in the keytab, without its realm. Its ticket is the armour of "
        "`fast`; left out, that of `service`. With Active Directory it is needed, unless the account's user principal name is `service`.",
    )
    fast: Annotated[Fast, Lax] = Field(
        Fast.OFF,
        description="Whether passwords go to the KDCs in armour (FAST): off; try (in armour where the KDC is known to take it, else "
        "without); require (never without: no login where there is no armour).",
    )
    default: bool = Field(
        False,
        description="true: the realm of a name that is typed without one. At most one realm.",
    )
    netbios: Line | None = Field(None, description=r"The NetBIOS name of the domain, for names typed like CORP\alice.")
    upn_suffixes: Annotated[tuple[Line, ...], Lax, Different] = Field(
        (), description="What may stand behind the @ of a typed name for this realm, besides the realm's own name."
    )
    domain_sid: DomainSid | None = Field(
        None,
        description="With kind ad: the SID of the domain. Only accounts of it log in as users of this realm, and KDCs of other realms are "
        "not believed about its groups unless `trusts` says so. Needed for `identity` sid, and where several realms of kind ad are "
        "configured.",
    )
    trusts: Annotated[tuple[RealmName, ...], Lax, Different] = Field(
        (),
        description="Other configured realms about whose users and groups this realm's KDC is believed: their users log in here with "
        "tickets for our service in this realm, by a trust between the realms. Each realm's own rules apply to its users.",
    )
    accept_delegated: bool = Field(
        False,
        description="With kind ad: whether users of this realm may be logged in by a service that the domain lets get tickets to ours in "
        "their name (constrained delegation). With protocol transition it may name anybody.",
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

    @field_validator("domain_sid", "ldap")
    @classmethod
    def _of_windows(cls, value: Sid | tuple[str, ...] | None, info: ValidationInfo) -> Sid | tuple[str, ...] | None:
        if value and info.data.get("kind") is RealmKind.MIT:
            msg = 'means nothing with kind = "mit"; remove it'
            raise one(msg)
        return value

    @field_validator("site")
    @classmethod
    def _looked_for(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("kind") is RealmKind.MIT:
            msg = 'means nothing with kind = "mit"; remove it'
            raise one(msg)
        if value is not None and info.data.get("kdcs"):
            msg = "means nothing where `kdcs` name the domain controllers; remove one of the two"
            raise one(msg)
        return value

    @model_validator(mode="after")
    def _mapping(self) -> "RealmSettings":
        findings = [*self._map_file_problems(), *self._findings(self.names.map)]
        if not findings:
            findings += self._identity_findings()
            findings += self._findings(self.names.exceptions)  # what is there twice between `map` and `map_file`, once it is folded
        if findings:
            raise refuse(findings)
        return self

    @property
    def case(self) -> Case:
        """How this realm's names are folded, where the settings leave it out too."""
        return self.names.case or (Case.LOWER if self.kind is RealmKind.AD else Case.KEEP)

    @property
    def asked_over(self) -> Transport:
        """What the KDCs are asked over. Windows' tickets hold a PAC and do not fit a datagram as a rule: auto means TCP there."""
        return Transport.TCP if self.transport is Transport.AUTO and self.kind is RealmKind.AD else self.transport

    def name_rules(self) -> NameRules:
        """The realm's rules from proved names to user names. Raises nothing once the settings are read."""
        return self._rules_with(self.names.exceptions)

    def _rules_with(self, exceptions: Mapping[str, str]) -> NameRules:
        return NameRules(
            case=self.case,
            identity=self.names.identity,
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

    def _identity_findings(self) -> Iterator[Finding]:
        if self.names.identity is not Identity.SID:
            return
        if self.kind is RealmKind.MIT:
            yield Finding('is sid, which means nothing with kind = "mit"; remove it', ("names", "identity"))
        elif self.domain_sid is None:
            yield Finding("is missing, and names.identity is sid; say whose accounts the SIDs are", ("domain_sid",))
        if self.names.otherwise is not Otherwise.REFUSE:
            yield Finding('must be "refuse" where identity is sid: a SID is nobody\'s user name', ("names", "otherwise"))
        for name in self.names.exceptions:
            if self.domain_sid is not None and not _is_member(name, self.domain_sid):
                yield Finding(f"names {name!r}, and identity is sid; expected the SID of an account of `domain_sid`", ("names", "map"))

    def _findings(self, exceptions: Mapping[str, str]) -> list[Finding | Problem]:
        try:
            self._rules_with(exceptions)
        except NameSettingsError as error:
            return [Finding(problem, ("names",)) for problem in error.problems]
        return []


def _is_member(text: str, domain: Sid) -> bool:
    try:
        return domain_of(parse_sid(text)) == domain
    except MalformedSidError:
        return False
