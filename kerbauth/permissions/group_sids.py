"""What the groups' names in the settings stand for: their SIDs, looked up in the background and kept for a while."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kerbauth.core.sid import Sid
from kerbauth.core.text import shown
from kerbauth.directory import DirectoryFailed, GroupDirectory, GroupFound, NoSuchGroup
from kerbauth.permissions.groups_options import GroupName

REFRESH: Final = 300.0
"""Seconds from one look to the next. A group that is deleted and made anew has another SID, and it counts after so long at most."""

RETRY: Final = 15.0
"""Seconds until a directory that did not answer is asked again."""

RETRY_MISSING: Final = 60.0
"""Seconds until it is asked again for a name that it does not have: somebody may be making the group right now."""

KEEP_UNASKED: Final = 86_400.0
"""Seconds that a SID is used after the directory last confirmed it, while the directory does not answer: a group's SID never changes, and
a day is enough to repair a directory. Restarts forget it."""

KEEP_MISSING: Final = 3_600.0
"""Seconds that a SID is used after the directory began to say that no group has the name. Of a deleted group it lets nobody in, since new
tickets do not list it; a renamed one is still the group that was meant, and an hour is time to correct the settings."""

FIRST_LOOK: Final = 4.0
"""Seconds that a login waits for the first look: less than the login's own patience with permission sources, so that it hears why."""

_log: Final = logging.getLogger("kerbauth.permissions")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a name. Times are the event loop's. `missing` is since when the directory says that there is no such group."""

    sid: Sid
    confirmed: float
    missing: float | None = None

    def usable(self, now: float) -> bool:
        """Whether the SID may be used still."""
        if self.missing is not None and now >= self.missing + KEEP_MISSING:
            return False
        return now < self.confirmed + KEEP_UNASKED


class GroupSids:
    """Looks names up, realm by realm, as soon as it is begun and for as long as it is not closed.

    It is begun by the first question about it, or by `begin`. Until a name is found there is no SID, and nothing stands in for it.
    """

    def __init__(self, names: Collection[GroupName], directory: GroupDirectory, before: "GroupSids | None" = None) -> None:
        """`before` is what a reload replaces: what it knows of these names is known here, too."""
        self._directory = directory
        self._names: dict[str, dict[str, GroupName]] = {}
        for name in sorted(names, key=str):
            self._names.setdefault(name.realm, {})[name.folded] = name
        self._known: dict[GroupName, Known] = {name: known for name, known in before.known.items() if name in names} if before else {}
        self._problems: dict[GroupName, str] = {}
        self._unasked: set[str] = set(self._names)
        self._looked = {realm: asyncio.Event() for realm in self._names}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    @property
    def known(self) -> Mapping[GroupName, Known]:
        """What is known of the names that were found."""
        return self._known

    def begin(self) -> None:
        """Look the names up from now on, if nobody does so yet. Needs a running event loop."""
        for realm in self._names:
            task = self._looking.get(realm)
            if not self._closed and (task is None or task.done()):
                self._looking[realm] = asyncio.create_task(self._keep_looking(realm))

    def sid(self, name: GroupName) -> Sid | None:
        """The SID that the name stands for, as far as that is known."""
        known = self._known.get(name)
        return known.sid if known is not None and known.usable(asyncio.get_running_loop().time()) else None

    def why_not(self, name: GroupName) -> str:
        """Why there is no SID for a name, in one sentence."""
        return self._problems.get(name, "the directory has not answered yet")

    async def first_look(self, names: Collection[GroupName]) -> None:
        """Wait until the directories of these names have answered once, or have failed to, but not for long."""
        self.begin()
        events = [self._looked[realm] for realm in {name.realm for name in names} if realm in self._looked]
        try:
            async with asyncio.timeout(FIRST_LOOK):
                for event in events:
                    await event.wait()
        except TimeoutError:
            return

    def missing(self) -> Iterator[tuple[GroupName, str]]:
        """The names that have no SID now, and why."""
        for names in self._names.values():
            for name in names.values():
                if self.sid(name) is None:
                    yield name, self.why_not(name)

    def unasked(self) -> Iterator[tuple[GroupName, str]]:
        """Those of the missing whose directory did not answer the last time: any of them may be there."""
        return ((name, why) for name, why in self.missing() if name.realm in self._unasked)

    async def look(self, realm: str) -> float:
        """Look the names of one realm up, once. Gives the seconds until the next time."""
        names = self._names[realm]
        found = await self._directory.find_groups(realm, tuple(names))
        now = asyncio.get_running_loop().time()
        if isinstance(found, DirectoryFailed):
            for name in names.values():
                self._trouble(name, f"the directory of {realm} cannot be asked: {found.problem}")
            self._unasked.add(realm)
            pause = RETRY
        else:
            self._unasked.discard(realm)
            for folded, name in names.items():
                self._take(name, found.get(folded, NoSuchGroup("the directory does not say")), now)
            pause = RETRY_MISSING if any(name in self._problems for name in names.values()) else REFRESH
        self._looked[realm].set()
        return pause

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        for task in self._looking.values():
            if not task.get_loop().is_closed():
                task.cancel()

    async def _keep_looking(self, realm: str) -> None:
        while True:
            pause = await self.look(realm)
            await asyncio.sleep(pause)

    def _take(self, name: GroupName, found: GroupFound | NoSuchGroup, now: float) -> None:
        known = self._known.get(name)
        match found:
            case GroupFound(sid):
                if known is not None and known.sid != sid:
                    _log.warning("the group %s has another SID now: %s instead of %s", name, sid, known.sid)
                elif self._problems.get(name):
                    _log.info("the group %s is found: %s", name, sid)
                self._known[name] = Known(sid, now)
                self._problems.pop(name, None)
            case NoSuchGroup(explanation):
                if known is not None and known.missing is None:
                    self._known[name] = replace(known, confirmed=now, missing=now)
                elif known is not None:
                    self._known[name] = replace(known, confirmed=now)
                self._trouble(name, explanation)

    def _trouble(self, name: GroupName, problem: str) -> None:
        problem = shown(problem)
        if self._problems.get(name) != problem:
            kept = "; its SID of before is used for a while" if name in self._known else "; who may log in only by it cannot log in"
            _log.warning("the group %s is not found: %s%s", name, problem, kept)
        self._problems[name] = problem
