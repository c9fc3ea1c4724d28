import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from kerbauth.core.codes import catalogue
from kerbauth.core.names import NO_SUCH_REALM
from kerbauth.core.reason_table import REASONS
from kerbauth.core.text import is_control
from tools import message_catalogue

FILES = message_catalogue.render()
(TEMPLATE,) = FILES.values()
MARKERS = {message_catalogue.MARKER: 1, message_catalogue.MARKER_OF_TWO: 2}  # with how many sentences each takes


def marks() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(message_catalogue.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
                yield path, node


def known() -> set[str]:
    ids = (message.id for message in read_po(TEMPLATE.splitlines(keepends=True)))
    return {each for found in ids for each in ([found] if isinstance(found, str) else found)}


@pytest.mark.parametrize("path", FILES)
def test_the_file_in_the_tree_is_what_the_code_says(path: str) -> None:
    written = (message_catalogue.ROOT / path).read_text(encoding="utf-8")
    assert written == FILES[path], "run: python -m tools.message_catalogue"


def test_every_text_of_the_tables_is_in_the_file() -> None:
    texts = {text for info in REASONS.values() for text in (info.title, info.text, info.hint)}
    texts |= {text for row in catalogue.ENTRIES.values() for text in (row.meaning, row.remedy)}
    assert texts - known() <= {""}


def test_every_marked_sentence_is_in_the_file() -> None:
    sentences = {each.value for _, call in marks() for each in call.args if isinstance(each, ast.Constant)}
    assert NO_SUCH_REALM in sentences
    assert "Your password expires in {count} days. Change it before it does." in sentences
    assert sentences <= known()


def test_only_plain_sentences_are_marked() -> None:
    wrong = [
        f"{path.name}:{call.lineno}"
        for path, call in marks()
        if len(call.args) != MARKERS[ast.unparse(call.func)] or not all(isinstance(each, ast.Constant) for each in call.args)
    ]
    assert wrong == []


def test_marked_sentences_are_found_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text(
        'A = N_("One sentence.")\nB = N_("Two " "parts.")\nC = other("Not this.")\nD = NN_("One.", "More.")\n'
    )
    assert list(message_catalogue.marked(tmp_path / "package")) == [
        ("One sentence.", "package/module.py", ""),
        ("Two parts.", "package/module.py", ""),
        (("One.", "More."), "package/module.py", ""),
    ]


def test_no_text_holds_what_breaks_a_line() -> None:
    assert [text for text in known() if any(map(is_control, text))] == []
