"""The list of all settings, for the command line and for the reference page, from the models themselves."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kerbauth.settings.environment import PREFIX
from kerbauth.settings.fields import Table
from kerbauth.settings.model import Settings
from kerbauth.settings.shape import default_of, entry_table_of, kind_of, scalar_type, settings_of, table_of

_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the reference. `variable` is the environment variable that sets it too, if one does."""

    name: str
    kind: str
    default: str
    description: str
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file, as its heading is written, with what is in it."""

    heading: str
    description: str
    settings: tuple[Setting, ...]


def sections() -> tuple[Section, ...]:
    """All tables, in the order of the file."""
    return tuple(_tables(Settings, ""))


def _tables(model: type[Table], path: str, *, top: bool = True) -> Iterator[Section]:
    for name in settings_of(model):
        field = model.model_fields[name]
        table, entries = table_of(field), entry_table_of(field)
        inner = table or entries
        if inner is None:
            continue
        heading = f"{path}{name}"
        if entries is not None and top:
            heading += '."NAME"'
        written = f"[{heading}]" if table or top else f"[[{heading}]]"  # a list of tables is written [[…]], or { … } inline
        yield Section(written, field.description or "", tuple(_rows(inner, name if top and table else None)))
        yield from _tables(inner, f"{heading}.", top=False)


def _rows(model: type[Table], table: str | None) -> Iterator[Setting]:
    """A table's settings, without the tables in it. `table` is its name if variables can set what it holds."""
    for name in settings_of(model):
        field = model.model_fields[name]
        if table_of(field) is None:
            variable = f"{PREFIX}{table}__{name}".upper() if table and scalar_type(field) else None
            yield Setting(name, kind_of(field), default_of(field), field.description or "", variable)


def reference() -> str:
    """The list as plain text."""
    blocks = []
    for section in sections():
        lines = [section.heading, *_wrapped(section.description, "    "), ""]
        for setting in section.settings:
            lines.append(f"    {setting.name} ({setting.kind}; {_default_text(setting)})")
            lines += _wrapped(setting.description, "        ")
            if setting.variable:
                lines.append(f"        Variable: {setting.variable}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _default_text(setting: Setting) -> str:
    match setting.default:
        case "required":
            return "required"
        case "none":
            return "no default"
        case _:
            return f"default {setting.default}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def reference_markdown() -> str:
    """The list as tables of a Markdown page."""
    blocks = []
    for section in sections():
        rows = ["| setting | kind | default | meaning |", "|---|---|---|---|"]
        rows += [
            f"| `{setting.name}` | {_cell(setting.kind)} | {_default_cell(setting)} | {_cell(setting.description)} |"
            for setting in section.settings
        ]
        blocks.append("\n".join([f"## `{section.heading}`", "", section.description, "", *rows]))
    return "\n\n".join(blocks)


def _default_cell(setting: Setting) -> str:
    match setting.default:
        case "required":
            return "**required**"
        case "none":
            return ""
        case _:
            return f"`{setting.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
