"""A configuration is read as a whole, whatever happens to its files meanwhile; and what of it has changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kerbauth.assembly import Prepared, StartError
from kerbauth.service.source import ABSENT, TRIES, Source, digests, load_whole, signature
from kerbauth.settings import Settings


@pytest.fixture
def source(tmp_path: Path) -> Source:
    config = tmp_path / "kerbauth.toml"
    config.write_text('[realms."A.TEST"]\nkind = "mit"\nkeytab = "key.tab"\nservice = "HTTP/a.test"\n[permissions]\nadapter = "none"\n')
    (tmp_path / "key.tab").write_bytes(b"one")
    return Source(config, {})


def during(meanwhile: Callable[[int], None]) -> Callable[[Settings], Prepared]:
    """Stands for `prepare`; keytabs are not looked into here."""
    calls = iter(range(100))

    def prepare(settings: Settings) -> Prepared:
        meanwhile(next(calls))
        return settings  # type: ignore[return-value]  # what is prepared does not matter

    return prepare


def files(source: Source) -> tuple[Path, ...]:
    return source.files(source.load())


def test_files_that_stay_as_they_are_are_read_once(source: Source) -> None:
    calls: list[int] = []
    loaded = load_whole(source, files(source), during(calls.append))
    assert calls == [0]
    assert set(loaded.digests) == set(files(source))


def test_a_file_that_changes_meanwhile_is_read_again(source: Source, tmp_path: Path) -> None:
    calls: list[int] = []

    def change(call: int) -> None:
        calls.append(call)
        if call == 0:
            (tmp_path / "key.tab").write_bytes(b"two")

    loaded = load_whole(source, files(source), during(change))
    assert calls == [0, 1]
    assert loaded.digests == digests(files(source))


def test_files_that_never_come_to_rest_are_refused(source: Source, tmp_path: Path) -> None:
    calls: list[int] = []

    def change(call: int) -> None:
        calls.append(call)
        (tmp_path / "key.tab").write_bytes(bytes([call]))

    with pytest.raises(StartError, match="again and again"):
        load_whole(source, files(source), during(change))
    assert len(calls) == TRIES


def test_the_fingerprint_is_the_same_for_the_same_files_only(source: Source, tmp_path: Path) -> None:
    def fingerprint() -> str:
        return load_whole(source, files(source), during(lambda _: None)).fingerprint

    first = fingerprint()
    assert fingerprint() == first
    (tmp_path / "key.tab").write_bytes(b"two")
    assert fingerprint() != first


def test_a_folder_stands_for_its_files_and_a_missing_file_for_itself(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "en.toml").write_text("")
    assert set(digests([folder, tmp_path / "gone"])) == {folder / "en.toml", tmp_path / "gone"}
    assert digests([tmp_path / "gone"]) == {tmp_path / "gone": ABSENT}


def test_the_signature_changes_when_a_file_is_written_replaced_added_or_removed(tmp_path: Path) -> None:
    folder, file = tmp_path / "texts", tmp_path / "file"
    folder.mkdir()
    file.write_text("one")
    seen = [signature([folder, file])]

    def differs() -> bool:
        seen.append(signature([folder, file]))
        return seen[-1] not in seen[:-1]

    file.write_text("longer")
    assert differs()
    (tmp_path / "other").write_text("longer")
    (tmp_path / "other").replace(file)
    assert differs()
    (folder / "en.toml").write_text("")
    assert differs()
    file.unlink()
    assert differs()
