"""Reading JSON bodies: bytes in, parsed values or a `Malformed` out.

Pure, and strict: what two JSON readers could understand differently is refused. A password goes into a `Secret` as soon as it is known to
be a string, and no detail text carries anything that came in.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from kerbauth.core.messages import N_
from kerbauth.core.secret import Secret
from kerbauth.web.wire import BAD_NAME, REPEATABLE, Malformed, is_name

NOT_JSON: Final = N_("The body is not a JSON object in UTF-8.")
MEMBER_TWICE: Final = N_("The body holds a member twice.")
UNKNOWN_MEMBER: Final = N_("The body holds a member that is not known here.")
MEMBER_MISSING: Final = N_("A member is missing from the body.")
NOT_A_STRING: Final = N_("The member must be a string.")
NOT_UNICODE: Final = N_("The member is not valid Unicode text.")


@dataclass(frozen=True, slots=True)
class LoginFields:
    """The members of a login's body. Lengths of name and password are the use case's business."""

    username: str
    password: Secret
    application: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeFields:
    """The members of a password change's body, as little looked at."""

    username: str
    old_password: Secret
    new_password: Secret


class _Unreadable(Exception):  # noqa: N818 -- a control-flow carrier inside this module, never seen outside
    def __init__(self, malformed: Malformed) -> None:
        self.malformed = malformed


_LOGIN: Final = ("username", "password", "application", "tenant")
_CHANGE: Final = ("username", "old_password", "new_password")
_NUMBER: Final = object()  # numbers have no place in these: they are not even converted (CVE-2020-10735)


def read_login(body: bytes) -> LoginFields | Malformed:
    """Read a login's body."""
    try:
        members = _members(body, _LOGIN)
        username = _text(members, "username")
        password = Secret(_text(members, "password").encode())
        application, tenant = (_name(members, key) for key in ("application", "tenant"))
    except _Unreadable as unreadable:
        return unreadable.malformed
    return LoginFields(username, password, application, tenant)


def read_change(body: bytes) -> ChangeFields | Malformed:
    """Read a password change's body."""
    try:
        members = _members(body, _CHANGE)
        username = _text(members, "username")
        old, new = (Secret(_text(members, key).encode()) for key in ("old_password", "new_password"))
    except _Unreadable as unreadable:
        return unreadable.malformed
    return ChangeFields(username, old, new)


def _members(body: bytes, known: tuple[str, ...]) -> dict[str, Any]:
    """The body's members, each known, each once."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=lambda _: _NUMBER,
            parse_float=lambda _: _NUMBER,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):  # a JSONDecodeError holds the whole body: it must not travel any further
        raise _Unreadable(Malformed(400, NOT_JSON)) from None
    if not isinstance(value, dict):
        raise _Unreadable(Malformed(400, NOT_JSON))
    for key in value:
        if key not in known:
            raise _Unreadable(Malformed(422, UNKNOWN_MEMBER, f"/{key}" if REPEATABLE.fullmatch(key) else ""))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:  # RFC 8259 4: what a repeated name means is anybody's guess
            raise _Unreadable(Malformed(400, MEMBER_TWICE, f"/{key}" if key in _LOGIN or key in _CHANGE else ""))
        members[key] = value
    return members


def _no_constant(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are Python's, not JSON's


def _text(members: dict[str, Any], key: str) -> str:
    if key not in members:
        raise _Unreadable(Malformed(422, MEMBER_MISSING, f"/{key}"))
    value = members[key]
    if not isinstance(value, str):
        raise _Unreadable(Malformed(422, NOT_A_STRING, f"/{key}"))
    # RFC 8259 8.2: escapes can spell half a character
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _Unreadable(Malformed(422, NOT_UNICODE, f"/{key}"))
    return value


def _name(members: dict[str, Any], key: str) -> str | None:
    if key not in members:
        return None
    value = _text(members, key)
    if not is_name(value):
        raise _Unreadable(Malformed(422, BAD_NAME, f"/{key}"))
    return value
