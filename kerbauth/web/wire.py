"""Reading requests: header values and bytes in, parsed values or a `Malformed` out.

Pure: nothing here knows the web server, reads a clock or logs. A password goes into a `Secret` as soon as it is known
to be a string, and no detail text carries anything that came in.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from kerbauth.core.messages import N_
from kerbauth.core.secret import Secret
from kerbauth.core.text import has_control
from kerbauth.core.traceparent import TraceParent, read_traceparent

BODY_LIMIT: Final = 65_536
"""Bytes of a login body: a name, a password and two more names, with room for JSON's six-byte escapes of every
character.
"""

TOKEN_LIMIT: Final = 65_536 + 2_048
"""Bytes of a decoded Negotiate token: Windows' MaxTokenSize is at most 65 535 (MS KB 327825); the rest is SPNEGO's own
framing.
"""

NAME_LIMIT: Final = 255
"""Characters of an application's or a tenant's name; Genesys allows 255."""

NOT_JSON: Final = N_("The body is not a JSON object in UTF-8.")
MEMBER_TWICE: Final = N_("The body holds a member twice.")
UNKNOWN_MEMBER: Final = N_("The body holds a member that is not known here.")
MEMBER_MISSING: Final = N_("A member is missing from the body.")
NOT_A_STRING: Final = N_("The member must be a string.")
NOT_UNICODE: Final = N_("The member is not valid Unicode text.")
BAD_NAME: Final = N_("The name must have between 1 and 255 characters and no control characters.")
NOT_JSON_TYPE: Final = N_("The body must be sent as application/json, in UTF-8.")
ENCODED_BODY: Final = N_("The body must not be compressed or otherwise encoded.")
BODY_TOO_LARGE: Final = N_("The body is larger than 64 kB.")
BODY_CUT: Final = N_("The body did not arrive completely, or not in time.")
BAD_QUERY: Final = N_("The query string cannot be read.")
UNKNOWN_PARAMETER: Final = N_("The query string holds a parameter that is not known here.")
PARAMETER_TWICE: Final = N_("The query string holds a parameter twice.")
HEADER_TWICE: Final = N_("The header may be sent only once.")
TWO_CLIENT_TOKENS: Final = N_("A client's token belongs in one header only.")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A request that was not understood: the status, a message id, the place, and header fields that help to do better.

    `place` is a JSON pointer into the body (`/tenant`), a query parameter (`?application`) or a header's name.
    """

    status: int
    detail: str
    place: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LoginFields:
    """The members of a login's body. Lengths of name and password are the use case's business."""

    username: str
    password: Secret
    application: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class SsoFields:
    """The query parameters of a single sign-on."""

    application: str | None = None
    tenant: str | None = None


class NoToken(Enum):
    """Why an Authorization header holds no usable Negotiate token."""

    MISSING = "missing"
    GARBLED = "garbled"
    TOO_LARGE = "too large"


class _Unreadable(Exception):  # noqa: N818 -- a control-flow carrier inside this module, never seen outside
    def __init__(self, malformed: Malformed) -> None:
        self.malformed = malformed


_MEDIA_TYPE = re.compile(r"application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|\"utf-8\")[ \t]*)?", re.IGNORECASE)
_MEMBERS: Final = ("username", "password", "application", "tenant")
_PARAMETERS: Final = ("application", "tenant")
# A name worth repeating to the caller: anything else could be a misplaced password, so it is not echoed.
_REPEATABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# RFC 9110 11.4: credentials are a scheme (a token), blanks and a token68. Base64 itself is checked by the decoder.
_NEGOTIATE = re.compile(r"negotiate(?: +(?P<token>.*))?", re.IGNORECASE)
_BEARER = re.compile(r"bearer +(?P<token>[^ ]+)", re.IGNORECASE)
_NUMBER: Final = object()  # numbers have no place in a login: they are not even converted (CVE-2020-10735)


def check_media(content_types: Sequence[str], content_encodings: Sequence[str]) -> Malformed | None:
    """What is wrong with the way a body is said to be written, before a byte of it is read."""
    if any(value.strip().lower() != "identity" for value in content_encodings):
        return Malformed(415, ENCODED_BODY, "Content-Encoding", (("Accept-Encoding", "identity"),))
    if len(content_types) != 1 or not _MEDIA_TYPE.fullmatch(content_types[0]):
        return Malformed(415, NOT_JSON_TYPE, "Content-Type", (("Accept", "application/json"),))
    return None


