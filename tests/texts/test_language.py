import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.texts.language import negotiate

LANGUAGES = ("en", "de", "de-CH", "pt-BR")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-CH", "de-CH"),
        ("de-ch", "de-CH"),
        ("de-AT", "de"),
        ("de-CH-1996", "de-CH"),
        ("pt", "pt-BR"),
        ("pt-PT, de;q=0.5", "de"),
        ("fr", "en"),
        ("fr, de;q=0.1", "de"),
        ("de;q=0.5, en;q=0.8", "en"),
        ("de;q=0.8, en;q=0.5", "de"),
        ("en;q=0.5, de;q=0.5", "en"),
        ("de;q=0.5, en;q=0.5", "de"),
        ("*", "en"),
        ("*;q=0.1, de", "de"),
        ("*, en;q=0", "de"),
        ("*;q=0", "en"),
        ("de;q=0, de-CH;q=0.1", "de-CH"),
        ("de, de-CH;q=0", "de"),
        ("de;q=0.000", "en"),
        ("de;q=1.000", "de"),
        ("de ; q=0.7,\ten ;\tq=0.3", "de"),
        ("de;Q=0.7", "de"),
        (",, de ,", "de"),
    ],
)
def test_the_language_that_is_preferred_is_chosen(header: str, language: str) -> None:
    assert negotiate(header, LANGUAGES, "en") == language


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ",",
        "de;q=2",
        "de;q=1.001",
        "de;q=0.1234",
        "de;q=-1",
        "de;q=",
        "de;q",
        "de;",
        "de;q=0.5;q=0.6",
        "de;level=1",
        "de de",
        "de-",
        "-de",
        "toolonglanguage",
        "d\u00e9",
        "de\u0661",
        "de\n",
        "de, (",
        "*-CH",
        "de_CH",
    ],
)
def test_a_header_that_is_absent_or_malformed_means_the_default(header: str | None) -> None:
    assert negotiate(header, LANGUAGES, "pt-BR") == "pt-BR"


def test_of_equal_choices_the_default_wins() -> None:
    assert negotiate("*", ("en", "de", "fr"), "de") == "de"


def test_the_wish_for_any_language_is_met_in_the_settings_order_where_the_default_is_unwanted() -> None:
    assert negotiate("*, en;q=0", ("en", "fr", "de"), "en") == "fr"


@given(st.text() | st.text(st.sampled_from("de-*;q=01., enCH"), max_size=40))
def test_any_header_leads_to_a_language_that_is_offered(header: str) -> None:
    assert negotiate(header, LANGUAGES, "en") in LANGUAGES
