"""The accounts of the tests' domains: one of every name, state and sort of group, and more of a state for whoever changes one."""

from collections.abc import Callable

from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain

NEVER = b"\0" * 21  # logonHours: one bit for each hour of the week
LONG = "name-of-thirty-one-characters-x"
NAMES = ("alice", "CamelCase", "jürgen", "Åsa", "straße", "ユーザー", "o'neil", "john smith", "first.last", LONG)
MACHINE, KEYLESS_MACHINE = "ceo", "WKS01"  # the accounts ceo$, whose password is that of the users, and WKS01$, which has none

GROUPS = (
    # name, kind, members
    ("Engineers", "global", ["alice"]),
    ("Platform", "global", ["Engineers"]),
    ("AllTech", "global", ["Platform"]),
    ("DomLocal", "local", ["Platform"]),
    ("Univ1", "universal", ["alice"]),
    ("Dist1", "distribution", ["alice"]),
)


def _flag(flag: str) -> Callable[[Domain, str], object]:
    return lambda domain, user: domain.ask("flags", user, flag)


# What is done to a new user of the kind; the user of a kind that is there from the start is named like the kind.
KINDS: dict[str, Callable[[Domain, str], object]] = {
    "disabled": _flag("ACCOUNTDISABLE"),
    "expired": lambda domain, user: domain.ask("set", user, accountExpires="133000000000000000"),  # in 2022
    "mustchange": lambda domain, user: domain.ask("password", user, PASSWORD, must_change=True),
    "oldpassword": lambda domain, user: domain.ask("password_age", user, 100),  # days; the domain's maxPwdAge is 42
    "nighttime": lambda domain, user: domain.ask("logon_hours", user, NEVER.hex()),
    "elsewhere": lambda domain, user: domain.ask("set", user, userWorkstations="SOMEPC"),
    "locked": lambda domain, user: domain.ask("lock", user, domain.lockout_threshold),
    "nopreauth": _flag("DONT_REQUIRE_PREAUTH"),
    "notdelegated": _flag("NOT_DELEGATED"),
    "smartcard": _flag("SMARTCARD_REQUIRED"),
    "protected": lambda domain, user: domain.ask("members", "Protected Users", [user]),
    "rc4only": lambda domain, user: domain.ask("without_aes", user),
}


def user_of(domain: Domain, kind: str, name: str = "") -> str:
    """Make a user of a kind, of a fresh name if none is given; the sAMAccountName."""
    user = domain.user(name)
    KINDS[kind](domain, user)
    return user


def seed(domain: Domain) -> None:
    """An account in every state and of every sort of name."""
    domain.ask("upn_suffixes", "corp.example")
    for name in NAMES:
        domain.user(name)
    domain.user("bob", userPrincipalName="bob.builder@corp.example")
    for kind in KINDS:
        user_of(domain, kind, kind)
    domain.ask("computer", MACHINE, PASSWORD)
    domain.ask("computer", KEYLESS_MACHINE)
    for name, kind, members in GROUPS:
        domain.ask("group", name, kind, members)


def seed_service(domain: Domain) -> None:
    """Our service's account, with AES keys only, and the names by which LDAP clients know the domain controller."""
    domain.user(
        SERVICE_ACCOUNT,
        "canary-of-the-service-K9",
        servicePrincipalName=[f"HTTP/{domain.host}", "HTTP/localhost"],
        **{"msDS-SupportedEncryptionTypes": "24"},
    )
    host = f"ldap/{domain.controller_host}"
    domain.ask("add", "DC1$", servicePrincipalName=[host, f"{host}/{domain.dns}"])
