"""From a proved principal to a user name, and who else would have it."""

import pytest

from kerbauth.core.mapping import Identity, Mapped, NameMapper, NameRules, NotMapped, Otherwise, rule
from kerbauth.core.names import Case
from kerbauth.core.principal import Principal
from kerbauth.core.sid import Sid


def user(mapper: NameMapper, principal: str) -> str | None:
    mapped = mapper.map(Principal.parse(principal))
    return mapped.user if isinstance(mapped, Mapped) else None


def why(mapper: NameMapper, principal: str | Principal) -> str:
    mapped = mapper.map(Principal.parse(principal) if isinstance(principal, str) else principal)
    assert isinstance(mapped, NotMapped), mapped
    return mapped.why


CORP = NameMapper(
    {
        "CORP": NameRules(
            case=Case.LOWER,
            map={"A.Smith": "asmith2", "root": "default", r"bob\@home": "bob", "svc-web": "web"},
            rules=(
                rule(pattern=r"(?P<first>[a-z]+)\.(?P<last>[a-z]+)", user=r"\g<last>.\g<first>"),
                rule(principal="SVC-*", refuse=True),
                rule(pattern="nobody|x[0-9]{3}", refuse=True),
                rule(principal="chief", user="Boss"),
                rule(principal="boss", refuse=True),
            ),
            otherwise=Otherwise.NAME,
        )
    }
)


def test_a_sound_set_of_rules_has_no_problems() -> None:
    assert CORP.problems() == ()


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("alice@CORP", "alice"),
        ("ALICE@CORP", "alice"),
        ("a.smith@CORP", "asmith2"),
        ("A.SMITH@CORP", "asmith2"),
        ("alice.brown@CORP", "brown.alice"),
        ("Alice.Brown@CORP", "brown.alice"),
        ("chief@CORP", "Boss"),
        (r"bob\@home@CORP", "bob"),
        ("root@CORP", "default"),
        ("john smith@CORP", "john smith"),
        ("first-last_2@CORP", "first-last_2"),
        ("jürgen@CORP", "jürgen"),
        ("ユーザー@CORP", "ユーザー"),
        (f"{'n' * 255}@CORP", "n" * 255),
    ],
)
def test_exceptions_come_first_then_rules_then_the_name(principal: str, expected: str) -> None:
    assert user(CORP, principal) == expected


@pytest.mark.parametrize(
    ("principal", "reason"),
    [
        ("svc-web@CORP", "Rule 2 of CORP refuses svc-web@CORP."),
        ("Svc-Backup@CORP", "Rule 2 of CORP refuses svc-backup@CORP."),
        ("NOBODY@CORP", "Rule 3 of CORP refuses nobody@CORP."),
        ("X123@CORP", "Rule 3 of CORP refuses x123@CORP."),
    ],
)
def test_refusing_rules_come_before_everything_and_ignore_case(principal: str, reason: str) -> None:
    assert why(CORP, principal) == reason


@pytest.mark.parametrize(("written", "proved"), [("STRASSE*", "straße1"), ("straße*", "STRASSE1"), ("straße*", "Straße1")])
def test_a_refusing_rule_finds_every_spelling_that_is_the_same_without_case(written: str, proved: str) -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(principal=written, refuse=True),), otherwise=Otherwise.NAME)})
    assert why(mapper, f"{proved}@R").startswith("Rule 1 of R refuses")


@pytest.mark.parametrize(
    ("principal", "reason"),
    [
        (Principal(("ali\0ce",), "CORP"), "holds a control character"),
        (Principal(("ali\u202ece",), "CORP"), "holds a control character"),
        (Principal(("alice ",), "CORP"), "has a blank at an end"),
        (Principal(("\u3000alice",), "CORP"), "has a blank at an end"),
        (Principal(("ju\u0308rgen",), "CORP"), "is not in composed form"),
        (Principal(("a" * 513,), "CORP"), "is longer than 512 characters"),
        (Principal(("ws01$",), "CORP"), "ends in $"),
        (Principal(("alice", "admin"), "CORP"), "has an instance"),
    ],
)
def test_a_proved_name_that_no_rule_can_make_safe_is_refused(principal: Principal, reason: str) -> None:
    assert reason in why(CORP, principal)


def test_the_realm_is_part_of_the_match() -> None:
    assert user(CORP, "alice@CORP") == "alice"
    assert why(CORP, "alice@corp") == "The realm of the proved name is not configured."
    assert why(CORP, "alice@EVIL") == "The realm of the proved name is not configured."


