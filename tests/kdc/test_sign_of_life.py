"""What a KDC is asked for a sign of life, and what its answer means."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.sign_of_life import Sign, question, sign_of
from tests.kdc import wire
from tests.kdc.transport.servers import as_rep

SERVICE = "HTTP/localhost@KA.TEST"
NOW = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def answer(code: int, at: datetime = NOW) -> bytes:
    return wire.krb_error(code, wire.ErrorFields(at=at))


def test_the_question_is_an_as_req_for_our_principal_that_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)
    request = question(SERVICE)
    assert wire.message_type(request) == wire.AS_REQ
    assert wire.PROOFS.isdisjoint(wire.padata_types(request))
    assert b"localhost" in request


def test_no_two_questions_are_the_same_to_a_kdc_that_remembers_what_it_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)
    assert question(SERVICE) != question(SERVICE)


def test_a_library_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "krb5.conf").write_text("[libdefaults\n")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
    with pytest.raises(LibraryError):
        question(SERVICE)


@pytest.mark.parametrize("code", [number for number in range(128) if number != 6])
def test_every_answer_but_one_is_a_sign_of_life(code: int) -> None:
    assert sign_of(answer(code), SERVICE, NOW) == Sign("", 0.0)


def test_a_kdc_that_does_not_know_our_principal_is_told() -> None:
    assert sign_of(answer(6), SERVICE, NOW).problem == f"the KDC answers but does not know our principal {SERVICE}"


@pytest.mark.parametrize("seconds", [-3600.5, 0.25, 310.0])
def test_a_krb_error_tells_how_far_the_kdcs_clock_is_ahead(seconds: float) -> None:
    assert sign_of(answer(25, NOW + timedelta(seconds=seconds)), SERVICE, NOW).clock_offset == seconds


def test_a_ticket_is_a_sign_of_life_and_tells_no_time() -> None:
    assert sign_of(as_rep(700), SERVICE, NOW) == Sign("", None)


@given(st.binary() | st.binary().map(lambda rest: answer(25)[:40] + rest))
def test_any_answer_can_be_read(message: bytes) -> None:
    assert sign_of(message, SERVICE, NOW).problem in {"", f"the KDC answers but does not know our principal {SERVICE}"}
