"""The configured realms, as each part of the service knows them."""

from kerbauth.core.mapping import NameMapper
from kerbauth.core.names import RealmDirectory
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings import RealmKind, Settings, name_rules, realm_names


def kerberos_realms(settings: Settings, workers: int = 1) -> tuple[KerberosRealm, ...]:
    """The configured realms as the Kerberos side knows them.

    The limits of a realm are the whole service's: each of `workers` processes has its share, rounded up.
    """
    return tuple(
        KerberosRealm(
            name=name,
            kdcs=realm.kdcs,
            keytab=realm.keytab,
            service=realm.service,
            also_accept=realm.also_accept,
            keytab_group=realm.keytab_group,
            deadline=realm.deadline,
            max_concurrent=_share(realm.max_concurrent, workers),
            max_waiting=_share(realm.max_waiting, workers),
            expiry_warning_days=realm.expiry_warning_days,
            transport=realm.asked_over,
            resend_passwords=realm.resend_passwords and realm.kind is RealmKind.MIT,
            site=realm.site,
            dns_servers=settings.dns.servers,
            kpasswd=realm.kpasswd,
            ldap=realm.ldap,
            account=realm.account,
            fast=realm.fast,
            kind=realm.kind,
            netbios=realm.netbios,
            domain_sid=realm.domain_sid,
            trusts=realm.trusts,
            accept_delegated=realm.accept_delegated,
        )
        for name, realm in settings.realms.items()
    )


def realm_directory(settings: Settings) -> RealmDirectory:
    """The configured realms as typed names point at them."""
    return RealmDirectory(realm_names(settings))


def name_mapper(settings: Settings) -> NameMapper:
    """All realms' mapping rules."""
    return NameMapper(name_rules(settings))


def default_realm(settings: Settings) -> str | None:
    """The realm of names that are typed without one, if there is one."""
    return next((name for name, realm in settings.realms.items() if realm.default), None)


def _share(limit: int, workers: int) -> int:
    return -(-limit // workers)
