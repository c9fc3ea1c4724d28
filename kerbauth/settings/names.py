"""From the realms' tables to the rules of the core: how names are read and mapped, and what is wrong with them together."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from kerbauth.core.mapping import NameMapper, NameRules
from kerbauth.core.names import NameSettingsError, RealmDirectory, RealmNames
from kerbauth.settings.findings import Finding
from kerbauth.settings.kdcs import RealmKind
from kerbauth.settings.realms import RealmSettings

if TYPE_CHECKING:
    from kerbauth.settings.model import Settings


def realm_names(settings: "Settings") -> tuple[RealmNames, ...]:
    """What the reading of typed names needs: input for RealmDirectory, which takes it without an error."""
    return _realm_names(settings.realms)


def name_rules(settings: "Settings") -> Mapping[str, NameRules]:
    """Each realm's rules from proved names to user names: input for NameMapper, in which it finds no problems."""
    return _name_rules(settings.realms)


def name_findings(realms: Mapping[str, RealmSettings]) -> tuple[Finding, ...]:
    """Everything that is wrong with the names of realms that are fine one by one."""
    return tuple(_findings(realms))


def _realm_names(realms: Mapping[str, RealmSettings]) -> tuple[RealmNames, ...]:
    return tuple(
        RealmNames(
            realm=name,
            default=realm.default,
            netbios=realm.netbios,
            upn_suffixes=realm.upn_suffixes,
            case=realm.case,
            allow_instances=realm.names.allow_instances,
            windows=realm.kind is RealmKind.AD,
        )
        for name, realm in realms.items()
    )


def _name_rules(realms: Mapping[str, RealmSettings]) -> Mapping[str, NameRules]:
    return {name: realm.name_rules() for name, realm in realms.items()}


def _findings(realms: Mapping[str, RealmSettings]) -> Iterator[Finding]:
    if not realms:
        yield Finding('name no realm; add a table [realms."CORP.EXAMPLE"] with kind, keytab and service')
        return
    try:
        RealmDirectory(_realm_names(realms))
    except NameSettingsError as error:
        for problem in error.problems:
            yield Finding(problem)
    for problem in NameMapper(_name_rules(realms)).problems():
        yield Finding(problem)
    yield from _domains({name: realm for name, realm in realms.items() if realm.kind is RealmKind.AD})
    for name, realm in realms.items():
        for position, other in enumerate(realm.trusts):
            if other == name or other not in realms:
                problem = f"is {other!r}; expected another configured realm, exactly as it is written there"
                yield Finding(problem, (name, "trusts", position))


def _domains(windows: Mapping[str, RealmSettings]) -> Iterator[Finding]:
    """What is wrong with the domains' SIDs: without them one domain's controllers could describe accounts and groups as another's."""
    known: dict[str, str] = {}
    for name, realm in windows.items():
        if realm.domain_sid is None:
            if len(windows) > 1:
                yield Finding("is missing, and there are several realms of kind ad; say whose accounts they are", (name, "domain_sid"))
        elif (owner := known.setdefault(realm.domain_sid, name)) != name:
            yield Finding(f"is that of the realm {owner} already", (name, "domain_sid"))
