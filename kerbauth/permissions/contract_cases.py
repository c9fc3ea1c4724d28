"""The cases of the permission sources' contract suite, as data."""

from collections.abc import Iterable, Iterator
from typing import Final

from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.permissions.contract import Case, Expected, Feature, Step
from kerbauth.permissions.model import AccessGroup, ApplicationObject, Grant, Permission, PermissionModel, Person
from kerbauth.ports import Permitted, Question

MANY_GROUPS: Final = 10_000
"""How many groups the largest case has. Its questions must be answered within a login's deadline all the same."""

_BOTH: Final[tuple[Permission, ...]] = ("read", "execute")
_ALICE: Final = Person(user="alice")
_DESKTOP: Final = ApplicationObject(name="desktop", type="agent-desktop")
_LONG: Final = "x" * 255

# No names of anybody or anything in the cases, however much they look like it to SQL, LDAP, a shell, or the eye.
_STRANGERS: Final = (
    "",
    " ",
    "*",
    "%",
    "_____",
    "a%",
    "alic_",
    "alice'",
    "alice\\",
    "alice' OR '1'='1",
    'alice" OR ""="',
    "alice; DROP TABLE persons --",
    "alice)(uid=*",
    "../alice",
    "alice\x00",
    "alice\x00bob",
    "\x00alice",
    "alice\n",
    " alice",
    "alice ",
    "ali\u200bce",  # a zero width space
    "\u0430lice",  # CYRILLIC SMALL LETTER A
    "\uff41lice",  # FULLWIDTH LATIN SMALL LETTER A: alike only in compatibility forms
    "al\u0131ce",  # LATIN SMALL LETTER DOTLESS I, which case folding leaves alone
    "x" * 256,
    "alice" * 2000,
)
# Names that are allowed, though not liked; each is somebody, and only itself.
_UNUSUAL: Final = (
    "O'Brien",
    'the "boss"',
    "50%",
    "under_score",
    "back\\slash",
    "semi;colon--",
    "paren(thesis)*",
    "a.b-c d@e",
    "Z\u00fcrich",
    "\u540d\u524d",
    "null",
    "1",
    _LONG,
)


def cases() -> tuple[Case, ...]:
    """Every case, in an order that reads well."""
    return (*_grants(), *_first_obstacle(), *_names(), *_groups(), *_taken_away(), *_tenants())


def _model(
    *grants: Grant,
    persons: Iterable[Person] = (_ALICE,),
    applications: Iterable[ApplicationObject] = (_DESKTOP,),
    groups: Iterable[AccessGroup] = (),
) -> PermissionModel:
    return PermissionModel(persons=tuple(persons), applications=tuple(applications), access_groups=tuple(groups), grants=grants)


def _to_user(*permissions: Permission, user: str = "alice", application: str = "desktop") -> Grant:
    return Grant(application=application, user=user, permissions=permissions)


def _to_group(group: str, *permissions: Permission) -> Grant:
    return Grant(application="desktop", group=group, permissions=permissions)


def _yes(asked: str = "alice", *, user: str = "alice", application: ApplicationObject = _DESKTOP, tenant: str | None = None) -> Expected:
    answer = Permitted(user, Application(application.name, application.type, _BOTH))
    return Expected(Question(asked, "CORP.EXAMPLE", application.name, tenant), answer)


def _no(reason: Reason, user: str = "alice", application: str = "desktop", tenant: str | None = None) -> Expected:
    return Expected(Question(user, "CORP.EXAMPLE", application, tenant), reason)


def _case(name: str, model: PermissionModel, *expected: Expected, needs: Iterable[Feature] = ()) -> Case:
    return Case(name, (Step(model, expected),), frozenset(needs))


def _grants() -> Iterator[Case]:
    no = _no(Reason.NOT_PERMITTED)
    yield _case("read and execute let in", _model(_to_user(*_BOTH)), _yes())
    yield _case("nothing granted, nothing allowed", _model(), no)
    yield _case("read alone is too little", _model(_to_user("read")), no)
    yield _case("execute alone is too little", _model(_to_user("execute")), no)
    others: tuple[Permission, ...] = ("read", "create", "change", "delete", "propagate", "read-permissions", "change-permissions")
    other = {Feature.OTHER_PERMISSIONS}
    yield _case("no other permission stands in for execute", _model(_to_user(*others)), no, needs=other)
    held = Permitted("alice", Application("desktop", "agent-desktop", ("read", "execute", "change", "delete")))
    yield _case(
        "the answer has all permissions held, read and execute first",
        _model(_to_user("delete", "execute", "change", "read")),
        Expected(Question("alice", "CORP.EXAMPLE", "desktop"), held),
        needs=other,
    )
    second = ApplicationObject(name="administrator", type="administrator-extension")
    yield _case(
        "a grant holds for its application and its user only",
        _model(_to_user(*_BOTH), persons=(_ALICE, Person(user="bob")), applications=(_DESKTOP, second)),
        _yes(),
        _no(Reason.NOT_PERMITTED, application="administrator"),
        _no(Reason.NOT_PERMITTED, user="bob"),
    )
    untyped = ApplicationObject(name="untyped")
    grant = _to_user(*_BOTH, application="untyped")
    yield _case("an application needs no type", _model(grant, applications=(untyped,)), _yes(application=untyped))