def read_login(body: bytes) -> LoginFields | Malformed:
    """Read a login's body strictly: what two JSON readers could understand differently is refused."""
    try:
        members = _members(body)
        username = _text(members, "username")
        password = Secret(_text(members, "password").encode())
        application, tenant = (_name(members, key) for key in _PARAMETERS)
    except _Unreadable as unreadable:
        return unreadable.malformed
    return LoginFields(username, password, application, tenant)


def read_query(query: str) -> SsoFields | Malformed:
    """Read the query string of a single sign-on, as it stands in the request line: percent-encoded UTF-8."""
    if not query:
        return SsoFields()
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=16)
    except ValueError:  # also UnicodeDecodeError
        return Malformed(422, BAD_QUERY)
    found: dict[str, str] = {}
    for key, value in pairs:
        if key not in _PARAMETERS:
            return Malformed(422, UNKNOWN_PARAMETER, f"?{key}" if _REPEATABLE.fullmatch(key) else "")
        if key in found:
            return Malformed(422, PARAMETER_TWICE, f"?{key}")
        if not is_name(value):
            return Malformed(422, BAD_NAME, f"?{key}")
        found[key] = value
    return SsoFields(**found)


def read_negotiate(authorizations: Sequence[str]) -> bytes | NoToken | Malformed:
    """The token of `Authorization: Negotiate` (RFC 4559 4.2). Another scheme is no token: the client has yet to learn
    of Negotiate.
    """
    if len(authorizations) > 1:
        return Malformed(400, HEADER_TWICE, "Authorization")
    credentials = _NEGOTIATE.fullmatch(authorizations[0].strip()) if authorizations else None
    text = credentials["token"] if credentials else None
    if not text:  # an empty one counts as missing: GSSAPI would answer it with NegHints, the start of a second leg
        return NoToken.MISSING
    if len(text) > TOKEN_LIMIT // 3 * 4:  # exact, for the limit is a multiple of three
        return NoToken.TOO_LARGE
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return NoToken.GARBLED


def read_client_token(authorizations: Sequence[str], own_header: Sequence[str]) -> str | Malformed | None:
    """The token a caller identifies itself with: Bearer (RFC 6750 2.1) or X-Kerbauth-Client.

    None where there is neither. Credentials of another scheme are the empty token, which is no client's: they are
    refused, not overlooked.
    """
    if len(authorizations) > 1:
        return Malformed(400, HEADER_TWICE, "Authorization")
    if len(own_header) > 1:
        return Malformed(400, HEADER_TWICE, "X-Kerbauth-Client")
    if authorizations and own_header:
        return Malformed(400, TWO_CLIENT_TOKENS, "X-Kerbauth-Client")
    if own_header:
        return own_header[0].strip()
    if not authorizations:
        return None
    bearer = _BEARER.fullmatch(authorizations[0].strip())
    return bearer["token"] if bearer else ""


def correlation_id(values: Sequence[str]) -> str | None:
    """The caller's own correlation id, if there is exactly one and it is well-formed: 8 to 64 of `A-Z a-z 0-9 . _ -`."""
    return values[0] if len(values) == 1 and _CORRELATION_ID.fullmatch(values[0]) else None


def trace_parent(values: Sequence[str]) -> TraceParent | None:
    """The trace that the caller says its request belongs to, if there is exactly one and it is well-formed."""
    return read_traceparent(values[0]) if len(values) == 1 else None


def _members(body: bytes) -> dict[str, Any]:
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
        if key not in _MEMBERS:
            raise _Unreadable(Malformed(422, UNKNOWN_MEMBER, f"/{key}" if _REPEATABLE.fullmatch(key) else ""))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:  # RFC 8259 4: what a repeated name means is anybody's guess
            raise _Unreadable(Malformed(400, MEMBER_TWICE, f"/{key}" if key in _MEMBERS else ""))
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


def is_name(text: str) -> bool:
    """Whether a text can name an application or a tenant."""
    return 0 < len(text) <= NAME_LIMIT and not has_control(text)
