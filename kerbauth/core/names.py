"""Reading what a person typed as a user name: which realm is meant, and which principal to ask its KDC for.

The grammar, after NFC and with surrounding blanks taken away:

    name                the default realm
    name@suffix         suffix: a realm, a UPN suffix or a NetBIOS name, each without case
    DOMAIN\\name         DOMAIN: a NetBIOS name or a realm, each without case

`name` is one component, or several with `/` between them. A backslash right before `@`, `/` or another backslash quotes it (RFC 1964
2.1.1); **every other backslash ends a domain**. That is unambiguous without looking at the settings: the remaining quotings of RFC 1964
(`\\n`, `\\t`, `\\b`, `\\0`) stand for control characters, which no typed name may hold, so `CORP\\nadia` can only be a domain and a name;
and no name begins with `@`, `/` or a backslash unless quoted. An unknown domain is an unknown realm, not a malformed name.

In Active Directory a name with a suffix is a user principal name: the account `bob` may answer to `bob.builder@corp.example`, where neither
half tells its own name. There the KDC is asked for the whole of it (an enterprise name, RFC 6806 5) and says whose it is. A NetBIOS name
as the suffix is not part of a UPN, and is read like a domain.

What no KDC is asked for: names with control characters or an empty part, or longer than 512 characters (characters, not bytes, so that
255 characters of any script fit); a domain and a suffix at once; blanks beside a separator (Active Directory ignores blanks at the end
of a name and would hand them back in the proved one); names that end in `$`, which are machines in Active Directory; instances
(`alice/admin`) unless the realm allows them; and never the services of Kerberos itself, which a KDC takes for users if asked
(`krbtgt/…`, `kadmin/changepw`). Instances are refused here rather than after the proof because a KDC would test a service's key as if it
were a password. All of these are `malformed-name`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from kerbauth.core import text
from kerbauth.core.messages import N_
from kerbauth.core.names_realms import Case, NameSettingsError, RealmDirectory, RealmNames
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret

__all__ = [
    "NAME_LIMIT",
    "PASSWORD_LIMIT",
    "Asked",
    "Case",
    "NameSettingsError",
    "NotAsked",
    "RealmDirectory",
    "RealmNames",
    "check_password",
    "is_machine",
    "is_service",
    "read",
]

NAME_LIMIT: Final = 512  # characters
PASSWORD_LIMIT: Final = 1024  # bytes of UTF-8

_SERVICES: Final = frozenset({"krbtgt", "kadmin", "wellknown"})  # RFC 4120 7.3, RFC 6111; kadmin: MIT's administration service

TOO_LONG: Final = N_("The user name is too long.")
EMPTY: Final = N_("The user name is empty, or a part of it is.")
CONTROLS: Final = N_("The user name holds a control character, for example a line end or an invisible formatting character.")
BLANKS: Final = N_("The user name has a blank next to a separator.")
LAST_BACKSLASH: Final = N_("The user name ends in a backslash.")
TWO_REALMS: Final = N_("The user name says more than once where it belongs. Enter it like alice, alice@example.com or DOMAIN\\alice.")
SLASH_IN_REALM: Final = N_("The user name has a slash behind the @ sign.")
MACHINE: Final = N_("The user name ends in a dollar sign, as machine accounts do. Machines do not log in here.")
INSTANCE: Final = N_("The user name has a slash in it. Such names are not allowed to log in here.")
NO_DEFAULT: Final = N_("The user name says no realm, and no realm is set as the default. Enter it like alice@example.com.")
NO_SUCH_REALM: Final = N_("The domain or realm of the user name is not known here.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A typed name, read: the principal to ask the KDC for, and how the name was understood (one sentence, for explanations).

    `supposed` is the principal that it is likely to be: the same, but for a user principal name, of which only the KDC knows.
    """

    principal: Principal
    how: str
    supposed: Principal


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A typed name that leads to no realm or is malformed: MALFORMED_NAME or UNKNOWN_REALM. `problem` is a message id, one sentence."""

    reason: Reason
    problem: str


class _MalformedError(Exception):
    """Carries the message id of what is wrong with a typed name."""


@dataclass(slots=True)
class _Typed:
    """A typed name, taken apart and its quoting away."""

    domain: str | None = None
    components: list[str] = field(default_factory=list)
    suffix: str | None = None


def read(typed: str, realms: RealmDirectory) -> Asked | NotAsked:
    """Read a typed name by the grammar above. Any text at all gives an answer; nothing is raised, and no KDC or DNS is needed."""
    try:
        parts = _take_apart(_clean(typed))
        _check(parts.components)
        return _ask(parts, realms)
    except _MalformedError as error:
        return NotAsked(Reason.MALFORMED_NAME, str(error))


def _clean(typed: str) -> str:
    if len(typed) > NAME_LIMIT:
        raise _MalformedError(TOO_LONG)
    if text.has_control(typed):
        raise _MalformedError(CONTROLS)
    return text.nfc(typed).strip(text.BLANKS)


def _take_apart(name: str) -> _Typed:
    """Split at the separators. Raises _MalformedError."""
    parts = _Typed()
    current = ""
    for character, separates in _tokens(name):
        if not separates:
            current += character
            continue
        if parts.suffix is not None:
            raise _MalformedError(SLASH_IN_REALM if character == "/" else TWO_REALMS)
        if character == "\\":
            if parts.domain is not None or parts.components:
                raise _MalformedError(TWO_REALMS)
            parts.domain = current
        else:
            parts.components.append(current)
        if character == "@":
            if parts.domain is not None:
                raise _MalformedError(TWO_REALMS)
            parts.suffix = ""
        current = ""
    if parts.suffix is None:
        parts.components.append(current)
    else:
        parts.suffix = current
    if not all((*parts.components, parts.domain != "", parts.suffix != "")):
        raise _MalformedError(EMPTY)
    return parts


def _tokens(name: str) -> Iterator[tuple[str, bool]]:
    """The characters with their quoting gone, and whether they separate."""
    characters = iter(name)
    for character in characters:
        if character != "\\":
            yield character, character in "@/"
            continue
        following = next(characters, None)
        if following is None:
            raise _MalformedError(LAST_BACKSLASH)
        if following not in "@/\\":
            yield character, True
        yield following, False


def _check(components: list[str]) -> None:
    if any(part != part.strip(text.BLANKS) for part in components):
        raise _MalformedError(BLANKS)
    if is_machine(components):
        raise _MalformedError(MACHINE)


def _ask(parts: _Typed, realms: RealmDirectory) -> Asked | NotAsked:
    unknown = NO_SUCH_REALM
    if parts.domain is not None:
        names, how = realms.by_domain(parts.domain), f"the domain {parts.domain}"
    elif parts.suffix is not None:
        names, how = realms.by_suffix(parts.suffix), f"the suffix {parts.suffix}"
    else:
        names, how, unknown = realms.default, "no domain or suffix", NO_DEFAULT
    if names is None:
        return NotAsked(Reason.UNKNOWN_REALM, unknown)
    if is_service(parts.components) or (len(parts.components) > 1 and not names.allow_instances):
        raise _MalformedError(INSTANCE)
    supposed = Principal(tuple(names.case.fold(part) for part in parts.components), names.realm)
    upn = parts.suffix is not None and names.takes_upn(parts.suffix) and len(parts.components) == 1
    principal = Principal((f"{supposed.components[0]}@{names.case.fold(str(parts.suffix))}",), names.realm) if upn else supposed
    if len(principal.name) > NAME_LIMIT:
        raise _MalformedError(TOO_LONG)
    folded = "" if names.case is Case.KEEP else f", in {names.case} case"
    whose = ", a user principal name, and says whose it is" if upn else ""
    return Asked(principal, f"With {how} it belongs to {names.realm}; its KDC is asked for {principal}{folded}{whose}.", supposed)


def is_machine(components: Sequence[str]) -> bool:
    """Whether a name is a machine's or a managed service's account in Active Directory, whose sAMAccountName ends in `$` (MS-SAMR)."""
    return any(part.endswith("$") for part in components)


def is_service(components: Sequence[str]) -> bool:
    """Whether a name with an instance belongs to Kerberos itself: ticket granting, administration, anonymous."""
    return len(components) > 1 and text.caseless(components[0]) in _SERVICES


def check_password(password: Secret) -> Reason | None:
    """Why a password cannot be put to a KDC, or None. Nothing is ever cut or changed.

    Empty passwords are refused because other systems read them as `no password`. One with a NUL would be cut there by libkrb5, so that
    another password than the typed one would be checked; no reason says just that, so it is `malformed-request`, as for any other
    request that cannot be carried out as it stands. All other characters are the user's own.
    """
    if not password:
        return Reason.EMPTY_PASSWORD
    if len(password) > PASSWORD_LIMIT:
        return Reason.PASSWORD_TOO_LONG
    if b"\0" in password.reveal():
        return Reason.MALFORMED_REQUEST
    return None
