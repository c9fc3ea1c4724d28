"""Typed names: which principal of which realm is asked for, and what is never asked."""

import pytest

from kerbauth.core import names
from kerbauth.core.names import Asked, Case, NameSettingsError, NotAsked, RealmDirectory, RealmNames, read
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret

CORP = RealmNames("CORP.EXAMPLE", default=True, netbios="CORP", upn_suffixes=("corp.example", "mail.example"), case=Case.LOWER)
LAB = RealmNames("Lab.Test", allow_instances=True)
REALMS = RealmDirectory((CORP, LAB, RealmNames("UP.TEST", case=Case.UPPER)))


def principal(typed: str) -> str:
    asked = read(typed, REALMS)
    assert isinstance(asked, Asked), asked
    return str(asked.principal)


@pytest.mark.parametrize(
    "typed",
    [
        "alice",
        "  alice\u00a0",
        "Alice",
        r"CORP\alice",
        r"corp\ALICE",
        r"CORP.EXAMPLE\alice",
        r"corp.example\alice",
        "alice@CORP.EXAMPLE",
        "alice@corp.example",
        "ALICE@Mail.Example",
        "alice@CORP",
    ],
)
def test_one_person_has_many_ways_to_type_the_name(typed: str) -> None:
    assert principal(typed) == "alice@CORP.EXAMPLE"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (r"CORP\nadia", "nadia@CORP.EXAMPLE"),
        (r"CORP\tom", "tom@CORP.EXAMPLE"),
        (r"CORP\bob", "bob@CORP.EXAMPLE"),
        (r"CORP\007", "007@CORP.EXAMPLE"),
        (r"CORP\a\@b", r"a\@b@CORP.EXAMPLE"),
        (r"CORP\a\\b", r"a\\b@CORP.EXAMPLE"),
    ],
)
def test_a_backslash_before_anything_but_a_separator_ends_a_domain(typed: str, expected: str) -> None:
    assert principal(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (r"alice\@home@lab.test", r"alice\@home@Lab.Test"),
        (r"alice\@home", r"alice\@home@CORP.EXAMPLE"),
        (r"CORP\@home@lab.test", r"CORP\@home@Lab.Test"),
        (r"a\\b", r"a\\b@CORP.EXAMPLE"),
        (r"a\/b", r"a\/b@CORP.EXAMPLE"),
        (r"a\\\@b", r"a\\\@b@CORP.EXAMPLE"),
    ],
)
def test_a_backslash_before_a_separator_quotes_it(typed: str, expected: str) -> None:
    assert principal(typed) == expected


@pytest.mark.parametrize(
    "typed", [r"EVIL\alice", "alice@EVIL", "alice@CORP.EXAMPLE.EVIL", r"mail.example\alice", r"\\CORP\alice", "alice@ CORP", r".\alice"]
)
def test_a_realm_that_is_not_configured_is_unknown(typed: str) -> None:
    assert read(typed, REALMS) == NotAsked(Reason.UNKNOWN_REALM, names.NO_SUCH_REALM)


def test_without_a_default_realm_a_name_must_say_where_it_belongs() -> None:
    assert read("alice", RealmDirectory((LAB,))) == NotAsked(Reason.UNKNOWN_REALM, names.NO_DEFAULT)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", names.EMPTY),
        ("   ", names.EMPTY),
        ("alice@", names.EMPTY),
        ("@CORP", names.EMPTY),
        ("@", names.EMPTY),
        ("a//b@lab.test", names.EMPTY),
        (r"\alice", names.EMPTY),
        ("alice\0x", names.CONTROLS),
        ("alice\n", names.CONTROLS),
        ("alice\x9b", names.CONTROLS),
        ("al\u202eice", names.CONTROLS),
        ("\ud800", names.CONTROLS),
        ("a" * 513, names.TOO_LONG),
        ("\U0001d160" * 300, names.TOO_LONG),
        ("CORP\\", names.LAST_BACKSLASH),
        ("alice@CORP@CORP", names.TWO_REALMS),
        (r"CORP\alice@corp.example", names.TWO_REALMS),
        (r"CORP\corp\alice", names.TWO_REALMS),
        (r"alice@CORP\x", names.TWO_REALMS),
        (r"a/CORP\b", names.TWO_REALMS),
        ("alice@CORP/x", names.SLASH_IN_REALM),
        ("alice @CORP", names.BLANKS),
        (r"CORP\ alice", names.BLANKS),
        ("a /b@lab.test", names.BLANKS),
        ("ws01$", names.MACHINE),
        ("host$/x@lab.test", names.MACHINE),
        ("alice/admin", names.INSTANCE),
        ("krbtgt/LAB.TEST@lab.test", names.INSTANCE),
        ("kadmin/changepw@lab.test", names.INSTANCE),
        ("WELLKNOWN/ANONYMOUS@lab.test", names.INSTANCE),
    ],
)
def test_a_malformed_name_is_not_asked_for(typed: str, problem: str) -> None:
    assert read(typed, REALMS) == NotAsked(Reason.MALFORMED_NAME, problem)


