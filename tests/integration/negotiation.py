"""The tokens with which Windows begins a negotiation, built by hand around real Kerberos tokens.

No Windows is at hand, and no other client sends what it sends: its own OID for Kerberos first, then the right one, NegoEx and NTLM
(MS-SPNG 3.2.5.2 and its product notes). So the framing is written here byte by byte after RFC 4178 and MS-SPNG, not by a library that could
be wrong in the same way as the reader.
"""

from typing import Final

from tests.kdc.wire import OCTETS, SEQUENCE, field, tlv

MS_KRB5: Final = "1.2.840.48018.1.2.2"  # MS-SPNG 3.2.5.2: 113554 with the upper bits of its first octet lost
KRB5: Final = "1.2.840.113554.1.2.2"
USER_TO_USER: Final = "1.2.840.113554.1.2.2.3"
NEGOEX: Final = "1.3.6.1.4.1.311.2.2.30"
NTLM: Final = "1.3.6.1.4.1.311.2.2.10"
SPNEGO: Final = "1.3.6.1.5.5.2"

WINDOWS: Final = (MS_KRB5, KRB5, NEGOEX, NTLM)
"""What a domain member that has a ticket offers, in its order."""

NTLM_NEGOTIATE: Final = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2" + bytes(24)  # MS-NLMP 2.2.1.1
NTLM_AUTHENTICATE: Final = b"NTLMSSP\0\x03\0\0\0" + bytes(76)  # MS-NLMP 2.2.1.3
NEGOEX_NEGO: Final = b"NEGOEXTS" + bytes(96)  # MS-NEGOEX 2.2.6.3
"""Beginnings of messages; nobody reads further."""

HINTS: Final = tlv(SEQUENCE, field(0, tlv(0x1B, b"not_defined_in_RFC4178@please_ignore")))  # MS-SPNG 2.2.1 NegHints, as Windows fills it


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER (X.690 8.19)."""
    first, second, *arcs = (int(arc) for arc in dotted.split("."))
    content = bytes([40 * first + second])
    for arc in arcs:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.insert(0, 0x80 | arc & 0x7F)
        content += bytes(septets)
    return tlv(0x06, content)


def framed(mechanism: str, content: bytes) -> bytes:
    """An InitialContextToken (RFC 2743 3.1)."""
    return tlv(0x60, oid(mechanism) + content)


def mech_list(*mechanisms: str) -> bytes:
    """A MechTypeList: what a mechListMIC is made over (RFC 4178 5)."""
    return tlv(SEQUENCE, *(oid(each) for each in mechanisms))


def init(*mechanisms: str, token: bytes | None, mic: bytes | None = None, flags: bytes = b"", hints: bytes = b"") -> bytes:
    """A NegTokenInit (RFC 4178 4.2.1); with `hints` a NegTokenInit2 (MS-SPNG 2.2.1). `flags` are reqFlags: a BIT STRING's content."""
    fields = [field(0, mech_list(*mechanisms))]
    if flags:
        fields.append(field(1, tlv(0x03, flags)))
    if token is not None:
        fields.append(field(2, tlv(OCTETS, token)))
    if hints:
        fields.append(field(3, hints))
    if mic is not None:
        fields.append(field(4 if hints else 3, tlv(OCTETS, mic)))
    return framed(SPNEGO, field(0, tlv(SEQUENCE, *fields)))


def response(state: int, token: bytes | None = None) -> bytes:
    """A NegTokenResp (RFC 4178 4.2.2), what comes in a second leg."""
    fields = [field(0, tlv(0x0A, bytes([state])))]
    if token is not None:
        fields.append(field(2, tlv(OCTETS, token)))
    return field(1, tlv(SEQUENCE, *fields))


def without_framing(token: bytes) -> bytes:
    """What is behind the OID in a raw Kerberos token: token id and AP-REQ (RFC 4121 4.1)."""
    head = oid(KRB5)
    return token[token.index(head) + len(head) :]
