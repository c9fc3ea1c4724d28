"""The directories of the configured domains, for the permission source that asks for groups by name."""

from kerbauth.core.text import caseless
from kerbauth.directory import GroupDirectory
from kerbauth.kdc.accept import Acceptor
from kerbauth.kdc.directory.groups import LdapGroups, RealmGroups
from kerbauth.kdc.directory.tickets import OwnTickets
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.verifier import KerberosVerifier
from kerbauth.permissions.adapter import Domain
from kerbauth.permissions.groups import GroupsSource
from kerbauth.ports import PermissionSource
from kerbauth.settings import RealmKind, Settings


def domains(settings: Settings) -> dict[str, Domain]:
    """The configured realms by what may stand before a backslash. The settings have seen to it that no name is two realms'."""
    return {
        caseless(called): Domain(name, realm.kind is RealmKind.AD)
        for name, realm in settings.realms.items()
        for called in (name, realm.netbios)
        if called is not None
    }


def group_directory(realms: tuple[KerberosRealm, ...], verifier: KerberosVerifier, acceptor: Acceptor) -> GroupDirectory:
    """A directory for each realm of kind ad, with tickets from the KDCs that `verifier` asks. Nothing is asked yet."""
    directories = {}
    for realm in realms:
        asking = verifier.asking(realm)
        if realm.kind is RealmKind.AD and asking is not None:
            directories[realm.name] = RealmGroups(realm, OwnTickets(realm, asking, verifier.cpu, acceptor.clients))
    return LdapGroups(directories)


def put_to_work(source: PermissionSource, directory: GroupDirectory, before: PermissionSource | None) -> PermissionSource:
    """The source as it serves: one that asks for groups begins to look them up, and knows what the one it follows has found."""
    if not isinstance(source, GroupsSource):
        return source
    working = source.working(directory, before if isinstance(before, GroupsSource) else None)
    working.begin()
    return working


def put_down(source: PermissionSource) -> None:
    """Let it end what it does in the background."""
    if isinstance(source, GroupsSource):
        source.close()
