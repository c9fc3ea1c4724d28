"""A realm's KDCs, as its settings say."""

from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.transport.directory import Directory
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.kdc.transport.names import Configured
from kerbauth.kdc.transport.probes import BuildProbe
from kerbauth.kdc.transport.srv import BySrv
from kerbauth.settings.kdcs import Transport


def kdcs_of(realm: KerberosRealm, probe: BuildProbe, workers: int = 1) -> Kdcs:
    """The realm's KDCs, not started yet. Raises ValueError for a name or a name server that is none."""
    return Kdcs(
        realm.name,
        directory_of(realm),
        probe,
        transport=realm.transport,
        resend_passwords=realm.resend_passwords,
        workers=workers,
    )


def directory_of(realm: KerberosRealm) -> Directory:
    """Where its KDCs are named. Raises ValueError for a name or a name server that is none."""
    if realm.kdcs:
        return Configured(realm.kdcs)
    return BySrv(realm.name, over_tcp=realm.transport is Transport.TCP, site=realm.site, servers=realm.dns_servers)
