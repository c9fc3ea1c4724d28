"""Whatever is written, the answer is settings or a list of problems, and never another error."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerbauth.settings import Problem, Settings, SettingsError, load
from kerbauth.settings.fields import split_host_port
from kerbauth.settings.map_file import MapFile, read_map_file
from tests.settings.test_reference import ALL

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | TEXT
    | st.sampled_from(["mit", "name", "en", "a.b", "HTTP/a.b", "127.0.0.1:1"])
)
KEYS = st.sampled_from(sorted({name for _, name in ALL})) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=15)
DOCUMENTS = st.dictionaries(st.sampled_from(sorted(Settings.model_fields)) | TEXT, VALUES, max_size=6)


def toml(value: Any) -> str:
    """A value as TOML has it within a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    # JSON leaves DEL as it is, and TOML takes it in no text
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def lines(document: dict[str, Any]) -> str:
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())


def loaded(content: bytes, environ: dict[str, str]) -> Settings | tuple[Problem, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kerbauth.toml"
        path.write_bytes(content)
        try:
            return load(path, environ)
        except SettingsError as error:
            return error.problems


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(DOCUMENTS)
def test_any_document_is_read_or_refused_in_whole_sentences(document: dict[str, Any]) -> None:
    found = loaded(lines(document).encode(), {})
    assert isinstance(found, Settings) or all(problem.message and "\n" not in problem.message for problem in found)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert loaded(content, {})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["SERVER__LISTEN", "AUDIT__FILE", "PERMISSIONS__X"]) | TEXT, TEXT, max_size=4))
def test_any_variables_are_read_or_refused(environ: dict[str, str]) -> None:
    assert loaded(b"", {f"KERBAUTH__{name}": value for name, value in environ.items()})


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(st.sampled_from('ab,"\n\r \x00'), max_size=40).map(lambda text: f"principal,user\n{text}".encode()))
def test_any_file_of_exceptions_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.csv"
        path.write_bytes(content)
        found = read_map_file(path)
    assert found
    assert not isinstance(found, MapFile) or all(name and user for name, user in found.entries.items())


@given(TEXT | st.text(st.sampled_from("a1.:[]-"), max_size=15))
def test_an_address_is_read_as_written_or_refused(written: str) -> None:
    try:
        host, port = split_host_port(written)
    except ValueError:
        return
    bracketed = f"[{host}]" if ":" in host else host
    assert written.startswith(bracketed)
    assert port is None or int(written.removeprefix(bracketed).removeprefix(":")) == port
