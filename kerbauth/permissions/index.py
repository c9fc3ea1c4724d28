"""Answers questions from a permission model held in memory."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.core.text import caseless
from kerbauth.permissions.model import NEEDED, PERMISSIONS, ApplicationObject, PermissionModel, Person
from kerbauth.ports import NotPermitted, Permitted, Question

_NOTHING: Final[frozenset[str]] = frozenset()


class PermissionIndex:
    """A model, arranged so that an answer costs two look-ups once it has been worked out.

    The first question about a person and an application walks up the groups the person is in; what it finds is kept, at most one
    entry per person and application of the model, so questions about names that do not exist cost no memory. Raises ValueError
    for two persons or two applications of one name: a guess between them would be a login in somebody else's name.
    """

    def __init__(self, model: PermissionModel) -> None:
        self._persons = {caseless(person.user): person for person in model.persons}
        self._applications = {application.name: application for application in model.applications}
        if len(self._persons) != len(model.persons) or len(self._applications) != len(model.applications):
            msg = "two persons or two applications have one name"
            raise ValueError(msg)
        self._direct_groups: defaultdict[str, list[str]] = defaultdict(list)  # caseless user name -> groups that list it
        self._outer_groups: defaultdict[str, list[str]] = defaultdict(list)  # group -> groups that nest it
        for group in model.access_groups:
            for member in group.members:
                self._direct_groups[caseless(member)].append(group.name)
            for inner in group.groups:
                self._outer_groups[inner].append(group.name)
        self._to_users: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # (application, caseless user name)
        self._to_groups: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # (application, group)
        for grant in model.grants:
            if grant.user is not None:
                self._to_users[grant.application, caseless(grant.user)].update(grant.permissions)
            if grant.group is not None:
                self._to_groups[grant.application, grant.group].update(grant.permissions)
        self._held: dict[tuple[str, str], tuple[str, ...]] = {}

    def answer(self, question: Question) -> Permitted | NotPermitted:
        """Answer one question. The person is looked at before the application, so each refusal names the first obstacle."""
        person = self._persons.get(caseless(question.user))
        if person is None or not _belongs(person, question.tenant):
            return NotPermitted(Reason.UNKNOWN_GENESYS_USER)
        if not person.enabled:
            return NotPermitted(Reason.USER_DISABLED)
        application = self._applications.get(question.application)
        if application is None or not _belongs(application, question.tenant):
            return NotPermitted(Reason.UNKNOWN_APPLICATION)
        if not application.enabled:
            return NotPermitted(Reason.APPLICATION_DISABLED)
        held = self.held(person.user, application.name)
        if not NEEDED.issubset(held):
            return NotPermitted(Reason.NOT_PERMITTED, f"read and execute are needed; granted: {', '.join(held) or 'nothing'}")
        return Permitted(person.user, Application(application.name, application.type, held))

    def held(self, user: str, application: str) -> tuple[str, ...]:
        """The permissions a person holds on an application, directly and through groups, in the order of PERMISSIONS."""
        key = (caseless(user), application)
        if key[0] not in self._persons or application not in self._applications:
            return ()
        if key not in self._held:
            granted = set(self._to_users.get((application, key[0]), _NOTHING))
            for group in self._groups_of(key[0]):
                granted |= self._to_groups.get((application, group), _NOTHING)
            self._held[key] = tuple(permission for permission in PERMISSIONS if permission in granted)
        return self._held[key]

    def _groups_of(self, person: str) -> Iterable[str]:
        """Every group a person is in, each once. A loop and no recursion: nesting may be deeper than Python's stack."""
        waiting = list(self._direct_groups.get(person, ()))
        seen: set[str] = set()
        while waiting:
            group = waiting.pop()
            if group not in seen:
                seen.add(group)
                waiting.extend(self._outer_groups.get(group, ()))
        return seen


def _belongs(entry: Person | ApplicationObject, tenant: str | None) -> bool:
    """Whether an entry is in the tenant a question names; who names none, or belongs to none, is not held to one."""
    return tenant is None or entry.tenant is None or entry.tenant == tenant
