"""A password in a wrapper that cannot be printed, logged, pickled or compared by accident."""

import hashlib
import hmac
from typing import NoReturn


class Secret:
    """Holds one secret; `reveal()` is the only way to it.

    It has no useful `repr` or `str`, cannot be pickled, hashed or compared, so that a log line, a traceback with locals or a
    data class's generated `repr` cannot carry it out. Call `reveal()` where the value is handed to the Kerberos library and
    nowhere else.
    """

    __slots__ = ("__value",)

    def __init__(self, value: bytes) -> None:
        self.__value = value

    def reveal(self) -> bytes:
        """The secret's bytes."""
        return self.__value

    def fingerprint(self, key: bytes, about: bytes) -> bytes:
        """A keyed digest (HMAC-SHA-256, RFC 2104), by which the same secret `about` the same thing is known again without keeping it."""
        return hmac.digest(key, about + b"\0" + self.__value, hashlib.sha256)

    def same_as(self, other: "Secret") -> bool:
        """Whether the other one holds the same bytes: on purpose, while `==` is refused. Takes a time that does not depend on them."""
        return hmac.compare_digest(self.__value, other.reveal())

    def __len__(self) -> int:
        """The number of bytes: lengths are limited before the value is looked at."""
        return len(self.__value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        msg = "secrets are not compared"
        raise TypeError(msg)

    def __hash__(self) -> NoReturn:
        msg = "secrets are not hashed"
        raise TypeError(msg)

    def __reduce__(self) -> NoReturn:
        msg = "secrets are not pickled"
        raise TypeError(msg)
