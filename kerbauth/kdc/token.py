"""Looking at a client's token before the GSSAPI sees it: what kind it is, and why it is not taken if it is not.

pyspnego parses the token. Its parser is not exported under a public name; the lock file pins the release, and a test parses real tokens
with it.
"""

import struct
from enum import Enum
from typing import Any, Final

from spnego._context import GSSMech
from spnego._spnego import InitialContextToken, NegTokenInit, NegTokenResp, unpack_token

from kerbauth.core.messages import N_
from kerbauth.core.reasons import Reason

TOKEN_LIMIT: Final = 65_535 + 1024
"""Bytes. Windows' largest MaxTokenSize is 65,535 (KB 327825), and SPNEGO's framing comes on top."""

_SPNEGO: Final = "1.3.6.1.5.5.2"
_KRB5: Final = frozenset({"1.2.840.113554.1.2.2", "1.2.840.48018.1.2.2"})  # RFC 4121, and the OID Windows sends (MS-SPNG 3.2.5.2)
_NTLM: Final = "1.3.6.1.4.1.311.2.2.10"
_NEGOEX: Final = "1.3.6.1.4.1.311.2.2.30"
_IAKERB: Final = "1.3.6.1.5.2.5"
_NTLM_SIGNATURE: Final = b"NTLMSSP\0"  # MS-NLMP 2.2.1
_KRB_ERROR_TOKEN: Final = b"\x03\x00\x7e"  # RFC 4121 4.1: token id of a KRB-ERROR; RFC 4120 5.9.1: [APPLICATION 30]

# What pyspnego raises for bytes that are no token: found by mutating real tokens, see tests/kdc.
_UNREADABLE: Final = (
    ValueError,
    struct.error,
    LookupError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    RecursionError,
)


class Token(Enum):
    """The kinds of token. All but `KERBEROS` are refused: with a reason, a sentence of their own, and a challenge or none.

    A fresh challenge goes out where an honest client's next token can be a good one. After NTLM it would only make a browser ask for a
    password again and again, so there is none.
    """

    KERBEROS = None
    EMPTY = (Reason.BAD_TOKEN, N_("The Negotiate token is empty."), True)
    TOO_LARGE = (Reason.TOKEN_TOO_LARGE, N_("The Negotiate token is larger than any Kerberos token may be."), False)
    NTLM = (Reason.NTLM_NOT_SUPPORTED, N_("The client sent an NTLM token instead of a Kerberos ticket."), False)
    NTLM_ONLY = (Reason.NTLM_NOT_SUPPORTED, N_("The client offers NTLM and no Kerberos."), False)
    NTLM_FIRST = (
        Reason.NTLM_NOT_SUPPORTED,
        N_("The client prefers NTLM to Kerberos: it has no ticket for this service."),
        False,
    )
    NEGOEX = (Reason.BAD_TOKEN, N_("The client sent a NegoEx token, which is not accepted here."), False)
    SERVERS = (Reason.BAD_TOKEN, N_("The token is the one with which a server begins a negotiation, and no client."), False)
    IAKERB = (
        Reason.BAD_TOKEN,
        N_("The client asks this service to pass Kerberos messages on (IAKERB), which it does not do."),
        False,
    )
    OTHER_MECHANISM = (
        Reason.BAD_TOKEN,
        N_("The client offers no mechanism that is accepted here; Kerberos is."),
        False,
    )
    SECOND_LEG = (
        Reason.BAD_TOKEN,
        N_("The token continues a negotiation that was not begun here. A new one is welcome."),
        True,
    )
    NO_TICKET = (Reason.BAD_TOKEN, N_("The client offers Kerberos but sent no ticket with its first token."), True)
    DAMAGED = (Reason.BAD_TOKEN, N_("The Negotiate token is damaged: it cannot be read."), False)

    @property
    def refusal(self) -> tuple[Reason, str, bool]:
        """Reason, sentence, and whether a fresh challenge helps. Raises ValueError for `KERBEROS`."""
        if self.value is None:
            msg = "a Kerberos token is not refused for its kind"
            raise ValueError(msg)
        reason, sentence, challenge = self.value
        return reason, sentence, challenge


def kind_of(token: bytes) -> Token:
    """What kind of token this is. Raises nothing, whatever the bytes are."""
    if not token:
        return Token.EMPTY
    if len(token) > TOKEN_LIMIT:
        return Token.TOO_LARGE
    if token.startswith(_NTLM_SIGNATURE):
        return Token.NTLM
    try:
        return _kind_of_parsed(unpack_token(token, unwrap=True))
    except _UNREADABLE:
        return Token.DAMAGED


def _kind_of_parsed(parsed: Any) -> Token:
    if isinstance(parsed, NegTokenResp):
        return Token.SECOND_LEG
    if not isinstance(parsed, InitialContextToken):  # a NegTokenInit without RFC 2743 3.1's framing, too: libgssapi takes none
        return Token.DAMAGED
    if parsed.this_mech == _SPNEGO:
        inner = unpack_token(parsed.inner_context_token)
        return _kind_of_offer(inner) if isinstance(inner, NegTokenInit) else Token.DAMAGED
    if parsed.this_mech in _KRB5:
        return Token.KERBEROS
    return Token.IAKERB if parsed.this_mech == _IAKERB else Token.OTHER_MECHANISM


def _kind_of_offer(offer: NegTokenInit) -> Token:
    """What a NegTokenInit offers (RFC 4178 4.2.1): the optimistic token belongs to the first mechanism of the list.

    Windows puts Kerberos first where it has a ticket, under its own OID and the right one, and NegoEx and NTLM behind it. Where one of
    these comes first there is no ticket, and to choose Kerberos for the client would bring none.
    """
    mechanisms, mech_token = list(offer.mech_types), offer.mech_token
    if offer.hint_name is not None or offer.hint_address is not None:  # MS-SPNG 2.2.1: a NegTokenInit2, which only a server sends
        return Token.SERVERS
    first = mechanisms[0] if mechanisms else ""
    kerberos = not _KRB5.isdisjoint(mechanisms)
    if first == _NTLM or (mech_token or b"").startswith(_NTLM_SIGNATURE):
        return Token.NTLM_FIRST if kerberos else Token.NTLM_ONLY
    if first == _NEGOEX:
        return Token.NEGOEX if kerberos or _NTLM not in mechanisms else Token.NTLM_ONLY
    if first == _IAKERB:
        return Token.IAKERB
    if first not in _KRB5:
        return Token.NO_TICKET if kerberos else Token.OTHER_MECHANISM
    return Token.KERBEROS if mech_token else Token.NO_TICKET


def krb_error_code(token: bytes) -> int | None:
    """The error-code of the KRB-ERROR inside an error token of our own acceptor, raw or within a NegTokenResp (RFC 4121 4.1)."""
    try:
        parsed = unpack_token(token, unwrap=True)
        if isinstance(parsed, NegTokenResp):
            if not parsed.response_token:
                return None
            parsed = unpack_token(parsed.response_token, unwrap=True)
        if not isinstance(parsed, InitialContextToken) or parsed.this_mech not in _KRB5:
            return None
        if not parsed.inner_context_token.startswith(_KRB_ERROR_TOKEN):
            return None
        return int(unpack_token(parsed.inner_context_token, mech=GSSMech.kerberos).error_code)
    except _UNREADABLE:
        return None
