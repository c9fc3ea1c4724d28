"""The options of the adapter `groups`: what may stand there, and that everything wrong is told at once with its key."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.sid import Sid
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.permissions.groups import open_source
from kerbauth.permissions.groups_options import Granted, GroupName, read_group_options
from tests.permissions.test_groups import DOMAINS, grant, options

AGENTS = "S-1-5-21-1-2-3-1117"


def problems(given: dict[str, object]) -> dict[str, str]:
    with pytest.raises(AdapterOptionsError) as caught:
        read_group_options(given, DOMAINS)
    return dict(caught.value.problems)


def only(given: dict[str, object], key: str) -> str:
    found = problems(given)
    assert list(found) == [key]
    return found[key]


def test_a_grant_by_sid_and_one_by_name_are_read() -> None:
    read = read_group_options(options(grant(AGENTS), grant("CORP\\Agents", "read")), DOMAINS)
    assert read.grants == (
        Granted("desktop", Sid(AGENTS), AGENTS, frozenset({"read", "execute"})),
        Granted("desktop", GroupName("CORP.EXAMPLE", "agents"), "CORP\\Agents", frozenset({"read"})),
    )


def test_everything_wrong_is_told_at_once() -> None:
    wrong = {
        "applications": [{"name": "desktop"}, {"name": "desktop"}, {"name": "", "colour": "red"}],
        "grants": [grant("Agents"), grant(AGENTS, application="elsewhere"), grant("CORP\\Agents", "reed"), {"user": "alice"}, 7],
        "file": "permissions.toml",
    }
    assert list(problems(wrong)) == [
        "file",
        "applications[3].name",
        "applications[3].colour",
        "grants[1].group",
        "grants[3].permissions[1]",
        "grants[4].application",
        "grants[4].group",
        "grants[4].permissions",
        "grants[4].user",
        "grants[5]",
        "applications[2].name",
        "grants[2].application",
    ]


@pytest.mark.parametrize("none", [{}, {"applications": []}])
def test_nothing_to_enter_is_a_mistake(none: dict[str, object]) -> None:
    assert only(none, "applications") == "is missing or empty; expected at least one [[permissions.applications]]"


@pytest.mark.parametrize("table", ["applications", "grants"])
@pytest.mark.parametrize("value", ["text", 7, {"name": "desktop"}])
def test_a_table_is_a_list_of_tables(table: str, value: object) -> None:
    found = problems({**options(), table: value})
    assert found[table].endswith(f"expected a list of tables, each begun with [[permissions.{table}]]")


@pytest.mark.parametrize("name", ["Agents", "Domain Users", "agents@corp.example", "CORP/Agents"])
def test_a_name_without_a_domain_is_refused_because_many_domains_have_one(name: str) -> None:
    assert "names no domain, and groups of one name are in many" in only(options(grant(name)), "grants[1].group")


@pytest.mark.parametrize("sid", ["S-1-5-21-1-2-3-01117", "s-1-5-21-1-2-3-1117", "S-1-5-21-1-2-3-", "S-1-5-21-1-2-3-4294967296", "S-2-5"])
def test_a_sid_is_written_exactly(sid: str) -> None:
    assert only(options(grant(sid)), "grants[1].group").startswith("is no SID: ")


@pytest.mark.parametrize("sid", ["S-1-1-0", "S-1-5-11", "S-1-18-1", "S-1-5-32-544"])
def test_a_sid_of_everybody_or_of_a_machine_is_no_group_of_a_domain(sid: str) -> None:
    assert "is the SID of no domain's group" in only(options(grant(sid)), "grants[1].group")


@pytest.mark.parametrize("name", ["CORP\\", "CORP\\ Agents", "CORP\\a\\b", "CORP\\a*", 'CORP\\"a"', "CORP\\" + "x" * 257])
def test_what_no_group_can_be_called_is_refused(name: str) -> None:
    assert "has no name that a group can have behind the backslash" in only(options(grant(name)), "grants[1].group")


@pytest.mark.parametrize("name", ["", " CORP\\Agents", "CORP\\Agents ", "CORP\\Ag\nents", "CORP\\Ag\u200bents"])
def test_blanks_around_a_name_and_invisible_characters_are_refused(name: str) -> None:
    assert "is empty, has blanks around it or holds a control or invisible character" in only(options(grant(name)), "grants[1].group")


@pytest.mark.parametrize("domain", ["NOWHERE", "", "corp.example.org"])
def test_the_domain_is_one_that_is_configured(domain: str) -> None:
    assert only(options(grant(f"{domain}\\Agents")), "grants[1].group").startswith(f"{domain!r} is neither a configured realm")


def test_a_realm_of_kind_mit_has_no_groups() -> None:
    assert only(options(grant("MIT.EXAMPLE\\Agents")), "grants[1].group").startswith("the realm MIT.EXAMPLE is not of kind ad")


@pytest.mark.parametrize("again", ["CORP\\Agents", "corp.example\\AGENTS"])
def test_one_group_has_one_grant_on_an_application(again: str) -> None:
    assert "make them one grant" in only(options(grant("CORP\\Agents"), grant(again)), "grants[2]")


def test_two_domains_may_have_grants_for_groups_of_one_name() -> None:
    read = read_group_options(options(grant("CORP\\Agents"), grant("OTHER\\Agents")), DOMAINS)
    assert len({each.group for each in read.grants}) == 2


def test_a_grant_of_nothing_is_a_mistake() -> None:
    nothing = {"application": "desktop", "group": AGENTS, "permissions": []}
    assert "is an empty list" in only(options(nothing), "grants[1].permissions")


def test_an_application_may_be_disabled_and_belong_to_a_tenant() -> None:
    (application,) = read_group_options(options(enabled=False, tenant="North"), DOMAINS).applications
    assert (application.enabled, application.tenant) == (False, "North")


def test_opening_tells_the_same_problems() -> None:
    with pytest.raises(AdapterOptionsError, match=r"grants\[1\]\.group"):
        open_source(options(grant("Agents")), AdapterContext(Path(), DOMAINS))


NAMES = st.text(string.printable, max_size=40).map("CORP\\{}".format)
SIDS = st.from_regex(r"S-1(-[0-9]{1,11}){1,17}", fullmatch=True)
KEYS = st.sampled_from(["name", "group", "application", "permissions", "x"])


@given(st.text(max_size=40) | NAMES | SIDS)
def test_any_text_is_a_group_or_a_problem_with_its_key(text: str) -> None:
    try:
        read = read_group_options(options(grant(text)), DOMAINS)
    except AdapterOptionsError as error:
        assert [key for key, _ in error.problems] == ["grants[1].group"]
    else:
        (granted,) = read.grants
        assert granted.group == text or (isinstance(granted.group, GroupName) and granted.group.realm in {"CORP.EXAMPLE", "OTHER.EXAMPLE"})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["applications", "grants", "file"]), json))
def test_anything_is_read_or_refused_with_problems(given: dict[str, object]) -> None:
    try:
        read = read_group_options(given, DOMAINS)
    except AdapterOptionsError as error:
        assert all(key and message for key, message in error.problems)
    else:
        assert read.applications
