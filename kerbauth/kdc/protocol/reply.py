"""A KDC's reply, read once: what we look at ourselves before libkrb5 sees it."""

from dataclasses import dataclass, field
from typing import Final

from kerbauth.kdc.protocol.framing import AS_REP
from kerbauth.kdc.protocol.key_info import KeyInfo, key_infos, offers_no_method
from kerbauth.kdc.protocol.krb_error import KrbError, read_krb_error

_PREAUTH_REQUIRED: Final = 25  # RFC 4120 7.5.9 KDC_ERR_PREAUTH_REQUIRED


@dataclass(frozen=True, slots=True)
class Reply:
    """`error` is the KRB-ERROR that it is, if it is one; `key_infos` as of the function of that name."""

    message: bytes = field(repr=False)
    error: KrbError | None
    key_infos: tuple[KeyInfo, ...] | None

    @property
    def asks_for_a_key(self) -> bool:
        """Whether the user's key is needed to go on: the KDC wants pre-authentication (25), or has sent what the key opens."""
        return self.error.code == _PREAUTH_REQUIRED if self.error is not None else self.message[:1] == bytes([AS_REP])

    @property
    def offers_no_method(self) -> bool:
        """See the function of that name."""
        return self.error is not None and self.error.code == _PREAUTH_REQUIRED and offers_no_method(self.message)


def read_reply(message: bytes) -> Reply:
    """Raises nothing."""
    return Reply(message, read_krb_error(message), key_infos(message))
