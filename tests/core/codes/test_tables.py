import pytest

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.krb_names import krb
from kerbauth.core.codes.model import Entry, Fault, Stage
from kerbauth.core.reasons import Reason, Retry


def one(reason: Reason | None = Reason.INTERNAL, at: dict[Stage, Reason] | None = None) -> tuple[Entry, ...]:
    return krb((24, "KDC_ERR_X", "X."), by=(Fault.USER,), do="Do.", retry=Retry.NO, reason=reason, at=at or {})


def test_an_empty_catalogue_is_an_error() -> None:
    with pytest.raises(ValueError, match="without entries"):
        catalogue.index(())


def test_a_code_entered_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="krb5:-1765328360 is entered twice"):
        catalogue.index((*one(), *one()))


@pytest.mark.parametrize("entries", [one(Reason.KDC_FAILOVER), one(None, {Stage.AS: Reason.PASSWORD_EXPIRES_SOON})])
def test_an_entry_that_leads_to_a_warning_is_an_error(entries: tuple[Entry, ...]) -> None:
    with pytest.raises(ValueError, match="leads to a warning"):
        catalogue.index(entries)


def test_a_group_without_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="without rows"):
        krb(by=(Fault.USER,), do="Do.", retry=Retry.NO, reason=None)


def test_a_group_that_is_nobodys_fault_says_so() -> None:
    with pytest.raises(ValueError, match="without anybody"):
        krb((24, "KDC_ERR_X", "X."), by=(), do="Do.", retry=Retry.NO, reason=None)


def test_an_entrys_stages_cannot_be_changed() -> None:
    (entry,) = one(at={Stage.AS: Reason.KDC_ERROR})
    with pytest.raises(TypeError):
        entry.at[Stage.AS] = Reason.INTERNAL  # type: ignore[index]  # that it cannot be changed is what is tested


def test_a_name_belongs_to_one_code_only() -> None:
    names = [name for entry in catalogue.ENTRIES.values() for name in {entry.name, *entry.aliases}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("entry", catalogue.ENTRIES.values(), ids=lambda entry: entry.name)
def test_every_entry_says_what_happened_and_what_to_do(entry: Entry) -> None:
    assert entry.meaning.endswith(".")
    assert entry.remedy.endswith((".", ")"))
    assert entry.fault
    assert entry.name == entry.name.upper()


def test_meanings_are_each_codes_own() -> None:
    meanings: dict[str, list[str]] = {}
    for entry in catalogue.ENTRIES.values():
        meanings.setdefault(entry.meaning, []).append(entry.name)
    alike = {meaning: names for meaning, names in meanings.items() if len(names) > 1}
    assert set(alike) == {
        "No error.",
        "A mark in the table of codes, not an error; nothing ever returns it.",
        "The same authenticator was seen before.",
    }
