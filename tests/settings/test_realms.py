from pathlib import Path

import pytest

from kerbauth.core.mapping import Identity, Mapped, NameMapper, NotMapped, Otherwise
from kerbauth.core.names import Asked, Case, RealmDirectory
from kerbauth.core.names import read as read_name
from kerbauth.core.principal import Principal
from kerbauth.settings import RealmKind, Settings, name_rules, realm_names
from kerbauth.settings.realm_names import NameSettings
from kerbauth.settings.realms import RealmSettings
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read

NAMES = '[realms."CORP.EXAMPLE".names]\n'
OTHER = REALM.replace("CORP.EXAMPLE", "OTHER.EXAMPLE")


def realm(folder: Path, more: str = "") -> RealmSettings:
    return read(folder, REALM, more, PERMISSIONS).realms["CORP.EXAMPLE"]


def user_of(settings: Settings, principal: str) -> str | None:
    mapped = NameMapper(name_rules(settings)).map(Principal.parse(principal))
    return mapped.user if isinstance(mapped, Mapped) else None


def test_a_realm_has_its_defaults(tmp_path: Path) -> None:
    found = realm(tmp_path)
    assert (found.kind, found.kdcs, found.deadline, found.max_concurrent) == (RealmKind.MIT, (), 5.0, 32)
    assert (found.case, found.names.reserved_users, found.names.otherwise) == (Case.KEEP, ("default",), None)


DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
SID_NAMES = 'names = { identity = "sid", otherwise = "refuse" }'


def test_an_active_directory_realm_says_what_its_domain_is_called(tmp_path: Path) -> None:
    windows = REALM.replace('"mit"', '"ad"') + f'domain_sid = "{DOMAIN_SID}"\nnames = {{ identity = "sid", otherwise = "refuse" }}\n'
    found = read(tmp_path, windows, PERMISSIONS).realms["CORP.EXAMPLE"]
    assert (found.kind, found.domain_sid, found.names.identity, found.name_rules().identity) == (
        RealmKind.AD,
        DOMAIN_SID,
        Identity.SID,
        Identity.SID,
    )


@pytest.mark.parametrize(
    ("kind", "more", "key", "message"),
    [
        ("mit", f'domain_sid = "{DOMAIN_SID}"', ".domain_sid", 'means nothing with kind = "mit"; remove it'),
        ("mit", 'ldap = ["dc1.corp.example"]', ".ldap", 'means nothing with kind = "mit"; remove it'),
        (
            "mit",
            'names = { identity = "sid", otherwise = "refuse" }',
            ".names.identity",
            'is sid, which means nothing with kind = "mit"; remove it',
        ),
        (
            "ad",
            'names = { identity = "sid", otherwise = "refuse" }',
            ".domain_sid",
            "is missing, and names.identity is sid; say whose accounts the SIDs are",
        ),
        ("ad", 'domain_sid = "CORP"', ".domain_sid", "is no SID: expected S-1-, an authority and 1 to 15 numbers, with hyphens between"),
        (
            "ad",
            f'domain_sid = "{DOMAIN_SID}-1117"',
            ".domain_sid",
            "is no domain's SID; expected S-1-5-21- and three numbers, as Get-ADDomain prints it under DomainSID",
        ),
        (
            "ad",
            'trusts = ["OTHER.EXAMPLE"]',
            ".trusts[1]",
            "is 'OTHER.EXAMPLE'; expected another configured realm, exactly as it is written there",
        ),
        (
            "ad",
            'trusts = ["CORP.EXAMPLE"]',
            ".trusts[1]",
            "is 'CORP.EXAMPLE'; expected another configured realm, exactly as it is written there",
        ),
    ],
)
def test_what_a_domain_cannot_be(tmp_path: Path, kind: str, more: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM.replace('"mit"', f'"{kind}"') + more + "\n", PERMISSIONS)
    assert (problem.key, problem.message) == (f'realms."CORP.EXAMPLE"{key}', message)


def test_several_domains_say_what_they_are_called(tmp_path: Path) -> None:
    refusing = 'names = { otherwise = "refuse" }\n'
    one, other = (text.replace('"mit"', '"ad"') + refusing for text in (REALM, OTHER))
    missing = "is missing, and there are several realms of kind ad; say whose accounts they are"
    assert {(problem.key, problem.message) for problem in problems(tmp_path, one, other, PERMISSIONS)} == {
        (f'realms."{realm}".domain_sid', missing) for realm in ("CORP.EXAMPLE", "OTHER.EXAMPLE")
    }
    sid = f'domain_sid = "{DOMAIN_SID}"\n'
    problem = only_problem(tmp_path, one, sid, other, sid, PERMISSIONS)
    assert (problem.key, problem.message) == ('realms."OTHER.EXAMPLE".domain_sid', "is that of the realm CORP.EXAMPLE already")


