"""The configuration files of a test domain: the controller's smb.conf(5) and its people's krb5.conf(5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CONTROLLER = """[global]
netbios name = DC1
realm = {realm}
workgroup = {netbios}
server role = active directory domain controller
# Loopback only; without the /8 Samba finds no interface.
interfaces = {address}/8
bind interfaces only = yes
disable netbios = yes
server services = ldap, cldap, kdc
tls enabled = {tls}
dns update command = /bin/true
# One line of JSON for each attempt to log in, written before the reply is sent. An option -d of samba would take its place.
log level = 1 auth_json_audit:3
auth event notification = no
private dir = {folder}/private
state directory = {folder}/state
lock directory = {folder}/lock
cache directory = {folder}/cache
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
ntp signd socket directory = {folder}/run/ntp_signd
winbindd socket directory = {folder}/run/winbindd
binddns dir = {folder}/bind-dns
log file = {folder}/log/log.%m
load printers = no
printing = bsd
printcap name = /dev/null
# Provisioning refuses a file without these two shares.
[sysvol]
path = {folder}/state/sysvol
read only = no
[netlogon]
path = {folder}/state/sysvol/{dns}/scripts
read only = no
"""
FOLDERS = ("private", "state", "lock", "cache", "run", "log", "bind-dns")

_CLIENT = """[libdefaults]
default_realm = {realm}
dns_lookup_realm = false
dns_lookup_kdc = false
dns_uri_lookup = false
dns_canonicalize_hostname = false
rdns = false
# TCP at once: a ticket with a PAC has no room in a datagram.
udp_preference_limit = 1
forwardable = true
[realms]
{realms}
[domain_realm]
{hosts}
"""


@dataclass(frozen=True)
class Place:
    """What a domain is called and where its controller listens."""

    realm: str
    netbios: str
    address: str

    @property
    def dns(self) -> str:
        return self.realm.lower()

    @property
    def typed(self) -> tuple[str, ...]:
        """The realm, and what people write in its stead: by these a client finds the KDC, which puts the name right (kinit -C)."""
        return self.realm, self.dns, self.netbios


def controller_conf(place: Place, folder: Path, *, tls: bool) -> str:
    """smb.conf of a controller that keeps all its files below `folder`."""
    return _CONTROLLER.format(
        realm=place.realm, netbios=place.netbios, address=place.address, folder=folder, dns=place.dns, tls="yes" if tls else "no"
    )


def client_conf(home: Place, friends: Iterable[Place] = ()) -> str:
    """krb5.conf of a domain's people, who also know the domains it trusts."""
    known = (home, *friends)
    realms = "".join(f"{name} = {{\nkdc = {at.address}:88\nkpasswd_server = {at.address}:464\n}}\n" for at in known for name in at.typed)
    hosts = "".join(f".{at.dns} = {at.realm}\n{at.dns} = {at.realm}\n" for at in known)
    return _CLIENT.format(realm=home.realm, realms=realms, hosts=hosts)
