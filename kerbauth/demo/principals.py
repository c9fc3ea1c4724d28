"""What is in a throw-away realm, the kadmin.local commands that put it there (kadmin(1)), and what its users' programs need to know."""

from dataclasses import dataclass, field
from pathlib import Path

# Where the commands are read, libss keeps a line in a buffer of stdio's BUFSIZ and cuts what is longer (e2fsprogs, lib/ss/listen.c).
_LONGEST_LINE = 8191


@dataclass(frozen=True, slots=True)
class Policy:
    """A password policy. `options` are kadmin's, e.g. `("-maxfailure", "3", "-failurecountinterval", "60s")`."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A user principal, named without the realm and escaped as in krb5_parse_name(3).

    `attributes` are kadmin's flags, e.g. `("+needchange",)` or `("-allow_tix",)`; pre-authentication is required in any case.
    `password_expires` and `expires` are kadmin's dates, e.g. "yesterday", "3 days", "2031-01-31 00:00 UTC".
    """

    name: str
    password: str = field(repr=False)
    attributes: tuple[str, ...] = ()
    password_expires: str = ""
    expires: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service principal with a random key, written to the file `keytab` of the realm's folder. Two may share a file."""

    name: str
    keytab: str = "service.keytab"
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RealmDescription:
    """A realm. With `lockout` its KDC counts failed passwords, which policies with -maxfailure need. With `kpasswd` a kadmind beside the
    KDC changes passwords.
    """

    name: str
    users: tuple[User, ...] = ()
    services: tuple[Service, ...] = ()
    policies: tuple[Policy, ...] = ()
    lockout: bool = False
    kpasswd: bool = False


def quoted(text: str) -> str:
    """`text` as one argument of a kadmin command: in double quotes, a quote inside doubled (libss, lib/ss/parse.c).

    Raises ValueError for what a line cannot hold: a line break or NUL.
    """
    if any(stop in text for stop in "\n\r\0"):
        raise ValueError("a line break or NUL cannot be in an argument of kadmin")
    return '"' + text.replace('"', '""') + '"'


def command(verb: str, *arguments: str) -> str:
    """One line for kadmin.local, every argument quoted. Raises ValueError if kadmin.local could not read it."""
    line = " ".join((verb, *map(quoted, arguments)))
    if len(line.encode()) >= _LONGEST_LINE:
        raise ValueError("the command is longer than kadmin.local reads")
    return line


def add_user(user: User) -> str:
    """The command that creates `user`."""
    return command("add_principal", *_user_options(user), "-pw", user.password, user.name)


def _user_options(user: User) -> tuple[str, ...]:
    options = ["+requires_preauth", *user.attributes]
    # Without either, kadmin warns of a missing policy on standard error, which is where errors are looked for.
    options += ["-policy", user.policy] if user.policy else ["-clearpolicy"]
    if user.password_expires:
        options += ["-pwexpire", user.password_expires]
    if user.expires:
        options += ["-expire", user.expires]
    return tuple(options)


def add_service(service: Service) -> str:
    """The command that creates `service` with a random key."""
    return command("add_principal", "-clearpolicy", *service.attributes, "-randkey", service.name)


def export_keys(name: str, keytab: str) -> str:
    """The command that appends every key that `name` has to the file `keytab`, leaving the keys as they are."""
    return command("ktadd", "-k", keytab, "-norandkey", name)


def creation(description: RealmDescription, folder: str) -> str:
    """The commands that fill the realm's empty database and write its keytabs into `folder`."""
    lines = [command("add_policy", *policy.options, policy.name) for policy in description.policies]
    lines += [add_user(user) for user in description.users]
    for service in description.services:
        lines += [add_service(service), export_keys(service.name, f"{folder}/{service.keytab}")]
    return "".join(f"{line}\n" for line in lines)


def client_configuration(description: RealmDescription, kdc: str, ccache: Path, kpasswd: str = "") -> str:
    """A krb5.conf(5) for users of the realm: this KDC only, TCP, no DNS, host names taken as they are typed."""
    hosts = sorted({service.name.partition("/")[2] for service in description.services} - {""})
    changes = f"        kpasswd_server = {kpasswd}\n" if kpasswd else ""
    mapping = "".join(f"    {host} = {description.name}\n" for host in hosts)
    return f"""[libdefaults]
    default_realm = {description.name}
    default_ccache_name = FILE:{ccache}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {description.name} = {{
        kdc = {kdc}
{changes}    }}
[domain_realm]
{mapping}"""
