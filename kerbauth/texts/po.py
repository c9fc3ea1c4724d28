"""Reading a language's translations: a gettext catalogue, `LANGUAGE.po`."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from gettext import c2py
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

from kerbauth.core import text
from kerbauth.core.problem import Problem
from kerbauth.regular_file import read_regular

PLACEHOLDER: Final = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
"""What stands for a value in a message, as in str.format."""

SOURCE_LANGUAGE: Final = "en"
"""The language that message ids are written in; it needs no file."""

_LINE: Final = re.compile(r'(?:#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[[0-9]+\])?)[ \t]+)?"(?:[^"\\]|\\.)*")?')
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")

_NUMBERS: Final = 1000
"""Numbers whose plural form is worked out when a file is read. Rules look at the last two digits, and at what is below that on its own."""


@dataclass(frozen=True, slots=True)
class Forms:
    """One sentence in a language's plural forms, and which of them each number takes."""

    texts: tuple[str, ...]
    rule: tuple[int, ...]

    def text(self, count: int) -> str:
        """The form for a number of 0 or more; `{count}` is still in it."""
        return self.texts[self.rule[count if count < _NUMBERS else _NUMBERS - 100 + count % 100]]


@dataclass(frozen=True, slots=True)
class Translations:
    """A language's translations by message id; those in plural forms by the id of the English form for one."""

    messages: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    plurals: Mapping[str, Forms] = field(default_factory=lambda: MappingProxyType({}))


def available_languages(folder: Path) -> tuple[str, ...]:
    """The languages a locale folder has, the source language first. A file's name is a language tag, like `de.po` or `pt-BR.po`."""
    names = {path.stem for path in folder.glob("*.po") if _LANGUAGE.fullmatch(path.stem)}
    return (SOURCE_LANGUAGE, *sorted(names - {SOURCE_LANGUAGE}))


def read_translations(path: Path) -> tuple[Translations, tuple[Problem, ...]]:
    """A file's translations, and what is wrong with it. Untranslated and fuzzy entries are left out."""
    try:
        content = read_regular(path).decode("utf-8")
    except OSError as error:
        return Translations(), (Problem(str(path), "", f"the catalogue file cannot be read: {error.strerror}"),)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Translations(), (Problem(str(path), "", "is not UTF-8; save the file as UTF-8", line),)
    # Babel takes a string without its quotes, and cuts it.
    unread = next((number for number, line in enumerate(content.splitlines(), 1) if not _LINE.fullmatch(line.strip())), None)
    if unread is not None:
        return Translations(), (Problem(str(path), "", "is no line of a gettext catalogue", unread),)
    try:
        catalogue = read_po(io.StringIO(content), abort_invalid=True)
    except PoFileError as error:
        return Translations(), (Problem(str(path), "", "an entry of the gettext catalogue is not complete", error.lineno + 1),)
    except (ValueError, LookupError) as error:  # a header that Babel cannot read: charset, dates, plural forms
        return Translations(), (Problem(str(path), "", f"its header cannot be read: {error}", 1),)
    return _read(path, catalogue)


def _read(path: Path, catalogue: Catalog) -> tuple[Translations, tuple[Problem, ...]]:
    rule = _rule(catalogue)
    messages: dict[str, str] = {}
    plurals: dict[str, Forms] = {}
    problems: list[Problem] = []
    for message in catalogue:
        sources, translations = _strings(message.id), _strings(message.string or "")
        if not sources[0] or not any(translations) or message.fuzzy:
            continue
        wrong = [*_problems(message, sources, translations)]
        if len(sources) == 2 and not rule:
            wrong = ["has plural forms, and the header's Plural-Forms do not say which number takes which"]
        problems += [Problem(str(path), sources[0][:60], each, message.lineno) for each in wrong]
        if wrong:
            continue
        if len(sources) == 2:
            plurals[sources[0]] = Forms(translations, rule)
        else:
            messages[sources[0]] = translations[0]
    return Translations(MappingProxyType(messages), MappingProxyType(plurals)), tuple(problems)


def _strings(text_or_forms: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (text_or_forms,) if isinstance(text_or_forms, str) else tuple(text_or_forms)


def _rule(catalogue: Catalog) -> tuple[int, ...]:
    """Which form each number takes, by the header's Plural-Forms (gettext manual, "Plural forms"); empty if they do not say it."""
    try:
        form = c2py(catalogue.plural_expr)
        rule = tuple(int(form(number)) for number in range(_NUMBERS))
    except (ValueError, ArithmeticError):
        return ()
    return rule if set(rule) <= set(range(catalogue.num_plurals)) else ()


def _problems(message: Message, sources: tuple[str, ...], translations: tuple[str, ...]) -> Iterator[str]:
    if message.context:
        yield "has a context (msgctxt); no text here has one"
    if not all(translations):
        yield "has a plural form that is not translated"
        return
    if any(text.is_control(character) for translation in translations for character in translation):
        yield "the translation holds a control character or a line end"
    expected = set(PLACEHOLDER.findall(sources[-1]))
    for found in (set(PLACEHOLDER.findall(translation)) for translation in translations):
        if expected != found:
            yield f"the translation must hold the same placeholders as the source: {_named(expected)}; it holds {_named(found)}"
            return


def _named(placeholders: set[str]) -> str:
    return ", ".join(sorted(placeholders)) or "none"
