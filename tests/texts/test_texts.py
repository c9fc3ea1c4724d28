from dataclasses import replace
from pathlib import Path

import pytest

from kerbauth.core.codes.model import Code, Family
from kerbauth.core.messages import Counted
from kerbauth.core.outcome import Notice, Severity
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from kerbauth.texts import Texts, TextsError, available_languages, load_texts, package_locale

LOCKED = REASONS[Reason.ACCOUNT_LOCKED]
EXPIRED_CODE = Code(Family.KRB5, -1765328361)
PREAUTH_CODE = Code(Family.KRB5, -1765328360)
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'

PLURAL = 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\n'
POLISH = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"
DAYS = Counted("None.", "{count} day", "{count} days", 0)


def plural_forms(value: str) -> str:
    return HEADER.rstrip("\n") + f'\n"Plural-Forms: {value};\\n"\n\n'


def counted(count: int) -> Notice:
    return Notice(Severity.WARNING, Reason.PASSWORD_EXPIRES_SOON, replace(DAYS, count=count))


def entry(source: str, translation: str, mark: str = "") -> str:
    return f'{mark}msgid "{source}"\nmsgstr "{translation}"\n\n'


def locale(folder: Path, *entries: str, language: str = "de") -> Path:
    (folder / f"{language}.po").write_text(HEADER + "".join(entries), encoding="utf-8")
    return folder


def german(folder: Path, *entries: str, overrides: Path | None = None) -> Texts:
    return load_texts(["en", "de"], "en", overrides, locale(folder, *entries))


def own(folder: Path, content: str, language: str = "en") -> Path:
    overrides = folder / "messages.d"
    overrides.mkdir(exist_ok=True)
    (overrides / f"{language}.toml").write_text(content, encoding="utf-8")
    return overrides


def english(folder: Path, content: str) -> Texts:
    return load_texts(["en"], "en", own(folder, content))


def notice(detail: str | None = None, *, foreign: bool = False) -> Notice:
    return Notice(Severity.ERROR, Reason.ACCOUNT_LOCKED, detail, foreign)


def test_english_needs_no_file() -> None:
    texts = load_texts(["en"], "en")
    assert (texts.languages, texts.default) == (("en",), "en")
    assert texts.title("en", Reason.ACCOUNT_LOCKED) == LOCKED.title
    assert texts.reason_text("en", Reason.ACCOUNT_LOCKED) == LOCKED.text


def test_a_language_is_added_by_one_file(tmp_path: Path) -> None:
    texts = german(tmp_path, entry(LOCKED.title, "Konto gesperrt"), entry(LOCKED.text, "Ihr Konto ist gesperrt."))
    assert texts.title("de", Reason.ACCOUNT_LOCKED) == "Konto gesperrt"
    assert texts.reason_text("de", Reason.ACCOUNT_LOCKED) == "Ihr Konto ist gesperrt."
    assert texts.notice("de", notice()) == "Ihr Konto ist gesperrt."
    assert texts.title("en", Reason.ACCOUNT_LOCKED) == LOCKED.title


def test_a_whole_pseudo_language_comes_out_everywhere(tmp_path: Path) -> None:
    template = (package_locale() / "kerbauth.pot").read_text(encoding="utf-8")
    head, *entries = template.split('\nmsgid "')
    filled = "".join('\nmsgid "' + each.replace('msgstr ""', f'msgstr "⟦{each.split(chr(10))[0]}', 1) for each in entries)
    (tmp_path / "qps.po").write_text(head + filled.replace('msgid ""\nmsgstr "⟦"', 'msgid ""\nmsgstr ""', 1), encoding="utf-8")
    texts = load_texts(["qps"], "qps", None, tmp_path)
    for reason, info in REASONS.items():
        assert texts.title("qps", reason) == f"⟦{info.title}"
        assert texts.reason_text("qps", reason) == f"⟦{info.text}"
        assert texts.text("qps", info.hint) == f"⟦{info.hint}"


@pytest.mark.parametrize(
    "entry_text",
    [entry(LOCKED.title, ""), entry(LOCKED.title, "Vielleicht gesperrt", "#, fuzzy\n"), entry("Something else", "Etwas anderes")],
)
def test_what_is_not_or_not_surely_translated_stays_english(tmp_path: Path, entry_text: str) -> None:
    assert german(tmp_path, entry_text).title("de", Reason.ACCOUNT_LOCKED) == LOCKED.title


def test_an_obsolete_translation_is_left_out(tmp_path: Path) -> None:
    assert german(tmp_path, '#~ msgid "x"\n#~ msgstr "y"\n').text("de", "x") == "x"


def test_an_unknown_message_or_language_gives_the_english_id() -> None:
    texts = load_texts(["en"], "en")
    assert texts.text("en", "Never seen before.") == "Never seen before."
    assert texts.reason_text("fr", Reason.ACCOUNT_LOCKED) == LOCKED.text


