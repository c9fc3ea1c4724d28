"""One thing that is wrong with a file an administrator wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something is wrong, and what: what was found, what was expected, what to do. Never holds a secret.

    `file` is a path, or `environment`, where `key` is the variable's name. `key` is a dotted path like
    `realms."CORP.EXAMPLE".names.rules[2].pattern`, with list entries counted from 1, and empty where the whole file is meant. `line`
    and `column` count from 1.
    """

    file: str
    key: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """One line: `file:line:column: key: message`."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)
