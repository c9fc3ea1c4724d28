"""Who asks: the registered clients, known by their tokens, by the certificates of their connections, or by both."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from kerbauth.attempt import Caller
from kerbauth.core.addresses import Network, is_within, read_address
from kerbauth.core.audit import Door
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.messages import N_
from kerbauth.core.secret import Secret

# RFC 6750 2.1 (b64token): what can be sent as a Bearer token at all.
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")

DOORS: Final = frozenset({Door.HTTP, Door.SPNEGO})


@dataclass(frozen=True, slots=True)
class Client:
    """One entry of `[clients]`: what it is known by (at least one of token and certificate), and its limits."""

    name: str
    token: Secret | None = field(default=None, repr=False)
    disclosure: Disclosure = Disclosure.GUARDED
    application: str | None = None
    identity_only: bool = False
    certificate: str | None = None
    addresses: tuple[Network, ...] | None = None
    doors: frozenset[Door] = DOORS
    realms: frozenset[str] | None = None
    applications: frozenset[str] | None = None
    operations: bool = False

    @property
    def caller(self) -> Caller:
        """What the use case needs to know of the client."""
        return Caller(self.name, self.disclosure, self.application, self.identity_only, self.realms, self.applications, self.operations)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who asks: a token, the names in the certificate of its connection, the address it came from."""

    token: str | None = field(default=None, repr=False)
    certificate_names: tuple[str, ...] = ()
    peer: str = ""


class NoClient(Enum):
    """Why nobody may ask like this. `known` says that the client itself is, and only its limits are in the way."""

    MISSING = (N_("Only registered clients may ask here, and the request shows nothing to be known by."), False)
    UNKNOWN = (N_("The token is no registered client's."), False)
    AMBIGUOUS = (N_("The certificate is that of several registered clients."), False)
    NO_TOKEN = (N_("This client must show its token as well."), False)
    NO_CERTIFICATE = (N_("This client must show its certificate as well."), False)
    ADDRESS = (N_("This client may not ask from this address."), True)
    DOOR = (N_("This client may not use this way to log in."), True)

    def __init__(self, text: str, known: bool) -> None:  # noqa: FBT001 -- an enumeration's members are written as plain tuples
        self.text = text
        self.known = known


ANONYMOUS: Final = Caller()


class Clients:
    """The registered clients. Immutable; keeps SHA-256 digests of the tokens, not the tokens.

    With `required` only they may ask. Raises ValueError for a client with nothing to be known by, for a token that could not be sent,
    for a name or a token that is given twice, and where clients are required and there are none.
    """

    def __init__(self, clients: Iterable[Client] = (), *, required: bool = False) -> None:
        self._required = required
        self._clients: list[Client] = []  # without their tokens
        self._digests: list[tuple[bytes, Client]] = []
        for client in clients:
            self._add(client)
        if required and not self._clients:
            msg = "only registered clients may ask, and there are none"
            raise ValueError(msg)

    def identify(self, shown: Shown, door: Door | None = None) -> Caller | NoClient:
        """The caller that is shown; where nothing is shown the anonymous one, unless clients are required.

        A certificate that belongs to no client shows nothing: a browser sends its user's own without being told to. A token that belongs
        to none is refused. `door` None: no login, so no door is asked about.
        """
        client = self._by_certificate(shown) if shown.token is None else self._by_token(shown.token, shown)
        if client is None:
            return NoClient.MISSING if self._required else ANONYMOUS
        if isinstance(client, NoClient):
            return client
        if client.addresses is not None and not is_within(read_address(shown.peer), client.addresses):
            return NoClient.ADDRESS
        if door is not None and door not in client.doors:
            return NoClient.DOOR
        return client.caller

    def _by_token(self, token: str, shown: Shown) -> Client | NoClient:
        # surrogateescape: header bytes that are no UTF-8 arrive as lone surrogates, and must end as a mismatch, not as
        # an error
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found: Client | None = None
        for known, client in self._digests:  # all of them, always: the time must not tell which client came close
            if hmac.compare_digest(known, digest):
                found = client
        if found is None:
            return NoClient.UNKNOWN
        return NoClient.NO_CERTIFICATE if found.certificate is not None and not _has_name(shown, found) else found

    def _by_certificate(self, shown: Shown) -> Client | NoClient | None:
        named = [client for client in self._clients if _has_name(shown, client)]
        alone = [client for client in named if client.name not in {each.name for _, each in self._digests}]
        if len(alone) > 1:
            return NoClient.AMBIGUOUS
        if alone:
            return alone[0]
        return NoClient.NO_TOKEN if named else None

    def _add(self, client: Client) -> None:
        kept = replace(client, token=None, certificate=None if client.certificate is None else _folded(client.certificate))
        taken = client.name in {each.name for each in self._clients}
        if client.token is not None:
            if not _TOKEN.fullmatch(client.token.reveal()):
                msg = f"client {client.name!r}: the token must be made of A-Z a-z 0-9 . _ ~ + / - and may end in ="
                raise ValueError(msg)
            digest = hashlib.sha256(client.token.reveal()).digest()
            taken = taken or digest in {known for known, _ in self._digests}
            self._digests.append((digest, kept))
        elif client.certificate is None:
            msg = f"client {client.name!r}: there is neither a token nor a certificate to know it by"
            raise ValueError(msg)
        if taken:
            msg = f"client {client.name!r}: the name or the token is another client's as well"
            raise ValueError(msg)
        self._clients.append(kept)


def _has_name(shown: Shown, client: Client) -> bool:
    return client.certificate is not None and client.certificate in {_folded(name) for name in shown.certificate_names}


def _folded(name: str) -> str:
    """A name of a certificate as it is compared: DNS names without case (RFC 5280 7.2), URIs as they are."""
    return name if ":" in name else name.lower()
