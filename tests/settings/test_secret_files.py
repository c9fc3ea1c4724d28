import os
from pathlib import Path

import pytest

from kerbauth.settings import SecretFileError, read_secret_file
from kerbauth.settings.secret_files import read_token_file
from tests.settings.files import TOKEN, token_file


def test_a_secret_loses_one_line_end_and_nothing_else(tmp_path: Path) -> None:
    assert read_secret_file(token_file(tmp_path, "s", " two\nlines \n\n")).reveal() == b" two\nlines \n"


def test_a_windows_line_end_is_one(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"secret\r\n")
    path.chmod(0o400)
    assert read_secret_file(path).reveal() == b"secret"


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_a_file_of_one_s_own_is_read(tmp_path: Path, mode: int) -> None:
    assert read_secret_file(token_file(tmp_path, "s", mode=mode)).reveal() == TOKEN.encode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610, 0o601])
def test_a_file_that_others_could_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SecretFileError, match=f"has mode {mode:04o}: others than the service could read or change it"):
        read_secret_file(token_file(tmp_path, "s", mode=mode), {})


def test_a_group_may_read_a_credential_of_systemd(tmp_path: Path) -> None:
    path = token_file(tmp_path, "s", mode=0o440)
    assert read_secret_file(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).reveal() == TOKEN.encode()


@pytest.mark.parametrize("mode", [0o444, 0o460])
def test_not_everything_may_be_done_to_a_credential_of_systemd(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SecretFileError, match="has mode"):
        read_secret_file(token_file(tmp_path, "s", mode=mode), {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_a_file_beside_the_credentials_is_none(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    path = token_file(tmp_path, "s", mode=0o440)
    with pytest.raises(SecretFileError, match="has mode"):
        read_secret_file(tmp_path / "credentials" / ".." / path.name, {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})


def test_the_process_s_own_credentials_folder_counts_if_no_other_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret_file(token_file(tmp_path, "s", mode=0o440)).reveal() == TOKEN.encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = token_file(tmp_path, "s")
    os.chown(path, 12345, -1)
    with pytest.raises(SecretFileError, match="belongs to user id 12345, who can replace it"):
        read_secret_file(path)


def test_a_file_that_is_not_there_is_refused_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError) as caught:
        read_secret_file(tmp_path / "hunter2")
    assert "is not there" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_path_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="cannot be read: File name too long"):
        read_secret_file(tmp_path / ("x" * 300))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="cannot be read: Is a directory"):
        read_secret_file(tmp_path)


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SecretFileError, match="not a regular file"):
        read_secret_file(tmp_path / "pipe")


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(SecretFileError, match="is empty"):
        read_secret_file(token_file(tmp_path, "s", content))


def test_a_file_that_is_too_large_for_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="larger than 65536 bytes"):
        read_secret_file(token_file(tmp_path, "s", "x" * 65537))


@pytest.mark.parametrize("token", [TOKEN, "A-._~+/" * 5, TOKEN + "=="])
def test_a_token_is_what_a_bearer_token_may_be(tmp_path: Path, token: str) -> None:
    assert read_token_file(token_file(tmp_path, "s", token)).reveal() == token.encode()


@pytest.mark.parametrize("token", [f"{TOKEN} ", f" {TOKEN}", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\u00e9", f"{TOKEN}!", f"{TOKEN}=a", "=" * 40])
def test_a_token_that_could_not_be_sent_is_refused_and_not_repeated(tmp_path: Path, token: str) -> None:
    with pytest.raises(SecretFileError, match="RFC 6750") as caught:
        read_token_file(token_file(tmp_path, "s", token))
    assert TOKEN not in str(caught.value)


def test_a_short_token_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="has 31 characters; expected at least 32") as caught:
        read_token_file(token_file(tmp_path, "s", TOKEN[:31]))
    assert TOKEN[:31] not in str(caught.value)
