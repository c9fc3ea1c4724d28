"""The password policy that Active Directory sends with a refused password: 30 bytes in the place of a text."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

_LAYOUT: Final = Struct("!HIIIqq")
"""Two zero bytes, minimum length, history, properties, maximum and minimum age. Microsoft documents the fields (MS-SAMR 2.2.3.5
DOMAIN_PASSWORD_INFORMATION) but not this form of them: it is in libkrb5's lib/krb5/krb/chpw.c (decode_ad_policy_info), in big endian.
"""

_COMPLEX: Final = 0x00000001  # MS-SAMR 2.2.1.16 DOMAIN_PASSWORD_COMPLEX
_TICKS: Final = 10_000_000  # MS-DTYP 2.3.3: 100 ns each
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Policy:
    """What a new password must be like. `min_length` in characters; `history` is how many earlier ones may not come again; `min_age` is how
    old, in seconds, a password must be before it may be changed.
    """

    min_length: int
    history: int
    complexity: bool
    min_age: int

    @property
    def min_days(self) -> int:
        """The minimum age in whole days, rounded up."""
        return -(-self.min_age // _DAY)


def read_policy(data: bytes) -> Policy | None:
    """The policy that these bytes are; None if they are none, but a text. Raises nothing.

    An age is a number of ticks. Where the domain's own value is passed on it is negative (MS-SAMR 2.2.3.5), so its sign does not count.
    """
    if len(data) != _LAYOUT.size:
        return None
    zero, min_length, history, properties, _, min_age = _LAYOUT.unpack(data)
    if zero != 0:
        return None
    return Policy(min_length, history, bool(properties & _COMPLEX), abs(min_age) // _TICKS)
