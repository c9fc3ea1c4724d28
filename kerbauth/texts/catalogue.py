"""All texts that people read, in every language that is offered."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from kerbauth.core.codes.model import Code
from kerbauth.core.messages import Counted
from kerbauth.core.outcome import Notice
from kerbauth.core.problem import Problem
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.text import shown
from kerbauth.texts import language as languages_of
from kerbauth.texts import po
from kerbauth.texts.overrides import Overrides, read_folder

_NONE: Final = po.Translations()


class TextsError(Exception):
    """The texts cannot be used. `problems` are all the reasons."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Texts:
    """The texts. Immutable, and nothing is read from disk after it is built.

    English is the source language: message ids are English sentences, and what a language has no translation of is shown in
    English. An administrator's own texts belong to one language each; they are not shown in another.

    A code says more than a reason does. Callers that answer somebody under guarded disclosure must not pass `codes`: an
    administrator's own text for a code would tell a stranger which code it was.
    """

    def __init__(
        self,
        languages: Sequence[str],
        default: str,
        translations: Mapping[str, po.Translations],
        overrides: Mapping[str, Overrides],
    ) -> None:
        if default not in languages:
            msg = "the default language is not one of the languages"
            raise ValueError(msg)
        self.languages = tuple(languages)
        self.default = default
        self._translations = dict(translations)
        self._overrides = dict(overrides)

    def negotiate(self, accept_language: str | None) -> str:
        """The language that fits an Accept-Language field best (RFC 9110 12.5.4); the default if none does or it is malformed."""
        return languages_of.negotiate(accept_language, self.languages, self.default)

    def text(self, language: str, message_id: str) -> str:
        """A message in a language, or the id itself, which is English."""
        return self._in(language).messages.get(message_id, message_id)

    def counted(self, language: str, counted: Counted) -> str:
        """A sentence about a number of things, in the language's form for that number, with the number filled in."""
        if counted.count == 0:
            return self.text(language, counted.none)
        forms = self._in(language).plurals.get(counted.one)
        english = counted.one if counted.count == 1 else counted.more
        return (forms.text(counted.count) if forms else english).replace("{count}", str(counted.count))

    def title(self, language: str, reason: Reason) -> str:
        """A reason's short title."""
        return self.text(language, REASONS[reason].title)

    def reason_text(self, language: str, reason: Reason, codes: Sequence[Code] = ()) -> str:
        """What a user is told for a reason: the administrator's text for one of the codes, else for the reason, else the built-in one.

        Of several codes the first that has a text counts. Pass no codes under guarded disclosure.
        """
        own = self._overrides.get(language)
        if own is not None:
            for code in codes:
                if code in own.codes:
                    return own.codes[code]
            if reason in own.reasons:
                return own.reasons[reason]
        return self.text(language, REASONS[reason].text)

    def notice(self, language: str, notice: Notice, codes: Sequence[Code] = ()) -> str:
        """The text of a notice: somebody else's words made fit to be shown, its own sentence, or its reason's text.

        Pass no codes under guarded disclosure.
        """
        if notice.detail is None:
            return self.reason_text(language, notice.reason, codes)
        if isinstance(notice.detail, Counted):
            # Of a warning it is the reason's own text, only more exact: an administrator's comes before it.
            own = self._overrides.get(language) if REASONS[notice.reason].kind is Kind.WARNING else None
            return (own.reasons.get(notice.reason) if own else None) or self.counted(language, notice.detail)
        if notice.foreign:
            return shown(notice.detail) or self.reason_text(language, notice.reason, codes)
        return self.text(language, notice.detail)

    def _in(self, language: str) -> po.Translations:
        return self._translations.get(language) or _NONE


def package_locale() -> Path:
    """The folder with the catalogues that come with kerbauth."""
    return Path(__file__).resolve().parent.parent / "locale"


def available_languages(locale_directory: Path | None = None) -> tuple[str, ...]:
    """The languages that can be offered: English, and those with a file `LANGUAGE.po` in the folder."""
    return po.available_languages(locale_directory or package_locale())


def load_texts(languages: Sequence[str], default: str, overrides: Path | None = None, locale_directory: Path | None = None) -> Texts:
    """Read the translations and an administrator's own texts. Raises TextsError with every problem."""
    problems: list[Problem] = []
    if default not in languages:
        problems.append(Problem("", "default", f"the default language {default!r} is not one of the languages"))
    translations: dict[str, po.Translations] = {}
    for language in languages:
        translations[language], wrong = read_language(language, locale_directory)
        problems += wrong
    own: Mapping[str, Overrides] = {}
    if overrides is not None:
        own, wrong = read_folder(overrides, languages)
        problems += wrong
    if problems:
        raise TextsError(problems)
    return Texts(languages, default, translations, own)


def read_language(language: str, locale_directory: Path | None = None) -> tuple[po.Translations, tuple[Problem, ...]]:
    """A language's translations, and what is wrong with its catalogue file. English needs no file, but may have one."""
    folder = locale_directory or package_locale()
    path = folder / f"{language}.po"
    if language not in po.available_languages(folder):
        return po.Translations(), (Problem(str(path), "", f"there is no catalogue for the language {language!r}"),)
    return po.read_translations(path) if path.exists() else (po.Translations(), ())
