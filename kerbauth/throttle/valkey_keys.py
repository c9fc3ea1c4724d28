"""Where the ledger at a Valkey server keeps what, and how an account's attempts are written there."""

from typing import Final

PREFIX: Final = "kerbauth:throttle:"
"""How every key of ours begins."""

EPOCH: Final = f"{PREFIX}epoch"
"""The word that tells a server which has lost everything from the one we knew."""

OPEN, FAILED = "o:", "f:"
"""How an attempt under way and a failure begin in an account's sorted set."""


def attempts_of(account: str) -> str:
    """A sorted set: the account's attempts by time."""
    return f"{PREFIX}attempts:{account}"


def familiar_of(account: str) -> str:
    """A sorted set: the sources where the account's owner was let in, by time."""
    return f"{PREFIX}familiar:{account}"


def alias_of(asked: str) -> str:
    """The account that a typed name was proved to stand for."""
    return f"{PREFIX}alias:{asked}"


def name_of(account: str) -> str:
    """The account's name, if it is known to be one."""
    return f"{PREFIX}name:{account}"


def parted(rows: list[tuple[str, float]]) -> tuple[list[float], list[float]]:
    """The times of failures and of attempts under way."""
    return [time for row, time in rows if row.startswith(FAILED)], [time for row, time in rows if row.startswith(OPEN)]