def test_what_is_mapped_by_sid_is_a_sid_of_the_domain_and_nothing_else(tmp_path: Path) -> None:
    windows = REALM.replace('"mit"', '"ad"') + f'domain_sid = "{DOMAIN_SID}"\n'
    names = '{{ identity = "sid", otherwise = "{}", map = {{ "{}" = "alice" }} }}'
    assert read(tmp_path, windows, f"names = {names.format('refuse', DOMAIN_SID + '-1117')}\n", PERMISSIONS)
    otherwise = only_problem(tmp_path, windows, f"names = {names.format('name', DOMAIN_SID + '-1117')}\n", PERMISSIONS)
    assert otherwise.message == 'must be "refuse" where identity is sid: a SID is nobody\'s user name'
    for name in ("alice", "S-1-5-21-7-8-9-1117", DOMAIN_SID):
        problem = only_problem(tmp_path, windows, f"names = {names.format('refuse', name)}\n", PERMISSIONS)
        assert problem.key == 'realms."CORP.EXAMPLE".names.map'
        assert problem.message == f"names {name!r}, and identity is sid; expected the SID of an account of `domain_sid`"


def test_names_of_an_active_directory_realm_are_folded_where_the_settings_do_not_say() -> None:
    assert RealmSettings.model_construct(kind=RealmKind.AD, keytab=Path(), service="HTTP/a", names=NameSettings()).case is Case.LOWER


def test_a_stated_case_wins(tmp_path: Path) -> None:
    assert realm(tmp_path, f"{NAMES}case = 'upper'").case is Case.UPPER


@pytest.mark.parametrize("name", ["corp.example", "A", "A-B.C_D", "1.2"])
def test_a_realm_name_may_be_lower_case(tmp_path: Path, name: str) -> None:
    assert list(read(tmp_path, REALM.replace("CORP.EXAMPLE", name), PERMISSIONS).realms) == [name]


@pytest.mark.parametrize("name", ["", " ", "A B", "A@B", "A/B", "A\\u0000", "A\\n", ".A", "A.", "A{", "\u00c4RGER"])
def test_a_realm_name_that_no_krb5_conf_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    problem = only_problem(tmp_path, REALM.replace("CORP.EXAMPLE", name), PERMISSIONS)
    assert "is no realm name" in problem.message


@pytest.mark.parametrize("kdc", ["dc1.corp.example", "dc1.corp.example.:88", "192.0.2.1", "[2001:db8::1]", "[2001:db8::1]:88"])
def test_a_kdc_is_a_host_with_or_without_a_port(tmp_path: Path, kdc: str) -> None:
    assert realm(tmp_path, f'kdcs = ["{kdc}"]').kdcs == (kdc,)


@pytest.mark.parametrize("kdc", ["", "a b", "a:", "a:0", "a:65536", "a:b", "2001:db8::1", "[::1", "[]:88", "a}", "-a", "http://a"])
def test_a_kdc_that_is_no_address_is_refused(tmp_path: Path, kdc: str) -> None:
    problem = only_problem(tmp_path, REALM, f'kdcs = ["dc1.corp.example", "{kdc}"]', PERMISSIONS)
    assert problem.key == 'realms."CORP.EXAMPLE".kdcs[2]'


@pytest.mark.parametrize(("servers", "key"), [("[]", "kpasswd"), ("['a', 'a']", "kpasswd[2]"), ("['a:b']", "kpasswd[1]")])
def test_the_servers_that_change_passwords_are_written_like_kdcs(tmp_path: Path, servers: str, key: str) -> None:
    assert realm(tmp_path, 'kpasswd = ["kdc1", "[::1]:4640"]').kpasswd == ("kdc1", "[::1]:4640")
    assert only_problem(tmp_path, REALM, f"kpasswd = {servers}", PERMISSIONS).key == f'realms."CORP.EXAMPLE".{key}'


@pytest.mark.parametrize(
    ("kdcs", "key", "message"),
    [("[]", "kdcs", "is an empty list"), ("['a', 'b', 'a']", "kdcs[3]", "is in the list twice; remove one")],
)
def test_a_list_of_kdcs_is_not_empty_and_names_each_once(tmp_path: Path, kdcs: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, f"kdcs = {kdcs}", PERMISSIONS)
    assert (problem.key, message in problem.message) == (f'realms."CORP.EXAMPLE".{key}', True)


