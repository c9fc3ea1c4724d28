"""What the demonstration shows: users in every interesting state, and a permission file in Genesys' terms."""

from dataclasses import dataclass
from typing import Final

from kerbauth.demo.principals import Service, User

REALM: Final = "DEMO.KERBAUTH.TEST"
SERVICE: Final = "HTTP/localhost"
PASSWORD: Final = "Demo-Passw0rd!"  # noqa: S105 -- of users that live as long as the demonstration
NEW_PASSWORD: Final = "Another-Passw0rd!"  # noqa: S105 -- the same
APPLICATION: Final = "desktop"


# What kadmin reads as dates (kadmin(1), "Date format").
YESTERDAY: Final = "yesterday"
IN_THREE_DAYS: Final = "3 days"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One user, what is special about them, and the reason a trusted client is told (empty: granted)."""

    user: User
    about: str
    reason: str = ""
    disabled_in_genesys: bool = False
    in_genesys: bool = True
    in_group: bool = True

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.name


EXHIBITS: Final = (
    Exhibit(User("alice", PASSWORD), "a user in good standing"),
    Exhibit(User("erin", PASSWORD, password_expires=YESTERDAY), "the password has expired", "password-expired"),
    Exhibit(User("mike", PASSWORD, attributes=("+needchange",)), "must change the password first", "password-must-change"),
    Exhibit(User("dora", PASSWORD, attributes=("-allow_tix",)), "the account is disabled in Kerberos", "account-disabled"),
    Exhibit(User("axel", PASSWORD, expires=YESTERDAY), "the account has expired", "account-expired"),
    Exhibit(User("svc-backup", PASSWORD), "no mapping rule leads to a user name", "no-user-mapping", in_genesys=False),
    Exhibit(User("gina", PASSWORD), "known to Kerberos, unknown to Genesys", "unknown-genesys-user", in_genesys=False),
    Exhibit(User("nora", PASSWORD), "in Genesys, but with no grant for the application", "not-permitted", in_group=False),
    Exhibit(User("dave", PASSWORD), "disabled in Genesys", "user-disabled", disabled_in_genesys=True),
    Exhibit(User("wendy", PASSWORD, password_expires=IN_THREE_DAYS), "the password expires in three days, which a message says"),
)
SERVICES: Final = (Service(SERVICE),)


def permission_file() -> str:
    """The sample permission file: persons, applications with types, access groups, grants."""
    lines = ["# Who may enter what, in Genesys' terms. What is not granted is refused.", ""]
    persons = [exhibit for exhibit in EXHIBITS if exhibit.in_genesys]
    for exhibit in persons:
        lines += ["[[persons]]", f'user = "{exhibit.name}"', f'external_id = "{exhibit.name}@{REALM}"']
        lines += ["enabled = false", ""] if exhibit.disabled_in_genesys else [""]
    members = ", ".join(f'"{exhibit.name}"' for exhibit in persons if exhibit.in_group)
    return (
        "\n".join(lines)
        + f"""\
[[applications]]
name = "{APPLICATION}"
type = "agent-desktop"

[[applications]]
name = "administrator"
type = "administrator-extension"

[[access_groups]]
name = "agents"
members = [{members}]

[[access_groups]]
name = "everybody"
groups = ["agents"]

[[grants]]
application = "{APPLICATION}"
group = "everybody"
permissions = ["read", "execute"]

[[grants]]
application = "administrator"
user = "alice"
permissions = ["read"]
"""
    )


def configuration(listen: str, kdc: str, keytab: str, kpasswd: str = "") -> str:
    """The demonstration's kerbauth.toml, with every other file beside it. Without `kpasswd` the KDC's host changes passwords."""
    changes = f'kpasswd = ["{kpasswd}"]\n' if kpasswd else ""
    return f"""\
[server]
listen = "{listen}"
log_level = "warning"
runtime_directory = "run"

[realms."{REALM}"]
kind = "mit"
kdcs = ["{kdc}"]
{changes}keytab = "{keytab}"
service = "{SERVICE}"
default = true

[realms."{REALM}".names]
rules = [{{ principal = "svc-*", refuse = true }}]
otherwise = "name"

[permissions]
adapter = "static"
file = "permissions.toml"

[clients."trusted"]
token_file = "trusted.token"
disclosure = "full"

[throttle]
account_failures = 50  # what is printed can be tried again and again; the default is 4
pause = 0.0

[audit]
file = "audit.jsonl"
"""