def test_an_instance_is_asked_for_where_the_realm_allows_it() -> None:
    assert principal("alice/admin@lab.test") == "alice/admin@Lab.Test"


def test_a_name_of_512_characters_of_any_script_is_asked_for() -> None:
    assert principal("ユ" * 512) == f"{'ユ' * 512}@CORP.EXAMPLE"


def test_a_name_is_asked_for_in_composed_form() -> None:
    assert principal("ju\u0308rgen") == "jürgen@CORP.EXAMPLE"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("JÜRGEN@corp", "jürgen@CORP.EXAMPLE"),
        ("Straße@corp", "straße@CORP.EXAMPLE"),
        ("Alice@lab.test", "Alice@Lab.Test"),
        ("alice@up.test", "ALICE@UP.TEST"),
        ("straße@up.test", "STRAßE@UP.TEST"),
    ],
)
def test_the_name_is_folded_as_its_realm_says_and_the_realm_is_as_configured(typed: str, expected: str) -> None:
    assert principal(typed) == expected


@pytest.mark.parametrize(
    ("typed", "how"),
    [
        ("ALICE", "With no domain or suffix it belongs to CORP.EXAMPLE; its KDC is asked for alice@CORP.EXAMPLE, in lower case."),
        (r"CORP\alice", "With the domain CORP it belongs to CORP.EXAMPLE; its KDC is asked for alice@CORP.EXAMPLE, in lower case."),
        ("alice@lab.test", "With the suffix lab.test it belongs to Lab.Test; its KDC is asked for alice@Lab.Test."),
    ],
)
def test_a_sentence_says_how_the_name_was_read(typed: str, how: str) -> None:
    asked = read(typed, REALMS)
    assert isinstance(asked, Asked)
    assert asked.how == how


def test_only_the_exact_realm_of_a_proved_name_is_configured() -> None:
    assert REALMS.get("Lab.Test") is LAB
    assert REALMS.get("LAB.TEST") is None
    assert REALMS.get("CORP") is None


@pytest.mark.parametrize(
    ("realms", "problems"),
    [
        ((), ["No realm is configured."]),
        ((RealmNames("A", default=True), RealmNames("B", default=True)), ["Only one realm can be the default, not A and B."]),
        ((RealmNames("A"), RealmNames("a")), ["The realm 'a' of the realm a already stands for the realm A."]),
        ((RealmNames("A"), RealmNames("A")), ["The realm 'A' of the realm A already stands for the realm A."]),
        (
            (RealmNames("A", netbios="X"), RealmNames("B", netbios="x")),
            ["The NetBIOS name 'x' of the realm B already stands for the realm A."],
        ),
        (
            (RealmNames("A", upn_suffixes=("m.test",)), RealmNames("B", upn_suffixes=("M.Test",))),
            ["The UPN suffix 'M.Test' of the realm B already stands for the realm A."],
        ),
        ((RealmNames("A"), RealmNames("B", upn_suffixes=("a",))), ["The UPN suffix 'a' of the realm B already stands for the realm A."]),
        ((RealmNames("A", netbios="B"), RealmNames("B")), ["The realm 'B' of the realm B already stands for the realm A."]),
    ],
)
def test_realms_that_cannot_be_told_apart_are_a_problem(realms: tuple[RealmNames, ...], problems: list[str]) -> None:
    with pytest.raises(NameSettingsError) as raised:
        RealmDirectory(realms)
    assert list(raised.value.problems) == problems