def _first_obstacle() -> Iterator[Case]:
    grant, persons = _to_user(*_BOTH), {Feature.PERSONS}
    disabled = Person(user="alice", enabled=False)
    closed = ApplicationObject(name="desktop", enabled=False)
    yield _case("an unknown person", _model(grant), _no(Reason.UNKNOWN_GENESYS_USER, user="mallory"), needs=persons)
    yield _case("a disabled person", _model(grant, persons=(disabled,)), _no(Reason.USER_DISABLED), needs=persons)
    yield _case("an unknown application", _model(grant), _no(Reason.UNKNOWN_APPLICATION, application="elsewhere"))
    yield _case("a disabled application", _model(grant, applications=(closed,)), _no(Reason.APPLICATION_DISABLED))
    yield _case(
        "the person is looked at before the application",
        _model(persons=(disabled,), applications=(closed,)),
        _no(Reason.UNKNOWN_GENESYS_USER, user="mallory", application="elsewhere"),
        _no(Reason.USER_DISABLED, application="elsewhere"),
        _no(Reason.USER_DISABLED),
        needs=persons,
    )
    yield _case("a disabled application before its missing grants", _model(applications=(closed,)), _no(Reason.APPLICATION_DISABLED))


def _names() -> Iterator[Case]:
    for name, spelled, *asked in (
        ("case makes no difference to a user name", "Alice", "alice", "ALICE", "aLiCe"),
        ("folding is Unicode's, beyond ASCII", "Stra\u00dfe-\u03a3", "STRASSE-\u03c3", "stra\u00dfe-\u03c2"),
        ("composed and decomposed letters are the same", "J\u00fcrgen", "Ju\u0308rgen", "JU\u0308RGEN"),
    ):
        model = _model(_to_user(*_BOTH, user=spelled), persons=(Person(user=spelled),))
        answers = (_yes(each, user=spelled) for each in (spelled, *asked))
        yield _case(f"{name}; the answer has the source's spelling", model, *answers, needs={Feature.PERSONS})
    yield _case(
        "an application's name is compared exactly",
        _model(_to_user(*_BOTH)),
        *(_no(Reason.UNKNOWN_APPLICATION, application=name) for name in ("Desktop", "DESKTOP", "desktop ", "agent-desktop")),
    )
    yield _case(
        "two applications may differ by case",
        _model(_to_user(*_BOTH), applications=(_DESKTOP, ApplicationObject(name="Desktop"))),
        _yes(),
        _no(Reason.NOT_PERMITTED, application="Desktop"),
    )
    unknown = (_no(Reason.UNKNOWN_GENESYS_USER, user=name) for name in _STRANGERS)
    yield _case("strangers' names are nobody's", _model(_to_user(*_BOTH)), *unknown, needs={Feature.PERSONS})
    nowhere = (name.replace("alice", "desktop") for name in _STRANGERS)
    yield _case("and no application's", _model(_to_user(*_BOTH)), *(_no(Reason.UNKNOWN_APPLICATION, application=name) for name in nowhere))
    persons = tuple(Person(user=name) for name in _UNUSUAL)
    applications = tuple(ApplicationObject(name=name) for name in _UNUSUAL)
    grants = tuple(_to_user(*_BOTH, user=name, application=name) for name in _UNUSUAL)
    yield _case(
        "unusual names are names",
        _model(*grants, persons=persons, applications=applications),
        *(_yes(name, user=name, application=application) for name, application in zip(_UNUSUAL, applications, strict=True)),
        _no(Reason.NOT_PERMITTED, user="50%", application="under_score"),
    )
    yield _case(
        "and no pattern for others",
        _model(*grants, persons=persons, applications=applications),
        _no(Reason.UNKNOWN_GENESYS_USER, user="50x", application="50%"),
        _no(Reason.UNKNOWN_GENESYS_USER, user="underXscore", application="under_score"),
        _no(Reason.UNKNOWN_GENESYS_USER, user="", application="null"),
        needs={Feature.PERSONS},
    )