def test_english_may_have_a_file_of_corrections(tmp_path: Path) -> None:
    texts = load_texts(["en"], "en", None, locale(tmp_path, entry(LOCKED.title, "Locked out"), language="en"))
    assert texts.title("en", Reason.ACCOUNT_LOCKED) == "Locked out"


def test_the_languages_there_are_come_from_the_files(tmp_path: Path) -> None:
    for name in ("de.po", "pt-BR.po", "kerbauth.pot", "no language.po", "en.po", "fr.mo"):
        (tmp_path / name).touch()
    assert available_languages(tmp_path) == ("en", "de", "pt-BR")


def test_every_catalogue_of_the_package_can_be_read() -> None:
    languages = available_languages()
    assert load_texts(languages, "en").languages == languages


def test_negotiation_knows_the_languages_and_the_default(tmp_path: Path) -> None:
    texts = load_texts(["de", "en"], "de", None, locale(tmp_path))
    assert [texts.negotiate(header) for header in ("en", "fr", None, ";;")] == ["en", "de", "de", "de"]


def test_placeholders_must_be_the_same_in_the_translation(tmp_path: Path) -> None:
    with pytest.raises(TextsError) as caught:
        german(tmp_path, entry("{user} has {days} days", "{user} hat {tage} Tage"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(tmp_path / "de.po"), 5, "{user} has {days} days")
    assert problem.message.endswith("as the source: {days}, {user}; it holds {tage}, {user}")


def test_placeholders_may_change_their_order(tmp_path: Path) -> None:
    assert german(tmp_path, entry("{a} of {b}", "{b}: {a}")).text("de", "{a} of {b}") == "{b}: {a}"


def test_placeholders_may_not_be_added(tmp_path: Path) -> None:
    with pytest.raises(TextsError, match=r"as the source: none; it holds \{user\}"):
        german(tmp_path, entry("Hello", "Hallo {user}"))


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (HEADER + 'msgid "a"\nmsgstr "b\\n"\n', 5, "holds a control character or a line end"),
        (HEADER + 'msgid "a"\nmsgstr "b\u202e"\n', 5, "holds a control character"),
        (HEADER + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] ""\n', 5, "has a plural form that is not translated"),
        (HEADER + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d{e}"\n', 5, "as the source: none; it holds {e}"),
        (HEADER + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[2] "d"\n', 5, "is not complete"),
        (plural_forms("nplurals=2; plural=n") + PLURAL, 6, "has plural forms, and the header's Plural-Forms do not say"),
        (plural_forms("nplurals=2; plural=n/0") + PLURAL, 6, "has plural forms, and the header's Plural-Forms do not say"),
        (plural_forms("nplurals=2; plural=which") + PLURAL, 6, "has plural forms, and the header's Plural-Forms do not say"),
        (HEADER + 'msgctxt "c"\nmsgid "a"\nmsgstr "b"\n', 6, "has a context"),
        (HEADER + "this is no catalogue\n", 5, "is no line of a gettext catalogue"),
        (HEADER + 'msgid "a"\nmsgstr b\n', 6, "is no line of a gettext catalogue"),
        (HEADER + 'msgid "a"\nmsgstr "b\n', 6, "is no line of a gettext catalogue"),
        (HEADER + 'msgid "a"\nmsgid "b"\nmsgstr "c"\n', 5, "is not complete"),
        ('msgid ""\nmsgstr ""\n"POT-Creation-Date: yesterday\\n"\n', 1, "its header cannot be read"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_told_with_its_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    (tmp_path / "de.po").write_text(content, encoding="utf-8")
    with pytest.raises(TextsError) as caught:
        load_texts(["de"], "de", None, tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, message in problem.message) == (str(tmp_path / "de.po"), line, True)


def test_a_catalogue_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(TextsError, match=r"de\.po:2: is not UTF-8"):
        load_texts(["de"], "de", None, tmp_path)


def test_a_catalogue_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.po").mkdir()
    with pytest.raises(TextsError, match="cannot be read: Is a directory"):
        load_texts(["de"], "de", None, tmp_path)


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(TextsError) as caught:
        load_texts(["fr", "de"], "en", own(tmp_path, "x = 1", "de"), locale(tmp_path, entry("a", "{b}")))
    assert [problem.message.split(" ")[0] for problem in caught.value.problems] == ["the", "there", "the", "is"]
    assert len(str(caught.value).splitlines()) == 4


def test_texts_cannot_be_built_with_a_default_that_is_not_offered() -> None:
    with pytest.raises(ValueError, match="not one of the languages"):
        Texts(["en"], "de", {}, {})


def test_an_own_text_comes_before_the_built_in_one(tmp_path: Path) -> None:
    texts = english(tmp_path, 'account-locked = "Call 4711."')
    assert texts.reason_text("en", Reason.ACCOUNT_LOCKED) == "Call 4711."
    assert texts.reason_text("en", Reason.ACCOUNT_EXPIRED) == REASONS[Reason.ACCOUNT_EXPIRED].text
    assert texts.title("en", Reason.ACCOUNT_LOCKED) == LOCKED.title


def test_an_own_text_for_a_code_comes_before_that_for_its_reason(tmp_path: Path) -> None:
    texts = english(tmp_path, 'bad-credentials = "For the reason."\nKDC_ERR_PREAUTH_FAILED = "For the code."')
    assert texts.reason_text("en", Reason.BAD_CREDENTIALS, [PREAUTH_CODE]) == "For the code."
    assert texts.reason_text("en", Reason.BAD_CREDENTIALS, [EXPIRED_CODE]) == "For the reason."
    assert texts.reason_text("en", Reason.BAD_CREDENTIALS) == "For the reason."


def test_of_several_codes_the_first_with_an_own_text_counts(tmp_path: Path) -> None:
    texts = english(tmp_path, '"krb5:23" = "Expired."\n"krb5:24" = "Wrong."')
    assert texts.reason_text("en", Reason.INTERNAL, [Code(Family.OTHER, 1), PREAUTH_CODE, EXPIRED_CODE]) == "Wrong."


def test_an_own_text_belongs_to_its_language(tmp_path: Path) -> None:
    texts = german(tmp_path, entry(LOCKED.text, "Gesperrt."), overrides=own(tmp_path, 'account-locked = "Call 4711."'))
    assert texts.reason_text("en", Reason.ACCOUNT_LOCKED) == "Call 4711."
    assert texts.reason_text("de", Reason.ACCOUNT_LOCKED) == "Gesperrt."


def test_a_notice_takes_own_texts_too(tmp_path: Path) -> None:
    texts = english(tmp_path, 'account-locked = "Call 4711."\n"krb5:24" = "Wrong."')
    assert texts.notice("en", notice()) == "Call 4711."
    assert texts.notice("en", notice(), [PREAUTH_CODE]) == "Wrong."


def test_a_notice_with_its_own_sentence_is_translated(tmp_path: Path) -> None:
    assert german(tmp_path, entry("Try again.", "Noch einmal.")).notice("de", notice("Try again.")) == "Noch einmal."


def test_somebody_else_s_words_are_never_translated_and_made_fit_to_be_shown(tmp_path: Path) -> None:
    texts = german(tmp_path, entry("LOCKED", "Gesperrt"))
    assert texts.notice("de", notice("LOCKED", foreign=True)) == "LOCKED"
    assert texts.notice("de", notice("a\r\nb\u202e" + "x" * 300, foreign=True)) == "a  b " + "x" * 195


def test_somebody_else_s_empty_words_give_way_to_the_reason(tmp_path: Path) -> None:
    assert german(tmp_path).notice("de", notice("\x00 ", foreign=True)) == LOCKED.text


@pytest.mark.parametrize(("count", "text"), [(0, "None."), (1, "1 day"), (2, "2 days"), (21, "21 days"), (1001, "1001 days")])
def test_a_sentence_with_a_number_takes_the_english_form_for_it(count: int, text: str) -> None:
    assert load_texts(["en"], "en").notice("en", counted(count)) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "Nic."),
        (1, "1 dzień"),
        (2, "2 dni."),
        (5, "5 dni"),
        (12, "12 dni"),
        (22, "22 dni."),
        (999, "999 dni"),
        (1000, "1000 dni"),
        (1001, "1001 dni"),
        (1012, "1012 dni"),
        (1_000_022, "1000022 dni."),
    ],
)
def test_another_language_has_as_many_forms_as_its_file_says(tmp_path: Path, count: int, text: str) -> None:
    forms = (
        'msgid "{count} day"\nmsgid_plural "{count} days"\nmsgstr[0] "{count} dzień"\nmsgstr[1] "{count} dni."\nmsgstr[2] "{count} dni"\n'
    )
    (tmp_path / "pl.po").write_text(plural_forms(POLISH) + forms + entry("None.", "Nic."), encoding="utf-8")
    assert load_texts(["pl"], "pl", None, tmp_path).notice("pl", counted(count)) == text


def test_forms_that_are_not_translated_stay_english(tmp_path: Path) -> None:
    forms = 'msgid "{count} day"\nmsgid_plural "{count} days"\nmsgstr[0] ""\nmsgstr[1] ""\n'
    assert german(tmp_path, forms).notice("de", counted(3)) == "3 days"


def test_an_own_text_for_a_refusal_does_not_take_the_place_of_what_is_said_besides(tmp_path: Path) -> None:
    rule = Notice(Severity.INFO, Reason.PASSWORD_REJECTED, replace(DAYS, count=3))
    assert english(tmp_path, 'password-rejected = "Call 4711."').notice("en", rule) == "3 days"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_own_text_comes_before_one_with_a_number(tmp_path: Path, count: int) -> None:
    assert english(tmp_path, 'password-expires-soon = "Call 4711."').notice("en", counted(count)) == "Call 4711."


def test_an_own_text_for_something_else_does_not(tmp_path: Path) -> None:
    assert english(tmp_path, 'account-locked = "Call 4711."').notice("en", counted(3)) == "3 days"
