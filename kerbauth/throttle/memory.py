"""Wrong passwords that were tried moments ago: known again by a keyed digest, in this process's memory only."""

import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret

ACCOUNTS: Final = 10_000
"""Accounts that are remembered, the latest; some 5 MB."""

PASSWORDS: Final = 8
"""Wrong passwords of one account that are remembered, the latest."""


class WrongPasswords:
    """Remembers for `seconds` what the KDC said to be wrong. The key is random and is this object's alone, so that a digest says nothing to
    anybody else, and is never written down.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float], *, accounts: int = ACCOUNTS, passwords: int = PASSWORDS) -> None:
        self._seconds = seconds
        self._limits = accounts, passwords
        self._monotonic = monotonic
        self._key = os.urandom(32)
        self._accounts: OrderedDict[str, OrderedDict[bytes, tuple[float, Reason]]] = OrderedDict()

    def recall(self, account: str, password: Secret) -> Reason | None:
        """What the KDC said of this password, if it was wrong moments ago."""
        found = self._accounts.get(account, OrderedDict()).get(self._digest(account, password))
        return found[1] if found is not None and self._monotonic() < found[0] else None

    def remember(self, account: str, password: Secret, reason: Reason) -> None:
        """The KDC said that it is wrong."""
        if self._seconds <= 0:
            return
        wrong = self._accounts.setdefault(account, OrderedDict())
        self._accounts.move_to_end(account)
        wrong[self._digest(account, password)] = (self._monotonic() + self._seconds, reason)
        if len(wrong) > self._limits[1]:
            wrong.popitem(last=False)
        if len(self._accounts) > self._limits[0]:
            self._accounts.popitem(last=False)

    def forget(self, account: str) -> None:
        """The account was logged in to, or has a new password."""
        self._accounts.pop(account, None)

    def _digest(self, account: str, password: Secret) -> bytes:
        return password.fingerprint(self._key, account.encode())
