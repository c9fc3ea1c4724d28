"""Channel binding: tying a client's token to the TLS channel it came through (RFC 5056), so that nobody in the path can pass it on.

The kind of binding is `tls-server-end-point` (RFC 5929 section 4): the hash of the certificate that the client was shown.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX: Final = b"tls-server-end-point:"
"""The unique prefix of this kind of binding (RFC 5929 section 7); a colon parts it from the hash (RFC 5056 section 2.1)."""


class BindingMode(StrEnum):
    """What is asked of a token's channel binding."""

    OFF = "off"
    """It is not looked at."""
    ALLOW = "allow"
    """A token that is bound must be bound to one of our certificates; one that is not bound is taken."""
    REQUIRE = "require"
    """A token must be bound to one of our certificates."""


@dataclass(frozen=True, slots=True)
class ChannelBinding:
    """What a token's channel binding is compared with: the application data (RFC 2744 section 3.11) of every certificate that the client
    may have been shown. Empty where none is known: then nothing can be compared, and no token fulfils `REQUIRE`.
    """

    mode: BindingMode = BindingMode.OFF
    acceptable: tuple[bytes, ...] = ()

    def with_first(self, value: bytes | None) -> "ChannelBinding":
        """The same, with the certificate of the client's own connection before the others."""
        if value is None:
            return self
        return ChannelBinding(self.mode, (value, *(other for other in self.acceptable if other != value)))


NOT_LOOKED_AT: Final = ChannelBinding()
"""For tokens that come through no channel, such as the command line's own."""
