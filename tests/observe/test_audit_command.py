"""`kerbauth audit`: what it finds, what it says, and how it ends."""

import contextlib
import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.cli.main import main
from kerbauth.core.audit_chain import Link
from kerbauth.observe.audit_key import audit_secret
from kerbauth.observe.audit_state import state_path
from kerbauth.observe.audit_store import AuditStore
from tests.observe.sealed import lines, login
from tests.settings.files import PERMISSIONS, REALM


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "kerbauth.toml"
    path.write_text(REALM.replace("service", "default = true\nservice") + PERMISSIONS)
    return path


@pytest.fixture
def audit(config: Path) -> Iterator[Path]:
    """An audit of three files: packed, rotated, and the one that is written to."""
    path = config.parent / "audit.jsonl"
    with contextlib.closing(AuditStore(path, audit_secret(config.parent / "audit.key"))) as store:
        for name in ("audit.jsonl.2", "audit.jsonl.1", ""):
            store.append([login(f"{name}-{number}") for number in range(3)])
            if name:
                path.rename(path.with_name(name))
        old = path.with_name("audit.jsonl.2")
        path.with_name("audit.jsonl.2.gz").write_bytes(gzip.compress(old.read_bytes()))
        old.unlink()
        yield path


class Told:
    """What a command said and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        capsys.readouterr()
        self.status = main([str(each) for each in arguments])
        self.out, self.err = capsys.readouterr()


def verified(capsys: pytest.CaptureFixture[str], config: Path, *arguments: object) -> Told:
    return Told(capsys, "audit", "verify", *arguments, "--config", config)


def test_a_whole_audit_is_fine_over_all_its_files(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = verified(capsys, config)
    assert (told.status, told.out) == (0, "12 lines in 3 files, records 1 to 12: nothing is wrong\n")


def test_it_is_said_as_json_too(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(verified(capsys, config, "--json").out)
    assert [Path(file).name for file in document.pop("files")] == ["audit.jsonl.2.gz", "audit.jsonl.1", "audit.jsonl"]
    assert document == {"lines": 12, "first": 1, "last": 12, "end_known": True, "findings": [], "notes": [], "unknown": []}


def test_a_changed_line_is_told_with_its_place(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit.write_text(audit.read_text().replace('"-1"', '"-9"'))
    told = verified(capsys, config)
    assert told.status == 1
    assert told.out.splitlines()[0] == f"{audit}:3: changed: record 11 was changed"
    (finding,) = json.loads(verified(capsys, config, "--json").out)["findings"]
    assert finding == {"kind": "changed", "file": str(audit), "line": 3, "text": "record 11 was changed"}


def test_a_removed_file_and_a_removed_line_are_found(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit.with_name("audit.jsonl.1").unlink()
    audit.write_text("".join(audit.read_text().splitlines(keepends=True)[:2] + audit.read_text().splitlines(keepends=True)[3:]))
    out = verified(capsys, config).out
    assert f"{audit}:1: removed: the 4 records 5 to 8 are missing before this line" in out
    assert f"{audit}:3: removed: record 11 is missing before this line" in out


def test_a_cut_off_end_is_found(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit.write_text("".join(audit.read_text().splitlines(keepends=True)[:2]))
    told = verified(capsys, config)
    assert (told.status, "cut-off: the end was cut off: the 2 records 11 to 12 are missing" in told.out) == (1, True)


def test_a_removed_current_file_is_found(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit.unlink()
    told = verified(capsys, config)
    assert (told.status, "the 4 records 9 to 12 are missing" in told.out) == (1, True)


def test_files_that_are_named_are_put_in_order_and_have_no_known_end(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = verified(capsys, config, audit, audit.with_name("audit.jsonl.1"))
    assert told.status == 0
    assert told.out.splitlines() == [
        "8 lines in 2 files, records 5 to 12: nothing is wrong",
        "where the chain ends is not known: a cut-off end does not show",
    ]


def test_an_anchor_of_the_log_shows_a_file_and_a_state_that_were_put_back(
    config: Path, audit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = lines(audit)[-1]["chain"]
    assert verified(capsys, config, "--anchor", f"{chain['seq']}:{chain['mac']}").status == 0
    assert verified(capsys, config, "--anchor", f"{chain['seq']}:{'0' * 64}").status == 1
    told = verified(capsys, config, "--anchor", f"99:{'0' * 64}")
    assert (told.status, "the anchor 99 cannot be compared: the files end before it" in told.out) == (3, True)


@pytest.mark.parametrize("anchor", ["x", "1:abc", "0:" + "0" * 64, "1:" + "G" * 64])
def test_what_is_no_anchor_is_wrong_use(config: Path, anchor: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        verified(capsys, config, "--anchor", anchor)
    assert caught.value.code == 2


def test_lines_of_an_earlier_key_need_that_key(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = config.parent / "audit.key"
    earlier = key.rename(config.parent / "earlier.key")
    with contextlib.closing(AuditStore(audit, audit_secret(key))) as store:
        assert store.append([login("new")]) == [None]
    assert "unknown-key" in verified(capsys, config).out
    out = verified(capsys, config, "--key-file", earlier).out
    assert [line.split(": ")[1] for line in out.splitlines()[:-1]] == ["break"]


def test_a_missing_state_is_not_fine(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state_path(audit).unlink()
    told = verified(capsys, config)
    assert (told.status, "whether the end was cut off cannot be told" in told.out) == (3, True)


def test_a_damaged_state_is_not_fine(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state_path(audit).write_bytes(b"{}")
    told = verified(capsys, config)
    assert (told.status, "is damaged, or of another key" in told.out) == (3, True)


def test_a_state_that_is_a_link_is_not_followed(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state_path(audit).rename(audit.with_name("elsewhere"))
    state_path(audit).symlink_to(audit.with_name("elsewhere"))
    assert verified(capsys, config).status == 3


def test_a_damaged_packed_file_is_not_fine(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = audit.with_name("audit.jsonl.2.gz")
    packed.write_bytes(packed.read_bytes()[:-4])
    told = verified(capsys, config)
    assert (told.status, f"{packed}: cannot be read to its end: EOFError" in told.out) == (3, True)


def test_a_file_that_is_not_there_is_told(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = verified(capsys, config, audit.with_name("nothing"))
    assert (told.status, "nothing: cannot be opened: No such file or directory" in told.out) == (3, True)


def test_before_the_first_login_there_is_nothing_wrong(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit_secret(config.parent / "audit.key")
    told = verified(capsys, config)
    assert (told.status, told.out.splitlines()[0]) == (0, "0 lines in 0 files: nothing is wrong")


def test_a_torn_line_is_told_and_is_no_finding(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with audit.open("ab") as file:
        file.write(b'{"kind":"log')
    told = verified(capsys, config)
    assert (told.status, f"{audit}:5: torn:" in told.out) == (0, True)


def test_verifying_makes_no_key_and_no_file(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(config.parent.iterdir())
    told = verified(capsys, config)
    assert (told.status, "audit.key: the file it names is not there" in told.err) == (3, True)
    assert sorted(config.parent.iterdir()) == before


def test_standard_output_cannot_be_verified(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text() + '[audit]\nfile = "-"\n')
    assert (verified(capsys, config).status, Told(capsys, "audit", "hash", "x", "--config", config).status) == (3, 3)
    audit_secret(config.parent / "audit.key")
    config.write_text(config.read_text() + 'key_file = "audit.key"\n')
    told = verified(capsys, config)
    assert (told.status, "there is nothing to verify" in told.err) == (3, True)


@pytest.mark.parametrize("command", [["verify"], ["hash", "x"]])
def test_a_wrong_configuration_is_wrong_use(config: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("[audit]\n")
    assert Told(capsys, "audit", *command, "--config", config).status == 2


def test_the_hash_of_a_name_is_that_of_the_principal_it_means(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short, full, other = (Told(capsys, "audit", "hash", name, "--config", config).out for name in ("bob", "bob@CORP.EXAMPLE", "carol"))
    assert short == full != other
    assert short.startswith("hmac-sha256:")


def test_a_folder_with_copies_needs_no_state(config: Path, audit: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    names = [shutil.copy(file, copies) for file in (audit, audit.with_name("audit.jsonl.1"), audit.with_name("audit.jsonl.2.gz"))]
    assert verified(capsys, config, *names).status == 0


def test_lines_that_are_written_meanwhile_do_no_harm(config: Path, audit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    end = Link(lines(audit)[-1]["chain"]["seq"], lines(audit)[-1]["chain"]["mac"])
    state = state_path(audit).read_bytes()
    with contextlib.closing(AuditStore(audit, audit_secret(config.parent / "audit.key"))) as store:
        assert store.append([login("more")]) == [None]
    descriptor = os.open(state_path(audit), os.O_WRONLY)
    os.pwrite(descriptor, state, 0)
    os.close(descriptor)
    told = verified(capsys, config, "--anchor", f"{end.seq}:{end.mac}")
    assert (told.status, told.out) == (0, "13 lines in 3 files, records 1 to 13: nothing is wrong\n")
