"""Writes kerbauth/locale/kerbauth.pot, the list of all texts to translate: `python -m tools.message_catalogue`.

A language is added by copying that file to `kerbauth/locale/LANGUAGE.po`, filling it in, with the language's own Plural-Forms in its
header, and naming the language in `messages.languages`. Texts come from the tables of reasons and codes, and from every sentence in the
code that is marked with `N_` or `NN_`.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from kerbauth.core.codes import catalogue
from kerbauth.core.reason_table import REASONS

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "kerbauth"
TEMPLATE: Final = "kerbauth/locale/kerbauth.pot"
MARKER: Final = "N_"
MARKER_OF_TWO: Final = "NN_"
"""Marks the English forms of a sentence for one and for several."""

# Babel's own header has the time of writing, and the file would never be the same twice.
_HEADER: Final = """\
# The texts of kerbauth, to be translated.
# Written by `python -m tools.message_catalogue` from the code; do not edit, but copy it to LANGUAGE.po.
#
msgid ""
msgstr ""
"Project-Id-Version: kerbauth\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""

Found = tuple[str | tuple[str, str], str, str]
"""A message id (or two: for one and for several), the file it is marked in, and a comment for translators; one of the two is empty."""


def messages() -> Iterator[Found]:
    """Every text, in the order of the tables and files; one that is used twice comes twice."""
    for info in REASONS.values():
        yield info.title, "", f"{info.reason}: title"
        yield info.text, "", f"{info.reason}: text for the user"
        yield info.hint, "", f"{info.reason}: hint for the administrator"
    for entry in catalogue.ENTRIES.values():
        yield entry.meaning, "", f"{entry.name}: meaning"
        if entry.remedy:
            yield entry.remedy, "", f"{entry.name}: what to do"
    yield from marked(PACKAGE)


def marked(folder: Path) -> Iterator[Found]:
    """Every sentence marked with `N_` or `NN_` below a folder."""
    for path in sorted(folder.rglob("*.py")):
        source = io.BytesIO(path.read_bytes())
        for _, message, _, _ in extract("python", source, keywords={MARKER: None, MARKER_OF_TWO: (1, 2)}):
            if message:
                yield message if isinstance(message, str) else (message[0], message[1]), path.relative_to(folder.parent).as_posix(), ""


def render() -> Mapping[str, str]:
    """The file by its path below the project's root."""
    found = Catalog()
    for message, place, comment in messages():
        known = found.get(message)
        # A remedy may belong to dozens of codes; three of them tell a translator enough.
        comments = [comment] if comment and (known is None or len(known.auto_comments) < 3) else []
        found.add(message, locations=[(place, 0)] if place else [], auto_comments=comments)
    for each in found:
        each.flags -= {"python-format", "python-brace-format"}  # a placeholder is a name in braces and nothing more
    written = io.BytesIO()
    write_po(written, found, width=0, omit_header=True, include_lineno=False)
    return {TEMPLATE: _HEADER + written.getvalue().decode()}


def main() -> None:
    """Write the file."""
    for path, text in render().items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