@pytest.mark.parametrize("name", ["", "A B", "A@B", "A/B", "A\\B", "A:B", "A\0", "A\u202e", " A"])
def test_a_realm_nobody_can_type_is_a_problem(name: str) -> None:
    for realm in (RealmNames(name), RealmNames("R", netbios=name), RealmNames("R", upn_suffixes=(name,))):
        with pytest.raises(NameSettingsError, match="cannot be"):
            RealmDirectory((realm,))


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(NameSettingsError) as raised:
        RealmDirectory((RealmNames("A", default=True, netbios="n b"), RealmNames("a", default=True)))
    assert len(raised.value.problems) == 3


def test_a_realm_may_have_one_name_in_several_roles() -> None:
    realms = RealmDirectory((RealmNames("CORP", netbios="corp", upn_suffixes=("Corp", "corp")),))
    a = Principal(("a",), "CORP")
    assert read(r"CORP\a", realms) == Asked(a, "With the domain CORP it belongs to CORP; its KDC is asked for a@CORP.", a)


WINDOWS = RealmDirectory(
    (
        RealmNames(
            "AD.EXAMPLE",
            default=True,
            netbios="CORP",
            upn_suffixes=("firm.example",),
            case=Case.LOWER,
            allow_instances=True,
            windows=True,
        ),
    )
)


@pytest.mark.parametrize(
    ("typed", "asked", "supposed"),
    [
        ("Alice", "alice@AD.EXAMPLE", "alice@AD.EXAMPLE"),
        (r"corp\Alice", "alice@AD.EXAMPLE", "alice@AD.EXAMPLE"),
        (r"ad.example\Alice", "alice@AD.EXAMPLE", "alice@AD.EXAMPLE"),
        ("alice@Corp", "alice@AD.EXAMPLE", "alice@AD.EXAMPLE"),
        ("Alice@ad.example", r"alice\@ad.example@AD.EXAMPLE", "alice@AD.EXAMPLE"),
        ("A.Smith@Firm.Example", r"a.smith\@firm.example@AD.EXAMPLE", "a.smith@AD.EXAMPLE"),
        ("alice/admin@firm.example", "alice/admin@AD.EXAMPLE", "alice/admin@AD.EXAMPLE"),
    ],
)
def test_in_active_directory_a_name_with_a_suffix_is_asked_for_as_a_whole(typed: str, asked: str, supposed: str) -> None:
    read_as = read(typed, WINDOWS)
    assert isinstance(read_as, Asked)
    assert (str(read_as.principal), str(read_as.supposed)) == (asked, supposed)


def test_a_user_principal_name_that_is_too_long_with_its_suffix_is_refused() -> None:
    suffix = "s" * 300
    realms = RealmDirectory((RealmNames("AD.EXAMPLE", upn_suffixes=(suffix,), windows=True),))
    assert isinstance(read(f"{'a' * 210}@{suffix}", realms), Asked)
    assert read(f"{'a' * 211}@{suffix}", realms) == NotAsked(Reason.MALFORMED_NAME, names.TOO_LONG)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        (b"", Reason.EMPTY_PASSWORD),
        (b"x" * 1025, Reason.PASSWORD_TOO_LONG),
        (b"Secret.1\0garbage", Reason.MALFORMED_REQUEST),
        (b"x" * 1024, None),
        (b" \t\n\x7f ", None),
        ("pässwörd ユ".encode(), None),
        (b"\xff\xfe", None),
    ],
)
def test_a_password_is_refused_if_empty_too_long_or_cut_at_a_nul(password: bytes, reason: Reason | None) -> None:
    assert names.check_password(Secret(password)) is reason
