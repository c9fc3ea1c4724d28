"""The port of a permission source that knows groups by name: a directory that says which SID a name stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kerbauth.core.sid import Sid


@dataclass(frozen=True, slots=True)
class GroupFound:
    """A group's name stands for this SID."""

    sid: Sid


@dataclass(frozen=True, slots=True)
class NoSuchGroup:
    """The directory says that there is no group of that name which a ticket could list. `explanation` is for a log."""

    explanation: str


@dataclass(frozen=True, slots=True)
class DirectoryFailed:
    """The directory did not answer, or not believably. `problem` is for a log and holds no secret."""

    problem: str


class GroupDirectory(Protocol):
    """Finds the groups of Active Directory domains by name.

    Promise: what is found is the word of a domain controller of that very realm, which has proved that it is one, to us, over a connection
    that nobody else can read or change. Nothing is raised for an answer; what is not understood is `DirectoryFailed`. Ends by itself,
    after some seconds for each name at most, and never blocks the event loop.
    """

    async def find_groups(self, realm: str, names: Sequence[str]) -> Mapping[str, GroupFound | NoSuchGroup] | DirectoryFailed:
        """The groups of these names (sAMAccountName, compared without case) in the domain of `realm`: one finding for each name."""
        ...
