"""Reading a language's translations: a gettext catalogue, `LANGUAGE.po`."""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.messages.catalog import Message
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


def available_languages(folder: Path) -> tuple[str, ...]:
    """The languages a locale folder has, the source language first. A file's name is a language tag, like `de.po` or `pt-BR.po`."""
    names = {path.stem for path in folder.glob("*.po") if _LANGUAGE.fullmatch(path.stem)}
    return (SOURCE_LANGUAGE, *sorted(names - {SOURCE_LANGUAGE}))


def read_translations(path: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """A file's translations by message id, and what is wrong with it. Untranslated and fuzzy entries are left out."""
    try:
        content = read_regular(path).decode("utf-8")
    except OSError as error:
        return {}, (Problem(str(path), "", f"the catalogue file cannot be read: {error.strerror}"),)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return {}, (Problem(str(path), "", "is not UTF-8; save the file as UTF-8", line),)
    # Babel takes a string without its quotes, and cuts it.
    unread = next((number for number, line in enumerate(content.splitlines(), 1) if not _LINE.fullmatch(line.strip())), None)
    if unread is not None:
        return {}, (Problem(str(path), "", "is no line of a gettext catalogue", unread),)
    try:
        catalogue = read_po(io.StringIO(content), abort_invalid=True)
    except PoFileError as error:
        return {}, (Problem(str(path), "", "an entry of the gettext catalogue is not complete", error.lineno + 1),)
    except (ValueError, LookupError) as error:  # a header that Babel cannot read: charset, dates, plural forms
        return {}, (Problem(str(path), "", f"its header cannot be read: {error}", 1),)
    translations: dict[str, str] = {}
    problems: list[Problem] = []
    for message in catalogue:
        if not message.id or not message.string or message.fuzzy:
            continue
        wrong = tuple(_problems(message))
        problems += [Problem(str(path), str(message.id)[:60], each, message.lineno) for each in wrong]
        if not wrong:
            translations[str(message.id)] = str(message.string)
    return MappingProxyType(translations), tuple(problems)


def _problems(message: Message) -> Iterator[str]:
    source, translation = message.id, message.string
    if not isinstance(source, str) or not isinstance(translation, str):
        yield "has plural forms; no text here has them"
        return
    if message.context:
        yield "has a context (msgctxt); no text here has one"
    if any(text.is_control(character) for character in translation):
        yield "the translation holds a control character or a line end"
    expected, found = set(PLACEHOLDER.findall(source)), set(PLACEHOLDER.findall(translation))
    if expected != found:
        yield f"the translation must hold the same placeholders as the source: {_named(expected)}; it holds {_named(found)}"


def _named(placeholders: set[str]) -> str:
    return ", ".join(sorted(placeholders)) or "none"
