"""The adapter `groups`: permissions from the groups of Active Directory that the verified ticket of the very login lists."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Self

from kerbauth.core.account import WindowsAccount
from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.directory import DirectoryFailed, GroupDirectory
from kerbauth.permissions.adapter import AdapterContext
from kerbauth.permissions.group_sids import GroupSids
from kerbauth.permissions.groups_options import Granted, GroupName, GroupOptions, read_group_options
from kerbauth.permissions.model import NEEDED, PERMISSIONS, ApplicationObject
from kerbauth.ports import Answer, NotPermitted, Permitted, Question, SourceFailed

NO_ACCOUNT: Final = "the login came with no account of Active Directory, and so with no groups: its realm is not of kind ad"


class _NoDirectory:
    """Stands in until there is one: a configuration is opened and checked before anything can be asked."""

    async def find_groups(self, realm: str, names: Sequence[str]) -> DirectoryFailed:  # noqa: ARG002 -- the port's shape
        return DirectoryFailed("it is not known yet")


class GroupsSource:
    """Answers from the account that a question brings along. It knows no persons: who is in a group that has a grant is one.

    What it holds of the settings never changes; what is found out about groups' names is kept beside it, in `sids`.
    """

    asks_application: Final = True

    def __init__(self, options: GroupOptions, sids: GroupSids, startup_warnings: tuple[str, ...] = ()) -> None:
        self._options = options
        self._sids = sids
        self._startup_warnings = startup_warnings
        self._applications = {application.name: application for application in options.applications}
        self._grants: defaultdict[str, list[Granted]] = defaultdict(list)
        for grant in options.grants:
            self._grants[grant.application].append(grant)

    @classmethod
    def of(cls, options: GroupOptions, startup_warnings: tuple[str, ...] = ()) -> Self:
        """A source that can look no name up yet."""
        return cls(options, GroupSids(_names(options), _NoDirectory()), startup_warnings)

    def working(self, directory: GroupDirectory, before: Self | None = None) -> Self:
        """The same with a directory to look names up in. What `before`, which it replaces, has found is known at once."""
        sids = GroupSids(_names(self._options), directory, before.sids if before is not None else None)
        return type(self)(self._options, sids, self._startup_warnings)

    @property
    def startup_warnings(self) -> tuple[str, ...]:
        """What is odd, though not wrong, about the settings."""
        return self._startup_warnings

    @property
    def sids(self) -> GroupSids:
        """What the groups' names stand for."""
        return self._sids

    async def may_enter(self, question: Question) -> Answer:
        """Answer from memory; only before a needed group has been looked up for the first time, it waits for that."""
        application = self._applications.get(question.application)
        if application is None or (question.tenant is not None and application.tenant not in {None, question.tenant}):
            return NotPermitted(Reason.UNKNOWN_APPLICATION)
        if not application.enabled:
            return NotPermitted(Reason.APPLICATION_DISABLED)
        if question.account is None:
            return NotPermitted(Reason.NOT_PERMITTED, NO_ACCOUNT)
        self._sids.begin()
        unresolved = self._unresolved(application.name, question.account)
        if unresolved:
            await self._sids.first_look(unresolved)
        return self._answer(question.user, application, question.account)

    async def problem(self) -> str:
        """Empty, or the groups without a SID whose directory does not answer; waits for the first look at those.

        A name that the directory does not have is told by the log only: it is wrong everywhere, and no reason to take one machine, or all,
        out of service for those who come in by other groups.
        """
        self._sids.begin()
        await self._sids.first_look([name for name, _ in self._sids.missing()])
        return "; ".join(f"the group {name} is not found: {why}" for name, why in self._sids.unasked())

    def begin(self) -> None:
        """Begin to look names up now, if an event loop runs; else the first question does."""
        with suppress(RuntimeError):  # asyncio's way to say that none runs
            asyncio.get_running_loop()
            self._sids.begin()

    def close(self) -> None:
        """Look no more names up."""
        self._sids.close()

    def _answer(self, user: str, application: ApplicationObject, account: WindowsAccount) -> Answer:
        held = self._held(application.name, account)
        if NEEDED.issubset(held):
            return Permitted(user, Application(application.name, application.type, held))
        unresolved = self._unresolved(application.name, account)
        if unresolved:
            which = "; ".join(f"{name}: {self._sids.why_not(name)}" for name in unresolved)
            return SourceFailed(f"the user may be in a group that is not found: {which}")
        return NotPermitted(
            Reason.NOT_PERMITTED,
            f"read and execute are needed; granted to the {len(account.groups)} groups of the account: {', '.join(held) or 'nothing'}",
        )

    def _held(self, application: str, account: WindowsAccount) -> tuple[str, ...]:
        """What the account's groups have, in the order of PERMISSIONS."""
        granted: set[str] = set()
        for grant in self._grants.get(application, ()):
            sid = self._sids.sid(grant.group) if isinstance(grant.group, GroupName) else grant.group
            if sid is not None and sid in account.groups:
                granted |= grant.permissions
        return tuple(permission for permission in PERMISSIONS if permission in granted)

    def _unresolved(self, application: str, account: WindowsAccount) -> list[GroupName]:
        """The groups without a SID that the account would have to be in to be let in; none if it is let in, or is not in any case."""
        held = set(self._held(application, account))
        if held >= NEEDED:
            return []
        unresolved = {
            grant.group: grant.permissions
            for grant in self._grants.get(application, ())
            if isinstance(grant.group, GroupName) and self._sids.sid(grant.group) is None
        }
        return list(unresolved) if held.union(*unresolved.values()) >= NEEDED else []


def _names(options: GroupOptions) -> frozenset[GroupName]:
    return frozenset(grant.group for grant in options.grants if isinstance(grant.group, GroupName))


def open_source(options: Mapping[str, object], context: AdapterContext) -> GroupsSource:
    """Read the options. It asks no directory; `GroupsSource.working` gives it one."""
    read = read_group_options(options, context.domains)
    warnings = []
    if not read.grants:
        warnings.append("permissions: there are no grants, so nobody may enter any application")
    if not any(domain.active_directory for domain in context.domains.values()):
        warnings.append("permissions: no realm is of kind ad, so nobody has groups, and nobody may enter any application")
    return GroupsSource.of(read, tuple(warnings))