@pytest.mark.parametrize(
    "service", ["", "HTTP", "HTTP/", "/host", "a/b/c", "HTTP/host@CORP.EXAMPLE", "HTTP/a b", "HTTP/h\\\\", "HTTP\\\\/h"]
)
def test_a_service_has_two_parts_and_no_realm(tmp_path: Path, service: str) -> None:
    problem = only_problem(tmp_path, REALM.replace("HTTP/sso.corp.example", service), PERMISSIONS)
    assert problem.key == 'realms."CORP.EXAMPLE".service'
    assert problem.message == "is no service principal without a realm; expected service/host, like HTTP/sso.corp.example"


@pytest.mark.parametrize("setting", ["kind", "keytab", "service"])
def test_what_a_realm_needs_is_asked_for_with_its_meaning(tmp_path: Path, setting: str) -> None:
    lines = [line for line in REALM.splitlines() if not line.startswith(f"{setting} =")]
    problem = only_problem(tmp_path, *lines, PERMISSIONS)
    assert problem.key == f'realms."CORP.EXAMPLE".{setting}'
    assert problem.message.startswith("is missing; expected ")
    assert str(RealmSettings.model_fields[setting].description) in problem.message


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("deadline = 0.0", "is out of range; expected seconds above 0"),
        ("deadline = inf", "is out of range; expected seconds, a finite number"),
        ("deadline = nan", "is out of range; expected seconds"),
        ("deadline = true", "is true or false; expected a number"),
        ("max_concurrent = 0", "is out of range; expected whole number from 1 on"),
        ("max_concurrent = 1.0", "is a number; expected a whole number"),
        ('netbios = ""', "is empty or holds a control character"),
        ('keytab_group = "a\\u0007"', "is empty or holds a control character"),
    ],
)
def test_a_value_out_of_range_is_refused(tmp_path: Path, setting: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, setting, PERMISSIONS)
    assert problem.message.startswith(message)


def test_whole_seconds_are_seconds(tmp_path: Path) -> None:
    assert realm(tmp_path, "deadline = 3").deadline == 3.0


def test_typed_names_are_read_by_what_the_settings_say(tmp_path: Path) -> None:
    settings = read(
        tmp_path, REALM, 'default = true\nnetbios = "CORP"\nupn_suffixes = ["mail.example"]', f"{NAMES}case = 'lower'", OTHER, PERMISSIONS,
        '[realms."OTHER.EXAMPLE".names]\nshares_users_with = ["CORP.EXAMPLE"]',
    )  # fmt: skip
    directory = RealmDirectory(realm_names(settings))
    asked = [read_name(typed, directory) for typed in ("Alice", "CORP\\Alice", "ALICE@mail.example", "bob@other.example")]
    assert [str(each.principal) for each in asked if isinstance(each, Asked)] == [
        "alice@CORP.EXAMPLE",
        "alice@CORP.EXAMPLE",
        "alice@CORP.EXAMPLE",
        "bob@OTHER.EXAMPLE",
    ]


def test_two_default_realms_are_a_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM, "default = true", OTHER, "default = true", PERMISSIONS)
    assert any(problem.key == "realms" and problem.message.startswith("Only one realm can be the default") for problem in found)


def test_a_name_that_stands_for_two_realms_is_a_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM, 'netbios = "X"', OTHER, 'upn_suffixes = ["x"]', PERMISSIONS)
    assert any("already stands for the realm CORP.EXAMPLE" in problem.message for problem in found)


def test_two_realms_that_could_lead_to_one_user_name_are_a_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM, OTHER, PERMISSIONS)
    assert [problem.key for problem in found] == ["realms"]
    assert "shares_users_with" in found[0].message


def test_two_realms_may_share_their_users_where_the_settings_say_so(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM, OTHER, PERMISSIONS, f'{NAMES}shares_users_with = ["OTHER.EXAMPLE"]')
    assert user_of(settings, "alice@CORP.EXAMPLE") == user_of(settings, "alice@OTHER.EXAMPLE") == "alice"


def test_users_can_only_be_shared_with_a_configured_realm(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f'{NAMES}shares_users_with = ["NONE.EXAMPLE"]')
    assert "expected another configured realm" in problem.message


def test_rules_and_exceptions_map_as_they_are_written(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        REALM,
        PERMISSIONS,
        f"""{NAMES}map = {{ "a.smith" = "asmith2" }}
        rules = [
          {{ principal = "svc-*", refuse = true }},
          {{ pattern = '(?P<first>[a-z]+)\\.(?P<last>[a-z]+)', user = '\\g<last>.\\g<first>' }},
        ]
        otherwise = "refuse"
        """,
    )
    names = ("a.smith", "jo.miller", "svc-backup", "alice")
    assert [user_of(settings, f"{name}@CORP.EXAMPLE") for name in names] == ["asmith2", "miller.jo", None, None]