def _groups() -> Iterator[Case]:
    grouped, nested = {Feature.GROUPS}, {Feature.GROUPS, Feature.NESTED_GROUPS}
    agents = AccessGroup(name="agents", members=("alice",))
    yield _case("through a group", _model(_to_group("agents", *_BOTH), groups=(agents,)), _yes(), needs=grouped)
    bob = Person(user="bob")
    model = _model(_to_group("agents", *_BOTH), persons=(_ALICE, bob), groups=(agents,))
    yield _case("a group's grant is its members' alone", model, _no(Reason.NOT_PERMITTED, user="bob"), needs=grouped)
    both = (_to_group("agents", "read"), _to_user("execute"))
    yield _case("what a person holds adds up", _model(*both, groups=(agents,)), _yes(), needs=grouped)
    namesake = AccessGroup(name="alice", members=("bob",))
    model = _model(_to_group("alice", *_BOTH), persons=(_ALICE, bob), groups=(namesake,))
    yield _case("a group is not the person of its name", model, _no(Reason.NOT_PERMITTED), _yes("bob", user="bob"), needs=grouped)
    tree = (agents, AccessGroup(name="staff", groups=("agents",)), AccessGroup(name="all", groups=("staff",)))
    yield _case("through a group in a group in a group", _model(_to_group("all", *_BOTH), groups=tree), _yes(), needs=nested)
    top = AccessGroup(name="all", members=("bob",), groups=("agents",))
    model = _model(_to_group("agents", *_BOTH), persons=(_ALICE, bob), groups=(agents, top))
    yield _case("nesting works in one direction", model, _yes(), _no(Reason.NOT_PERMITTED, user="bob"), needs=nested)
    twice = (
        agents,
        AccessGroup(name="a", groups=("agents",)),
        AccessGroup(name="b", groups=("agents",)),
        AccessGroup(name="top", groups=("a", "b")),
    )
    yield _case("by two ways to one group", _model(_to_group("top", *_BOTH), groups=twice), _yes(), needs=nested)
    many = tuple(AccessGroup(name=f"group {number}", members=("alice",)) for number in range(MANY_GROUPS))
    last = _to_group(many[-1].name, *_BOTH)
    model = _model(last, persons=(_ALICE, bob), groups=many)
    yield _case("among ten thousand groups", model, _yes(), _no(Reason.NOT_PERMITTED, user="bob"), needs=grouped)


def _taken_away() -> Iterator[Case]:
    grant = _to_user(*_BOTH)
    before, gone = Step(_model(grant), (_yes(),)), _no(Reason.NOT_PERMITTED)
    yield Case("a grant that is removed", (before, Step(_model(), (gone,))))
    yield Case("half a grant that is removed", (before, Step(_model(_to_user("read")), (gone,))))
    person = Person(user="alice", enabled=False)
    persons = frozenset({Feature.PERSONS})
    yield Case("a person who is disabled", (before, Step(_model(grant, persons=(person,)), (_no(Reason.USER_DISABLED),))), persons)
    other = Step(_model(persons=(Person(user="bob"),)), (_no(Reason.UNKNOWN_GENESYS_USER),))
    yield Case("a person who is removed", (before, other), persons)
    agents, empty = AccessGroup(name="agents", members=("alice",)), AccessGroup(name="agents")
    group = _to_group("agents", *_BOTH)
    steps = (Step(_model(group, groups=(agents,)), (_yes(),)), Step(_model(group, groups=(empty,)), (gone,)))
    yield Case("a member who is removed", steps, frozenset({Feature.GROUPS}))


def _tenants() -> Iterator[Case]:
    needs = {Feature.TENANTS}
    alice, shared = Person(user="alice", tenant="North"), _DESKTOP
    own = ApplicationObject(name="desktop", type="agent-desktop", tenant="North")
    grant = _to_user(*_BOTH)
    model = _model(grant, persons=(alice,), applications=(own,))
    yield _case("in the tenant that is asked about", model, _yes(tenant="North"), needs=needs)
    yield _case("where no tenant is asked about", model, _yes(), needs=needs)
    wrong = (_no(Reason.UNKNOWN_GENESYS_USER, tenant=tenant) for tenant in ("South", "north", "", "North "))
    yield _case("a person of another tenant is unknown", model, *wrong, needs=needs)
    foreign = ApplicationObject(name="desktop", tenant="South")
    model = _model(grant, persons=(alice,), applications=(foreign,))
    yield _case("an application of another tenant is unknown", model, _no(Reason.UNKNOWN_APPLICATION, tenant="North"), needs=needs)
    model = _model(grant, persons=(alice,), applications=(shared,))
    yield _case("an application without a tenant is in all of them", model, _yes(tenant="North"), needs=needs)
    yield _case("and so is a person", _model(grant, applications=(own,)), _yes(tenant="North"), needs=needs)
