"""Security identifiers (SIDs): what Windows knows accounts, groups and domains by, in their text form (MS-DTYP 2.4.2.1)."""

import re
from typing import Final, NewType

Sid = NewType("Sid", str)
"""A SID in the one text form that it has here, e.g. `S-1-5-21-397955417-626881126-188441444-513`: two are equal if their texts are."""

NUMBERS_LIMIT: Final = 15
"""Sub-authorities of one SID (MS-DTYP 2.4.2.2)."""

_TEXT: Final = re.compile(r"S-1-(0|[1-9][0-9]{0,9}|0x[0-9a-fA-F]{12})((?:-(?:0|[1-9][0-9]{0,9})){1,15})")
_WORD: Final = 1 << 32  # a sub-authority has 32 bits; an authority that needs more is written in hexadecimal
_BEFORE_NUMBERS: Final = 2  # `S-1-5` has two hyphens


class MalformedSidError(ValueError):
    """The text or the numbers are no SID. The message says what is wrong and does not repeat them."""


def compose(authority: int, numbers: tuple[int, ...]) -> Sid:
    """The SID with this identifier authority (48 bits) and these sub-authorities (1 to 15, 32 bits each), which the caller has checked."""
    return Sid("-".join([f"S-1-{authority if authority < _WORD else f'0x{authority:012x}'}", *map(str, numbers)]))


def parse_sid(text: str) -> Sid:
    """Read the text form as Windows tools print it; nothing around it, no leading zeros. Raises MalformedSidError.

    Short forms of SDDL, such as `BA` or `DU`, are none: what they stand for depends on a domain.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        msg = "expected S-1-, an authority and 1 to 15 numbers, with hyphens between"
        raise MalformedSidError(msg)
    authority, numbers = int(match[1], 0), tuple(map(int, match[2][1:].split("-")))
    if any(number >= _WORD for number in numbers) or (authority >= _WORD) != match[1].startswith("0x"):
        msg = "a number of the SID is out of its range"
        raise MalformedSidError(msg)
    return compose(authority, numbers)


def domain_of(sid: Sid) -> Sid:
    """The SID of the domain that an account or group is in: all but its relative identifier."""
    return Sid(sid.rpartition("-")[0])


def member(domain: Sid, rid: int) -> Sid:
    """The SID of the account or group of `domain` whose relative identifier is `rid` (32 bits).

    Raises MalformedSidError if the domain's SID has no room for it.
    """
    if domain.count("-") - _BEFORE_NUMBERS >= NUMBERS_LIMIT:
        msg = "a domain's SID with 15 numbers has no room for a member's"
        raise MalformedSidError(msg)
    return Sid(f"{domain}-{rid}")
