"""SASL GSSAPI (RFC 4752) as a client: who the server is, proved by its ticket's key, and everything after the bind signed and sealed.

GSSAPI finds the ticket in a cache in memory and asks nobody for anything.
"""

from typing import Final

import gssapi
from gssapi import raw
from gssapi.raw.misc import GSSError

from kerbauth.kdc.directory.trouble import DirectoryError
from kerbauth.kdc.failure import explanation

SEALED_LIMIT: Final = 65_536
"""Bytes of one sealed buffer that we offer to take: many times over what the answers to our requests need."""

_CONFIDENTIALITY: Final = 4  # RFC 4752 3.3: the bit-mask of layers
_WANTED: Final = (
    gssapi.RequirementFlag.mutual_authentication
    | gssapi.RequirementFlag.integrity
    | gssapi.RequirementFlag.confidentiality
    | gssapi.RequirementFlag.replay_detection
    | gssapi.RequirementFlag.out_of_sequence_detection
)


class Sealing:
    """One connection's security context, as whoever is in the cache. What takes time is CPU, below a millisecond."""

    def __init__(self, cache: bytes, service: str) -> None:
        """To the service of this principal (text form with realm), whose ticket is in the cache of this name. Raises DirectoryError."""
        try:
            self._credential = raw.acquire_cred_from({b"ccache": cache}, mechs=[gssapi.MechType.kerberos], usage="initiate").creds
            self._server = raw.import_name(service.encode(), gssapi.NameType.kerberos_principal)
        except GSSError as error:
            raise _failed("cannot begin", error) from None
        self._context: raw.SecurityContext | None = None
        self._done = False

    def step(self, token: bytes | None) -> bytes:
        """The next token for the server; empty: none, and it is to be told so all the same. `token` is the server's, none at first.

        Raises DirectoryError, also if the server would do with less than mutual authentication, signing and sealing.
        """
        if self._done:
            return b""
        try:
            went = raw.init_sec_context(
                self._server,
                creds=self._credential,
                context=self._context,
                mech=gssapi.MechType.kerberos,
                flags=_WANTED,
                input_token=token,
            )
        except GSSError as error:
            raise _failed("does not prove itself", error) from None
        self._context = went.context
        if not went.more_steps:
            if (int(went.flags) & int(_WANTED)) != int(_WANTED):
                msg = "the directory server does not offer mutual authentication with signing and sealing"
                raise DirectoryError(msg)
            self._done = True
        return went.token or b""

    @property
    def proved(self) -> bool:
        """Whether the server has proved to have the key of its principal."""
        return self._done

    def choose(self, offer: bytes) -> bytes:
        """The answer to the server's offer of layers (RFC 4752 3.1): sealing, or nothing. Raises DirectoryError."""
        layers = self.open(offer, sealed=False)
        if len(layers) != 4 or not layers[0] & _CONFIDENTIALITY:
            msg = "the directory server does not offer to seal what is sent"
            raise DirectoryError(msg)
        chosen = bytes((_CONFIDENTIALITY,)) + (SEALED_LIMIT - 1).to_bytes(3)
        return self.seal(chosen, sealed=False)

    def seal(self, message: bytes, *, sealed: bool = True) -> bytes:
        """Signed, and `sealed` unless it is about the layers. Raises DirectoryError."""
        try:
            return raw.wrap(self._proved(), message, confidential=sealed).message  # type: ignore[arg-type]  # works with raw ones
        except GSSError as error:
            raise _failed("cannot be written to", error) from None

    def open(self, message: bytes, *, sealed: bool = True) -> bytes:
        """What the server has signed, and `sealed`. Raises DirectoryError for anything else."""
        try:
            opened = raw.unwrap(self._proved(), message)  # type: ignore[arg-type]  # as above
        except GSSError as error:
            raise _failed("sends what does not open", error) from None
        if sealed and not opened.encrypted:
            msg = "the directory server has left off sealing"
            raise DirectoryError(msg)
        return opened.message

    def _proved(self) -> raw.SecurityContext:
        if self._context is None or not self._done:
            msg = "the directory server goes on before it has proved itself"
            raise DirectoryError(msg)
        return self._context


def _failed(what: str, error: GSSError) -> DirectoryError:
    return DirectoryError(f"the directory server {what}: {explanation(str(error))}")
