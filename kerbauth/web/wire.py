"""Reading requests: header values and bytes in, parsed values or a `Malformed` out.

Pure: nothing here knows the web server, reads a clock or logs. No detail text carries anything that came in. What a body holds is read
by `body`.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl

from kerbauth.core.messages import N_
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

BAD_NAME: Final = N_("The name must have between 1 and 255 characters and no control characters.")
REPEATABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
"""A member's or parameter's name worth repeating to the caller: anything else could be a misplaced password, so it is not echoed."""

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
class SsoFields:
    """The query parameters of a single sign-on."""

    application: str | None = None
    tenant: str | None = None


class NoToken(Enum):
    """Why an Authorization header holds no usable Negotiate token."""

    MISSING = "missing"
    GARBLED = "garbled"
    TOO_LARGE = "too large"


_MEDIA_TYPE = re.compile(r"application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|\"utf-8\")[ \t]*)?", re.IGNORECASE)
_PARAMETERS: Final = ("application", "tenant")
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# RFC 9110 11.4: credentials are a scheme (a token), blanks and a token68. Base64 itself is checked by the decoder.
_NEGOTIATE = re.compile(r"negotiate(?: +(?P<token>.*))?", re.IGNORECASE)
_BEARER = re.compile(r"bearer +(?P<token>[^ ]+)", re.IGNORECASE)


def check_media(content_types: Sequence[str], content_encodings: Sequence[str]) -> Malformed | None:
    """What is wrong with the way a body is said to be written, before a byte of it is read."""
    if any(value.strip().lower() != "identity" for value in content_encodings):
        return Malformed(415, ENCODED_BODY, "Content-Encoding", (("Accept-Encoding", "identity"),))
    if len(content_types) != 1 or not _MEDIA_TYPE.fullmatch(content_types[0]):
        return Malformed(415, NOT_JSON_TYPE, "Content-Type", (("Accept", "application/json"),))
    return None


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
            return Malformed(422, UNKNOWN_PARAMETER, f"?{key}" if REPEATABLE.fullmatch(key) else "")
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


def is_name(text: str) -> bool:
    """Whether a text can name an application or a tenant."""
    return 0 < len(text) <= NAME_LIMIT and not has_control(text)
