from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes import catalogue, ntstatus
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.outcome import Notice, Severity
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.kdc.protocol.krb_error import KrbError
from kerbauth.kdc.protocol.reason import reason_of, words_of
from tests.kdc.protocol.messages import encodings, ext_error

UNKNOWN_STATUS = 0xC0001234

# Every NTSTATUS that a KDC sends beside a code of its own, with that code.
SENT = [
    (0xC0000072, 18, Reason.ACCOUNT_DISABLED),
    (0xC0000234, 18, Reason.ACCOUNT_LOCKED),
    (0xC0000193, 18, Reason.ACCOUNT_EXPIRED),
    (0xC000006F, 18, Reason.LOGON_HOURS),
    (0xC000006F, 12, Reason.LOGON_HOURS),
    (0xC0000071, 23, Reason.PASSWORD_EXPIRED),
    (0xC0000224, 23, Reason.PASSWORD_MUST_CHANGE),
    (0xC0000070, 12, Reason.LOGON_WORKSTATION),
    (0xC000006E, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC000015B, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC0000413, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC0000364, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC0000198, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC0000199, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC000019A, 12, Reason.ACCOUNT_RESTRICTED),
    (0xC00002FA, 12, Reason.PREAUTH_REQUIRED),
    (0xC0000133, 37, Reason.SERVER_CLOCK),
    (0xC0000133, 11, Reason.SERVER_CLOCK),
    (0xC000006A, 24, Reason.BAD_CREDENTIALS),
    (0xC000006D, 24, Reason.BAD_CREDENTIALS),
    (0xC0000064, 6, Reason.UNKNOWN_USER),
    (0xC00002F9, 75, Reason.PREAUTH_REQUIRED),
    (0xC0000320, 62, Reason.PREAUTH_REQUIRED),
    (0xC000040F, 63, Reason.PREAUTH_REQUIRED),
    (0xC000038A, 70, Reason.PREAUTH_REQUIRED),
    (0xC0000351, 16, Reason.PREAUTH_REQUIRED),
    (0xC00002F8, 25, Reason.PREAUTH_REQUIRED),
    (0xC00002FD, 14, Reason.ACCOUNT_KEYS),
    (0xC000005E, 60, Reason.KDC_UNREACHABLE),
    (0xC0000233, 29, Reason.KDC_UNREACHABLE),
    (0xC00000E5, 60, Reason.KDC_ERROR),
    (0xC000009A, 60, Reason.KDC_BUSY),
    (0xC000018B, 60, Reason.TRUST_PATH),
    (0xC00002FC, 7, Reason.TRUST_PATH),
]


def error(code: int, text: str | None = None, data: bytes | None = None) -> KrbError:
    return KrbError(code, datetime.now(UTC), text, data)


def status(number: int) -> Code:
    return Code(Family.NTSTATUS, number)


@pytest.mark.parametrize(("number", "code", "reason"), SENT, ids=[f"{number:08X} with {code}" for number, code, _ in SENT])
def test_a_status_gives_the_exact_reason_however_it_is_put(number: int, code: int, reason: Reason) -> None:
    for _, data in encodings(ext_error(number)):
        assert reason_of(Stage.AS, error(code, data=data)) == (reason, (status(number), catalogue.krb_error(code)), "")


def test_every_status_of_active_directory_is_tried_here() -> None:
    of_other_protocols = {0xC000006B, 0xC000006C, 0xC0000418}  # changing a password, and NTLM
    for_this = {entry.code.number for entry in ntstatus.ENTRIES if entry.code.number} - of_other_protocols
    reasons = {number: catalogue.reason_for(Stage.AS, status(number)) for number in for_this}
    assert {number for number, _, _ in SENT} <= for_this
    assert {reason for _, _, reason in SENT} == set(reasons.values())


@pytest.mark.parametrize("number", [0xC0000072, 0xC0000234, 0xC0000071, 0xC000005E, 0xC0000133, 0xC00000E5])
def test_no_status_turns_a_wrong_password_into_anything_else(number: int) -> None:
    (_, data), *_ = encodings(ext_error(number))
    reason, codes, diagnostic = reason_of(Stage.AS, error(24, "PREAUTH_FAILED", data))
    assert (reason, codes) == (Reason.BAD_CREDENTIALS, (catalogue.krb_error(24),))
    assert diagnostic == f"PREAUTH_FAILED; NTSTATUS 0x{number:08X}, which does not go with code 24"


@pytest.mark.parametrize("stage", Stage)
def test_no_status_beside_any_code_turns_a_refusal_into_something_milder(stage: Stage) -> None:
    ways = {entry.code.number: next(iter(encodings(ext_error(entry.code.number))))[1] for entry in ntstatus.ENTRIES}
    milder = []
    for code in range(128):
        by_code = REASONS[catalogue.reason_for(stage, catalogue.krb_error(code))]
        for number, data in ways.items():
            found = REASONS[reason_of(stage, error(code, data=data))[0]]
            if by_code.kind is Kind.REFUSED and (found.kind is not Kind.REFUSED or found.guarded < by_code.guarded):
                milder.append((code, f"{number:08X}", by_code.reason, found.reason))
    assert milder == []


