"""The search at the end of the run finds what it is for."""

import base64
import os
from pathlib import Path

import pytest

from tests.integration.secrets import found_in, ticket_pieces, written_forms

SECRET = os.urandom(32)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        SECRET.hex().encode(),
        base64.b64encode(SECRET),
        base64.b64encode(b"x" + SECRET + b"yz"),
        base64.b64encode(b"xy" + SECRET),
    ],
    ids=["raw", "hex", "base64", "base64-shifted-by-one", "base64-shifted-by-two"],
)
def test_a_secret_is_found_in_each_form(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "service.log"
    file.write_bytes(b"before " + written + b" after")
    assert found_in([file], written_forms(SECRET)) == [str(file)]


def test_a_ticket_is_found_even_if_only_a_part_of_it_was_logged(tmp_path: Path) -> None:
    token, file = os.urandom(900), tmp_path / "service.log"
    file.write_text("Authorization: Negotiate " + base64.b64encode(token).decode()[:400])
    assert found_in([file], ticket_pieces([token])) == [str(file)]


def test_a_credential_cache_may_hold_a_ticket_but_no_password(tmp_path: Path) -> None:
    cache = tmp_path / "ccache"
    cache.write_bytes(b"\x05\x04" + SECRET)
    assert found_in([cache], [SECRET]) == []
    assert found_in([cache], [SECRET], also_client_files=True) == [str(cache)]
