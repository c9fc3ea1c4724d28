"""The configured realms, by every way a typed name can point at one, and how their names are folded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kerbauth.core import text


class Case(StrEnum):
    """How a realm's names are folded: before the KDC is asked, and again before the mapping rules see the proved name.

    Folding is character by character (see `text.lower`) and not full Unicode case folding, which would ask for `strasse` where
    `straße` was typed: to a KDC those are two accounts. The realm of a principal is never folded.
    """

    LOWER = "lower"
    UPPER = "upper"
    KEEP = "keep"

    def fold(self, name: str) -> str:
        """The name in this case and composed (NFC), or as it is under `keep`. Folding twice is folding once."""
        match self:
            case Case.LOWER:
                return text.nfc(text.lower(text.nfc(name)))
            case Case.UPPER:
                return text.nfc(text.upper(text.nfc(name)))
            case _:
                return name


class NameSettingsError(ValueError):
    """What the settings say about names cannot be meant. `problems` are all of them, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


@dataclass(frozen=True, slots=True)
class RealmNames:
    """What the reading of typed names needs to know of one configured realm. `windows`: Active Directory answers there."""

    realm: str
    default: bool = False
    netbios: str | None = None
    upn_suffixes: tuple[str, ...] = ()
    case: Case = Case.KEEP
    allow_instances: bool = False
    windows: bool = False

    def takes_upn(self, suffix: str) -> bool:
        """Whether a name with this suffix is a user principal name, of which the KDC alone knows whose it is."""
        return self.windows and (self.netbios is None or text.caseless(suffix) != text.caseless(self.netbios))

    def aliases(self) -> Iterator[tuple[str, str]]:
        """What the realm is called besides its name, with the sort of name that is."""
        if self.netbios is not None:
            yield self.netbios, "NetBIOS name"
        for suffix in self.upn_suffixes:
            yield suffix, "UPN suffix"


class RealmDirectory:
    """The configured realms, by every way a typed name can point at one.

    Names of realms are compared without case. Raises NameSettingsError with every problem: no realm, two defaults, a name that is
    empty or holds blanks, controls or any of `@ / \\ :`, and one name (whether realm, NetBIOS name or UPN suffix) for two realms.
    """

    def __init__(self, realms: tuple[RealmNames, ...]) -> None:
        problems = list(_problems(realms))
        if problems:
            raise NameSettingsError(problems)
        self._exact = MappingProxyType({names.realm: names for names in realms})
        self._domains = MappingProxyType({text.caseless(name): names for name, names in _domains(realms)})
        suffixes = {text.caseless(suffix): names for names in realms for suffix in names.upn_suffixes}
        self._suffixes = MappingProxyType(suffixes | dict(self._domains))
        self._default = next((names for names in realms if names.default), None)

    def get(self, realm: str) -> RealmNames | None:
        """The realm of exactly this name, as a proved principal carries it; None if it is not configured."""
        return self._exact.get(realm)

    @property
    def default(self) -> RealmNames | None:
        """The realm of a name that says none."""
        return self._default

    def by_domain(self, typed: str) -> RealmNames | None:
        """The realm meant by what stands before a backslash: its NetBIOS name or its own, without case."""
        return self._domains.get(text.caseless(typed))

    def by_suffix(self, typed: str) -> RealmNames | None:
        """The realm meant by what stands behind an `@`: its name, NetBIOS name or UPN suffix, without case."""
        return self._suffixes.get(text.caseless(typed))


def _domains(realms: tuple[RealmNames, ...]) -> Iterator[tuple[str, RealmNames]]:
    for names in realms:
        yield names.realm, names
        if names.netbios is not None:
            yield names.netbios, names


def _problems(realms: tuple[RealmNames, ...]) -> Iterator[str]:
    if not realms:
        yield "No realm is configured."
    defaults = [names.realm for names in realms if names.default]
    if len(defaults) > 1:
        yield f"Only one realm can be the default, not {' and '.join(defaults)}."
    taken: dict[str, int] = {}
    for number, names in enumerate(realms):
        for name, sort in ((names.realm, "realm"), *names.aliases()):
            if not name or any(character in "@/\\:" or character.isspace() or text.is_control(character) for character in name):
                yield f"The {sort} {name!r} cannot be: it is empty or holds a blank, a control character or one of @ / \\ :."
            owner = taken.setdefault(text.caseless(name), number)
            if owner != number:
                yield f"The {sort} {name!r} of the realm {names.realm} already stands for the realm {realms[owner].realm}."