def test_an_unknown_status_leaves_the_code_and_is_shown_to_administrators() -> None:
    (_, data), *_ = encodings(ext_error(UNKNOWN_STATUS))
    codes = (catalogue.krb_error(18), status(UNKNOWN_STATUS))
    assert reason_of(Stage.AS, error(18, data=data)) == (Reason.ACCOUNT_RESTRICTED, codes, "NTSTATUS 0xC0001234")


@pytest.mark.parametrize(
    ("code", "word", "reason"),
    [
        (18, "CLIENT LOCKED OUT", Reason.ACCOUNT_DISABLED),
        (18, "LOCKED_OUT", Reason.ACCOUNT_LOCKED),
        (18, "LOCKED_OUT\0", Reason.ACCOUNT_LOCKED),
        (1, "CLIENT EXPIRED", Reason.ACCOUNT_EXPIRED),
        (23, "CLIENT KEY EXPIRED", Reason.PASSWORD_EXPIRED),
        (23, "REQUIRED PWCHANGE", Reason.PASSWORD_MUST_CHANGE),
        (6, "CLIENT_NOT_FOUND", Reason.UNKNOWN_USER),
        (24, "PREAUTH_FAILED", Reason.BAD_CREDENTIALS),
        (14, "BAD_ENCRYPTION_TYPE", Reason.ACCOUNT_KEYS),
    ],
)
@pytest.mark.parametrize("stage", [Stage.AS, Stage.CHANGEPW_PROOF])
def test_the_status_words_of_an_mit_kdc_give_the_exact_reason(stage: Stage, code: int, word: str, reason: Reason) -> None:
    assert reason_of(stage, error(code, word)) == (reason, (catalogue.krb_error(code),), word.strip("\0"))


@pytest.mark.parametrize(
    ("stage", "code", "word"),
    [
        (Stage.AS, 24, "LOCKED_OUT"),
        (Stage.AS, 60, "CLIENT LOCKED OUT"),
        (Stage.AS, 18, "locked_out"),
        (Stage.AS, 18, "LOCKED_OUT "),
        (Stage.AS, 18, "The CLIENT LOCKED OUT"),
        (Stage.AS, 18, "REQUIRED PWCHANGE"),
        (Stage.TGS, 18, "LOCKED_OUT"),
        (Stage.AS, 18, None),
    ],
)
def test_another_text_code_or_stage_leaves_the_code(stage: Stage, code: int, word: str | None) -> None:
    assert reason_of(stage, error(code, word))[0] is catalogue.reason_for(stage, catalogue.krb_error(code))


def test_the_status_comes_before_the_word() -> None:
    (_, data), *_ = encodings(ext_error(0xC0000193))
    assert reason_of(Stage.AS, error(18, "LOCKED_OUT", data))[0] is Reason.ACCOUNT_EXPIRED


def test_the_text_is_made_fit_to_be_shown() -> None:
    assert reason_of(Stage.AS, error(60, "\x1b[2Jdisk\r\nfull" + "x" * 300))[2] == "[2Jdisk  full" + "x" * 187


@pytest.mark.parametrize("code", [-1, 128, 156, 244, 1 << 30])
def test_a_number_that_is_no_krb_error_code_is_never_taken_for_libkrb5s_own(code: int) -> None:
    assert reason_of(Stage.AS, error(code)) == (Reason.INTERNAL, (Code(Family.OTHER, code),), "")


@given(st.sampled_from(Stage), st.integers(-(1 << 31), (1 << 31) - 1), st.none() | st.text(), st.none() | st.binary(max_size=60))
def test_any_error_has_a_reason_that_is_no_warning(stage: Stage, code: int, text: str | None, data: bytes | None) -> None:
    reason, codes, _ = reason_of(stage, error(code, text, data))
    assert REASONS[reason].kind is not Kind.WARNING
    assert codes


def test_the_kdcs_words_become_a_message_that_is_marked_as_somebody_elses() -> None:
    notice = Notice(Severity.INFO, Reason.ACCOUNT_DISABLED, "CLIENT LOCKED OUT", foreign=True)
    assert words_of(Reason.ACCOUNT_DISABLED, error(18, "CLIENT LOCKED OUT")) == (notice,)


@pytest.mark.parametrize("text", [None, "", "\0", " \u202e "])
def test_a_kdc_without_words_adds_no_message(text: str | None) -> None:
    assert words_of(Reason.ACCOUNT_DISABLED, error(18, text)) == ()
