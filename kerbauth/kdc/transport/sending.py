"""One request on its way to one KDC: how often it may be sent, until when, and whether it has left."""

import asyncio
from enum import Enum

from kerbauth.kdc.transport.kdc import Kdc


class Copies(Enum):
    """How often the same bytes may be sent to the same KDC.

    `ANY`: nothing in them is counted. `REMEMBERED`: they prove a password, and the KDC answers a copy from memory as long as it goes on
    running (MIT: kdc/replay.c). `ONE`: they prove a password, and each copy may count.
    """

    ANY = "any"
    REMEMBERED = "remembered"
    ONE = "one"


class Sending:
    """Asked before anything of the request leaves, and told when it does. Used for one request to one KDC, over UDP, TCP or both.

    `until` is the event loop's time from which on nothing leaves, None if whoever sends ends it himself. `connect_seconds` is how long a
    connection is waited for at most, None if there is nothing else to be tried. `left` says whether the KDC may have read the request.
    """

    def __init__(self, kdc: Kdc, copies: Copies, until: float | None = None) -> None:
        self.copies = copies
        self.until = until
        self.connect_seconds: float | None = None
        self.left = False
        self._kdc = kdc
        self._changes = kdc.changes

    @property
    def in_time(self) -> bool:
        """Whether `until` is still to come."""
        return self.until is None or asyncio.get_running_loop().time() < self.until

    @property
    def may_be_repeated(self) -> bool:
        """Whether a KDC that says nothing may be sent another copy.

        One that was away since the first copy may have been started anew, and has forgotten then what it counted.
        """
        return self.copies is Copies.ANY or (self.copies is Copies.REMEMBERED and self._kdc.changes == self._changes)

    def leaves(self) -> None:
        """A copy, or a part of one, is with the kernel."""
        if not self.left:
            self.left, self._changes = True, self._kdc.changes

    def unread(self) -> None:
        """The KDC's host has said that nobody was there to read what had left."""
        self.left = False
