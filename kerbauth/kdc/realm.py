"""What the Kerberos side needs to know of a configured realm."""

from dataclasses import dataclass
from pathlib import Path

from kerbauth.core.sid import Sid
from kerbauth.settings.kdcs import Fast, RealmKind, Transport


@dataclass(frozen=True, slots=True)
class KerberosRealm:
    """One realm: its KDCs, our own service principal in it, and the limits of one login.

    `kdcs` are `host` or `host:port`; empty means that DNS SRV names them, asked at `dns_servers` (none: those of the machine), the domain
    controllers of the Active Directory site `site` first. `service` and `also_accept` are service principals without realm, e.g.
    `HTTP/sso.corp.example`. `deadline` is in seconds. With `transport` AUTO, UDP comes first. `resend_passwords` says that these KDCs
    answer a request with a password in it that comes twice from memory (MIT: kdc/replay.c), so that it is counted once.
    `expiry_warning_days` is how far ahead of the end of a password or account its user is warned; 0 is never.
    `account` is the account behind the service principals, without realm, with its key in the keytab; None: there is none but `service`.
    `fast` says whether passwords go out in armour, made of the ticket of `client`.
    `kpasswd` are the password-changing servers, `host` or `host:port`; empty: the KDCs' hosts. `ldap` are the directory servers likewise.
    With `kind` AD a domain controller answers. `netbios` and `domain_sid` are what the accounts' domain is called then, where the settings
    say it. `trusts` are the realms about whose users this one's KDC is believed as well.
    `accept_delegated`: services may log its users in, by delegation.
    """

    name: str
    kdcs: tuple[str, ...]
    keytab: Path
    service: str
    also_accept: tuple[str, ...] = ()
    keytab_group: str | None = None
    deadline: float = 5.0
    max_concurrent: int = 32
    max_waiting: int = 1000
    expiry_warning_days: int = 7
    transport: Transport = Transport.AUTO
    resend_passwords: bool = False
    site: str | None = None
    dns_servers: tuple[str, ...] = ()
    kpasswd: tuple[str, ...] = ()
    ldap: tuple[str, ...] = ()
    account: str | None = None
    fast: Fast = Fast.OFF
    kind: RealmKind = RealmKind.MIT
    netbios: str | None = None
    domain_sid: Sid | None = None
    trusts: tuple[str, ...] = ()
    accept_delegated: bool = False

    @property
    def services(self) -> tuple[str, ...]:
        """Every service principal, with its realm in text form, that a client may ask for."""
        return tuple(f"{service}@{self.name}" for service in (self.service, *self.also_accept))

    @property
    def asked_about(self) -> str:
        """Our own principal, in text form, about which KDCs are asked for a sign of life.

        In Active Directory service principals are names of an account and no clients, so it is the account, where the settings name it.
        """
        return self.services[0] if self.kind is RealmKind.MIT else self.client

    @property
    def known_there(self) -> str | None:
        """The same where a KDC that does not know it cannot be of use. A domain controller need not know services as clients."""
        return self.asked_about if self.kind is RealmKind.MIT or self.account is not None else None

    @property
    def unknown_there(self) -> str | None:
        """A principal that an MIT KDC does not know, and a domain controller that knows `known_there` does: the same in other cases of its
        letters. None in Active Directory.
        """
        return f"{self.service.swapcase()}@{self.name}" if self.kind is RealmKind.MIT else None

    @property
    def client(self) -> str:
        """The principal, with its realm in text form, as which we ask the KDC for tickets ourselves."""
        return f"{self.account or self.service}@{self.name}"