def test_without_rules_the_proved_name_is_the_user_name(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM, PERMISSIONS)
    assert user_of(settings, "alice@CORP.EXAMPLE") == "alice"
    assert isinstance(NameMapper(name_rules(settings)).map(Principal.parse("default@CORP.EXAMPLE")), NotMapped)


def test_otherwise_must_be_stated_as_soon_as_there_are_rules(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f'{NAMES}rules = [{{ principal = "x", refuse = true }}]')
    assert (problem.key, 'otherwise = "refuse"' in problem.message) == ('realms."CORP.EXAMPLE".names.otherwise', True)


def test_otherwise_is_asked_for_even_if_a_rule_is_wrong(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM, PERMISSIONS, f"{NAMES}rules = [{{}}]")
    assert found[-1].key == 'realms."CORP.EXAMPLE".names.otherwise'


def test_otherwise_may_be_stated_without_rules(tmp_path: Path) -> None:
    assert realm(tmp_path, f"{NAMES}otherwise = 'refuse'").names.otherwise is Otherwise.REFUSE


@pytest.mark.parametrize(
    ("rule", "key", "message"),
    [
        ("{ refuse = true }", "", "says whom it is about twice, or not at all"),
        ("{ principal = 'a', pattern = 'b', refuse = true }", "", "says whom it is about twice, or not at all"),
        ("{ principal = 'a' }", "", "needs exactly one of `user`"),
        ("{ principal = 'a', user = 'b', refuse = true }", "", "needs exactly one of `user`"),
        ("{ principal = 'a', refuse = true, many_to_one = true }", ".many_to_one", "means nothing in a rule that refuses"),
        ("{ pattern = '(', refuse = true }", "", "cannot be used: "),
        ("{ pattern = '(a)', user = '\\2' }", "", "cannot be used: "),
        ("{ principal = '', refuse = true }", ".principal", "is empty"),
        ("{ principal = 'a', refuse = 'true' }", ".refuse", "is text; expected true or false"),
        ("'a'", "", "is text; expected a table"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path: Path, rule: str, key: str, message: str) -> None:
    good = "{ principal = 'x', refuse = true }"
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"{NAMES}otherwise = 'name'\nrules = [{good}, {rule}]")
    assert problem.key == f'realms."CORP.EXAMPLE".names.rules[2]{key}'
    assert problem.message.startswith(message)


def test_a_rule_that_may_make_two_people_one_user_is_a_problem(tmp_path: Path) -> None:
    problem = only_problem(
        tmp_path, REALM, PERMISSIONS, f"{NAMES}otherwise = 'refuse'\nrules = [{{ pattern = '([a-z]+)[0-9]+', user = '\\1' }}]"
    )
    assert (problem.key, "CORP.EXAMPLE: rule 1 may turn two principals into one user name" in problem.message) == ("realms", True)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ('map = { "a@b" = "c" }', "map: 'a@b' is no proved name"),
        ('map = { "alice/admin" = "c" }', "map: 'alice/admin' never logs in"),
        ('case = "lower"\nmap = { "Alice" = "a", "alice" = "b" }', "is there twice"),
        ('reserved_users = [" x"]', "reserved_users: ' x' begins or ends with a blank"),
    ],
)
def test_names_that_the_core_refuses_are_problems_of_their_table(tmp_path: Path, names: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"{NAMES}{names}")
    assert (problem.key, message in problem.message) == ('realms."CORP.EXAMPLE".names', True)


def test_a_user_name_in_the_exceptions_must_be_a_text_that_genesys_can_hold(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f'{NAMES}map = {{ "a.b" = "{"x" * 256}" }}')
    assert (problem.key, "at most 255" in problem.message) == ('realms."CORP.EXAMPLE".names.map."a.b"', True)


@pytest.mark.parametrize("days", [0, 14, 365])
def test_how_far_ahead_users_are_warned_of_an_end_is_a_number_of_days(tmp_path: Path, days: int) -> None:
    assert realm(tmp_path, f"expiry_warning_days = {days}").expiry_warning_days == days


@pytest.mark.parametrize("days", ["-1", "366", "1.5", '"7"', "true"])
def test_other_numbers_of_days_are_refused(tmp_path: Path, days: str) -> None:
    problem = only_problem(tmp_path, REALM, f"expiry_warning_days = {days}", PERMISSIONS)
    assert problem.key == 'realms."CORP.EXAMPLE".expiry_warning_days'