@pytest.mark.parametrize("realm", ["", "A/B", "A:B", "\ud800"])
def test_a_realm_that_no_principal_can_be_of_maps_nobody(realm: str) -> None:
    mapper = NameMapper({realm: NameRules(map={"a": "b"}), "R": NameRules()})
    assert mapper.problems() == ()
    assert mapper.others("b") == ("b@R",)


def test_a_reserved_user_is_reached_by_no_name_in_whatever_case() -> None:
    assert "reserved" in why(CORP, "default@CORP")
    assert "reserved" in why(CORP, "DEFAULT@CORP")


def test_a_reserved_user_is_reached_by_no_rule() -> None:
    rules = (rule(pattern="(.+)-x", user=r"\1"), rule(pattern="y(.+)", user=r"\1", many_to_one=True))
    mapper = NameMapper({"R": NameRules(rules=rules, otherwise=Otherwise.REFUSE, reserved_users=("Boss",))})
    assert "reserved" in why(mapper, "boss-x@R")
    assert "reserved" in why(mapper, "yboss@R")
    assert mapper.others("boss") == ()


def test_a_mapped_name_of_256_characters_is_refused() -> None:
    assert "longer than 255 characters" in why(CORP, f"{'n' * 256}@CORP")


def test_a_user_name_with_a_blank_at_an_end_is_refused() -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(pattern="(.*)-x", user=r"\1"),), otherwise=Otherwise.REFUSE)})
    assert "begins or ends with a blank" in why(mapper, "a -x@R")
    assert "is empty" in why(mapper, "-x@R")


def test_a_name_that_no_rule_matches_is_refused_where_that_is_stated() -> None:
    mapper = NameMapper({"R": NameRules(otherwise=Otherwise.REFUSE)})
    assert why(mapper, "alice@R") == "No rule of R matches alice@R, and otherwise = refuse."


@pytest.mark.parametrize("name", [r"alice\@home", r"a\\b", r"a\/b"])
def test_a_quoted_character_needs_an_exception(name: str) -> None:
    assert "mapped by an entry in map only" in why(CORP, f"{name}@CORP")


def test_instances_are_mapped_where_the_realm_allows_them() -> None:
    rules = (rule(pattern="([a-z]+)/admin", user=r"adm-\1"), rule(principal="adm-*", refuse=True))
    mapper = NameMapper({"R": NameRules(allow_instances=True, rules=rules, otherwise=Otherwise.NAME)})
    assert mapper.problems() == ()
    assert user(mapper, "alice/admin@R") == "adm-alice"
    assert user(mapper, "alice/root@R") == "alice/root"
    assert "by an entry in map only" in why(mapper, r"alice\/root@R")
    assert "service of Kerberos" in why(mapper, "krbtgt/R@R")
    assert "service of Kerberos" in why(mapper, "Kadmin/admin@R")
    assert mapper.others("a//b") == ()


def test_an_exception_owns_its_user_name() -> None:
    assert "a.smith@CORP by an entry in map, which comes first" in why(CORP, "asmith2@CORP")
    assert "which comes first" in why(CORP, "bob@CORP")


def test_an_exception_owns_its_user_name_against_many_to_one_rules() -> None:
    rules = (rule(pattern="(.+)-adm", user=r"\1", many_to_one=True),)
    mapper = NameMapper({"R": NameRules(map={"a.smith": "asmith2"}, rules=rules, otherwise=Otherwise.NAME)})
    assert "which comes first" in why(mapper, "asmith2-adm@R")
    assert user(mapper, "alice-adm@R") == "alice"
    assert user(mapper, "alice@R") == "alice"


def test_two_exceptions_for_one_user_name_are_a_problem_and_neither_is_let_in() -> None:
    mapper = NameMapper({"R": NameRules(map={"a": "X", "b": "x", "c": "x"})})
    assert len(mapper.problems()) == 1
    assert "a@R by an entry in map and b@R by an entry in map would both be the user 'x'" in mapper.problems()[0]
    assert "which comes first" in why(mapper, "a@R")
    assert "which comes first" in why(mapper, "b@R")


