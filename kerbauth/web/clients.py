"""Who asks: the registered clients, known by their tokens."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from kerbauth.attempt import Caller
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.secret import Secret

# RFC 6750 2.1 (b64token): what can be sent as a Bearer token at all.
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True)
class Client:
    """One entry of `[clients]`."""

    name: str
    token: Secret = field(repr=False)
    disclosure: Disclosure = Disclosure.GUARDED
    application: str | None = None
    identity_only: bool = False


class NoClient(Enum):
    """Why nobody may ask with this token, or without one."""

    MISSING = "no client token, and only registered clients may ask"
    UNKNOWN = "the token is no registered client's"


ANONYMOUS: Final = Caller()


class Clients:
    """The registered clients. Immutable; keeps SHA-256 digests of the tokens, not the tokens.

    With `required` only they may ask. Raises ValueError for a token that could not be sent, for a name or token given
    twice, and where clients are required and there are none.
    """

    def __init__(self, clients: Iterable[Client] = (), *, required: bool = False) -> None:
        self._required = required
        callers: dict[bytes, Caller] = {}
        names: set[str] = set()
        for client in clients:
            if not _TOKEN.fullmatch(client.token.reveal()):
                msg = f"client {client.name!r}: the token must be made of A-Z a-z 0-9 . _ ~ + / - and may end in ="
                raise ValueError(msg)
            digest = hashlib.sha256(client.token.reveal()).digest()
            if client.name in names or digest in callers:
                msg = f"client {client.name!r}: the name or the token is another client's as well"
                raise ValueError(msg)
            names.add(client.name)
            callers[digest] = Caller(client.name, client.disclosure, client.application, client.identity_only)
        if required and not callers:
            msg = "only registered clients may ask, and there are none"
            raise ValueError(msg)
        self._callers = tuple(callers.items())

    def identify(self, token: str | None) -> Caller | NoClient:
        """The caller a token belongs to; without a token the anonymous one, unless clients are required."""
        if token is None:
            return NoClient.MISSING if self._required else ANONYMOUS
        # surrogateescape: header bytes that are no UTF-8 arrive as lone surrogates, and must end as a mismatch, not as
        # an error
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found: Caller | NoClient = NoClient.UNKNOWN
        for known, caller in self._callers:  # all of them, always: the time must not tell which client came close
            if hmac.compare_digest(known, digest):
                found = caller
        return found
