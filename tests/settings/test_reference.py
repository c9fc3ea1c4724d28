import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.settings import Settings, load, reference
from kerbauth.settings.fields import Table
from kerbauth.settings.reference import sections
from kerbauth.settings.shape import entry_table_of, settings_of, table_of
from kerbauth.texts import load_texts
from tests.settings.files import token_file
from tools import reference_settings

PAGES = reference_settings.render()
PAGE = PAGES["docs/reference/settings.md"]


def tables(model: type[Table]) -> Iterator[type[Table]]:
    yield model
    for field in model.model_fields.values():
        inner = table_of(field) or entry_table_of(field)
        if inner is not None:
            yield from tables(inner)


ALL = [(model, name) for model in tables(Settings) for name in settings_of(model)]


@pytest.mark.parametrize("path", PAGES)
def test_the_page_in_the_tree_is_what_the_models_say(path: str) -> None:
    written = (reference_settings.ROOT / path).read_text(encoding="utf-8")
    assert written == PAGES[path], "run: python -m tools.reference_settings"


@pytest.mark.parametrize(("model", "name"), ALL, ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_every_setting_has_a_description_that_is_a_sentence(model: type[Table], name: str) -> None:
    assert re.fullmatch(r".{10,}[.…]|.*openssl rand -hex 32", model.model_fields[name].description or "")


def test_every_setting_is_in_the_list() -> None:
    listed = sorted(setting.name for section in sections() for setting in section.settings)
    containers = [(model, name) for model, name in ALL if table_of(model.model_fields[name]) or model is Settings]
    assert listed == sorted(name for model, name in ALL if (model, name) not in containers)


def test_the_list_says_kind_default_and_variable() -> None:
    assert '    listen (address:port; default "127.0.0.1:8080")\n' in reference()
    assert "        Variable: KERBAUTH__SERVER__LISTEN\n" in reference()
    assert "    keytab (path; required)\n" in reference()
    assert "    kdcs (list of host or host:port; no default)\n" in reference()


def test_tables_are_headed_as_they_are_written_in_the_file() -> None:
    assert [section.heading for section in sections()] == [
        "[server]",
        '[realms."NAME"]',
        '[realms."NAME".names]',
        '[[realms."NAME".names.rules]]',
        "[permissions]",
        "[messages]",
        '[clients."NAME"]',
        "[throttle]",
        "[audit]",
        "[alarm]",
        "[tracing]",
        "[dns]",
    ]


def test_realm_and_client_settings_have_no_variable() -> None:
    assert not re.search(r"KERBAUTH__(REALMS|CLIENTS)", reference() + PAGE)


def test_every_row_of_the_page_has_four_cells() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_smallest_file_of_the_page_works(tmp_path: Path) -> None:
    (tmp_path / "kerbauth.toml").write_text(blocks("toml")[0], encoding="utf-8")
    assert load(tmp_path / "kerbauth.toml", {}).permissions.adapter == "static"


def test_the_exceptions_of_the_page_work(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(blocks("csv")[0], encoding="utf-8")
    names = '[realms."CORP.EXAMPLE".names]\nmap_file = "users.csv"\nallow_instances = true\n'
    (tmp_path / "kerbauth.toml").write_text(f"{blocks('toml')[0]}\n{names}", encoding="utf-8")
    assert len(load(tmp_path / "kerbauth.toml", {}).realms["CORP.EXAMPLE"].names.exceptions) == 3


def test_the_own_texts_of_the_page_work(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text(blocks("toml")[1], encoding="utf-8")
    load_texts(["en"], "en", tmp_path)
    assert len(tomllib.loads(blocks("toml")[1])) == 3


def test_a_file_with_every_table_works(tmp_path: Path) -> None:
    token_file(tmp_path, "gax.token")
    tail = (
        '\n[server]\nlisten = "[::1]:8080"\n[messages]\nlanguages = ["en"]\n[clients.gax]\ntoken_file = "gax.token"\n[audit]\nfile = "-"\n'
    )
    (tmp_path / "kerbauth.toml").write_text(blocks("toml")[0] + tail, encoding="utf-8")
    assert list(load(tmp_path / "kerbauth.toml", {}).clients) == ["gax"]
