"""Writes docs/reference/commands.md from the command line's own parser."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kerbauth.cli.main import parser

PAGE: Final = Path("docs/reference/commands.md")
_WIDTH: Final = 100  # columns, whatever the terminal of whoever runs this


def render() -> Mapping[Path, str]:
    """The page's path and text."""
    top = parser()
    lines = [
        "# Commands",
        "",
        "Made from the code by `make reference`. Every command has `--help`; `--json` prints one JSON document.",
        "",
        "| exit status | says |",
        "|---|---|",
        "| 0 | fine |",
        "| 1 | the answer is no |",
        "| 2 | wrong use or bad configuration; every problem is listed |",
        "| 3 | could not find out |",
        "",
    ]
    for name, command in _commands(top, "kerbauth"):
        lines += [f"## `{name}`", "", "```text", _help(command), "```", ""]
    return {PAGE: "\n".join(lines)}


def _commands(parent: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something: those without commands of their own."""
    nested = [action for action in parent._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 -- argparse shows them nowhere else
    if not nested:
        yield name, parent
    for action in nested:
        for each, command in action.choices.items():
            yield from _commands(command, f"{name} {each}")


def _help(command: argparse.ArgumentParser) -> str:
    command.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=_WIDTH)
    return command.format_help().rstrip()
