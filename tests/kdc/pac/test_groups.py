import pytest

from kerbauth.kdc.pac.reader import read_pac
from tests.kdc.pac.reading import problem, read
from tests.kdc.pac.writer import DOMAIN, MANDATORY, Groups, Logon, SidParts, Written

OWN = "S-1-5-21-1-2-3"
OTHER: SidParts = (5, (21, 4, 5, 6))
DENY_ONLY = 0x10
RESOURCE = 0x2000_0000


def groups(logon: Logon) -> frozenset[str]:
    return frozenset(read(Written(logon=logon).write()).groups)


def test_groups_of_every_kind_count() -> None:
    logon = Logon(
        groups=((513, MANDATORY), (1201, MANDATORY)),
        extra=(((18, (1,)), MANDATORY), ((5, (*OTHER[1], 519)), MANDATORY)),
        resource_domain=OTHER,
        resources=((1301, MANDATORY | RESOURCE),),
    )
    assert groups(logon) == {f"{OWN}-513", f"{OWN}-1201", "S-1-18-1", "S-1-5-21-4-5-6-519", "S-1-5-21-4-5-6-1301"}


def test_the_primary_group_counts_though_it_is_not_listed() -> None:
    assert groups(Logon(primary=513, groups=None)) == {f"{OWN}-513"}


def test_the_primary_group_counts_as_it_is_listed() -> None:
    assert groups(Logon(primary=513, groups=((513, MANDATORY | DENY_ONLY),))) == frozenset()


@pytest.mark.parametrize("attributes", [pytest.param(0x3, id="not enabled"), pytest.param(MANDATORY | DENY_ONLY, id="deny only"), 0])
def test_a_group_that_is_not_enabled_or_only_denies_grants_nothing(attributes: int) -> None:
    logon = Logon(
        groups=((513, MANDATORY), (1201, attributes)),
        extra=(((5, (*OTHER[1], 519)), attributes),),
        resource_domain=OTHER,
        resources=((1301, attributes),),
    )
    assert groups(logon) == {f"{OWN}-513"}


@pytest.mark.parametrize("places", [(MANDATORY, DENY_ONLY), (MANDATORY | DENY_ONLY, MANDATORY)])
def test_a_group_that_only_denies_in_one_place_grants_nothing_in_another(places: tuple[int, int]) -> None:
    again = (5, (*DOMAIN[1], 1201))
    assert groups(Logon(groups=((513, MANDATORY), (1201, places[0])), extra=((again, places[1]),))) == {f"{OWN}-513"}


@pytest.mark.parametrize("places", [(MANDATORY, 0), (0, MANDATORY)])
def test_a_group_that_is_enabled_in_one_place_counts(places: tuple[int, int]) -> None:
    again = (5, (*DOMAIN[1], 1201))
    assert f"{OWN}-1201" in groups(Logon(groups=((513, MANDATORY), (1201, places[0])), extra=((again, places[1]),)))


@pytest.mark.parametrize("flags", [0, 0x20, 0x200])
def test_extra_and_resource_groups_count_only_if_the_flags_say_they_are_there(flags: int) -> None:
    logon = Logon(extra=(((18, (1,)), MANDATORY),), resource_domain=OTHER, resources=((1301, MANDATORY),), user_flags=flags)
    expected = {f"{OWN}-513"} | ({"S-1-18-1"} if flags == 0x20 else set()) | ({"S-1-5-21-4-5-6-1301"} if flags == 0x200 else set())
    assert groups(logon) == expected


@pytest.mark.parametrize("control", [0x40, 0x80, 0x100])
def test_accounts_of_computers_domain_controllers_and_trusts_are_machines(control: int) -> None:
    assert read(Written(logon=Logon(account_control=control)).write()).is_machine


def test_an_account_that_is_named_like_a_machine_is_one() -> None:
    assert read(Written(logon=Logon(user="alice$")).write()).is_machine


def test_a_users_account_is_no_machine() -> None:
    assert not read(Written().write()).is_machine


@pytest.mark.parametrize(
    ("logon", "expected"),
    [
        (Logon(user=""), "The LOGON_INFO has no name of the account, or none of its domain."),
        (Logon(user=None), "The LOGON_INFO has no name of the account, or none of its domain."),
        (Logon(domain=""), "The LOGON_INFO has no name of the account, or none of its domain."),
        (Logon(domain_sid=None, groups=None), "The LOGON_INFO has no SID of the account in its domain."),
        (Logon(rid=0), "The LOGON_INFO has no SID of the account in its domain."),
        (Logon(domain_sid=(5, (1,) * 15)), "The LOGON_INFO has a domain whose SID has no room for members."),
        (Logon(resources=((1301, 7),)), "The LOGON_INFO has groups of a domain without a SID."),
        (Logon(resource_domain=(5, (1,) * 15), resources=((1, 7),)), "The LOGON_INFO has a domain whose SID has no room for members."),
    ],
)
def test_an_account_without_a_name_or_sid_is_refused(logon: Logon, expected: str) -> None:
    assert problem(Written(logon=logon).write()) == expected


def test_as_many_groups_as_fit_are_read() -> None:
    many: Groups = tuple((rid, MANDATORY) for rid in range(1, 8_001))
    assert len(groups(Logon(groups=many))) == 8_000


def test_a_problem_names_nobody() -> None:
    found = read_pac(Written(logon=Logon(user="mallory\0")).write())
    assert "mallory" not in repr(found)