def test_names_in_upper_case_are_user_names_of_a_realm_that_folds_to_upper() -> None:
    rules = (rule(pattern="([A-Z]+)/ADMIN", user=r"x-\1"), rule(principal="x-*", refuse=True))
    mapper = NameMapper({"R": NameRules(case=Case.UPPER, allow_instances=True, rules=rules, otherwise=Otherwise.NAME)})
    assert mapper.problems() == ()
    assert user(mapper, "alice@R") == "ALICE"
    assert user(mapper, "Bob/Admin@R") == "x-BOB"
    assert mapper.others("X-bob") == ("BOB/ADMIN@R",)


def test_a_rule_in_doubt_lets_nobody_in() -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(pattern="([a-z]+)[0-9]*", user=r"\1"),), otherwise=Otherwise.REFUSE)})
    assert "does not say many_to_one = true" in why(mapper, "alice1@R")
    assert mapper.others("alice") == ()


def test_names_between_which_only_a_second_way_decides_are_both_refused() -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(pattern="(.+)-x", user=r"\1"),), otherwise=Otherwise.NAME)})
    assert why(mapper, "a-x@R") == "a-x@R leads by rule 1 to the user name a, and so does a@R by its own name."
    assert why(mapper, "a@R") == "a@R leads by its own name to the user name a, and so does a-x@R by rule 1."


def test_pieces_that_would_compose_in_the_user_name_are_refused() -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(pattern="x(.+)", user=r"e\1"),), otherwise=Otherwise.REFUSE)})
    assert "is not in composed form" in why(mapper, Principal(("x\u0301a",), "R"))


def test_the_answer_says_which_rule_led_to_it() -> None:
    mapped = CORP.map(Principal.parse("Alice.Brown@CORP"))
    assert mapped == Mapped("brown.alice", "alice.brown@CORP is the user brown.alice by rule 1 of CORP.")


def test_others_are_those_who_would_be_let_in_as_that_user() -> None:
    assert CORP.others("Brown.Alice") == ("alice.brown@CORP",)
    assert CORP.others("ASMITH2") == ("a.smith@CORP",)
    assert CORP.others("boss") == ("chief@CORP",)
    assert CORP.others("Default") == ("root@CORP",)
    assert CORP.others("svc-x") == ()


def test_others_name_the_rule_where_it_may_lead_several_there() -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(pattern="(.+)-adm", user=r"\1", many_to_one=True),), otherwise=Otherwise.NAME)})
    assert mapper.others("alice") == ("alice@R", "whoever matches rule 1 of R")


def test_ways_are_all_that_lead_there_even_those_that_are_refused() -> None:
    assert [str(way) for way in CORP.ways("asmith2")] == ["a.smith@CORP by an entry in map", "asmith2@CORP by its own name"]


ALICE_SID, BOB_SID = Sid("S-1-5-21-1-2-3-1117"), Sid("S-1-5-21-1-2-3-1118")
BY_SID = NameMapper(
    {
        "CORP": NameRules(
            case=Case.LOWER,
            identity=Identity.SID,
            map={ALICE_SID: "alice", BOB_SID: "svc-bob"},
            rules=(rule(principal="svc-*", refuse=True),),
            otherwise=Otherwise.REFUSE,
        )
    }
)


@pytest.mark.parametrize("name", ["alice", "alice.after.her.wedding"])
def test_an_account_known_by_its_sid_keeps_its_user_name_when_it_is_renamed(name: str) -> None:
    mapped = BY_SID.map(Principal((name,), "CORP"), ALICE_SID)
    assert isinstance(mapped, Mapped)
    assert mapped.user == "alice"


@pytest.mark.parametrize(
    ("name", "sid", "problem"),
    [
        ("alice", None, "The SID of the proved account is not known, and the realm's rules are about SIDs."),
        ("alice", Sid("S-1-5-21-1-2-3-9"), "No rule of CORP matches s-1-5-21-1-2-3-9@CORP, and otherwise = refuse."),
        ("svc-bob", BOB_SID, "Rule 1 of CORP refuses svc-bob@CORP."),
        ("bob$", BOB_SID, "The proved name ends in $, so it is a machine's or a managed service's account."),
    ],
)
def test_rules_that_refuse_and_what_is_safe_are_about_the_name_also_where_the_sid_decides(name: str, sid: Sid | None, problem: str) -> None:
    mapped = BY_SID.map(Principal((name,), "CORP"), sid)
    assert isinstance(mapped, NotMapped)
    assert mapped.why == problem


def test_others_by_sid_are_the_accounts_that_an_entry_leads_there() -> None:
    assert BY_SID.others("alice") == ("s-1-5-21-1-2-3-1117@CORP",)
