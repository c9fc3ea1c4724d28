"""Which code counts, where a failure carries several."""

import pytest
from gssapi.raw.misc import GSSError

from kerbauth.core.codes.model import Stage
from kerbauth.core.reasons import Reason
from kerbauth.kdc import failure
from tests.kdc.test_token import REPLAY_RAW

BAD_BINDINGS, DEFECTIVE_TOKEN, FAILURE = 4 << 16, 9 << 16, 13 << 16


def with_code(number: int) -> bytes:
    """An error token of our own acceptor with this error-code in its KRB-ERROR."""
    before, after = bytes.fromhex("a603020122"), bytes.fromhex("a6030201") + bytes([number])
    assert before in REPLAY_RAW
    return REPLAY_RAW.replace(before, after)


@pytest.mark.parametrize(
    ("major", "number", "reason"),
    [
        (FAILURE, 34, Reason.TICKET_REPLAYED),
        (DEFECTIVE_TOKEN, 34, Reason.TICKET_REPLAYED),
        (FAILURE, 60, Reason.KDC_ERROR),
        (BAD_BINDINGS, 60, Reason.CHANNEL_BINDING),
        (DEFECTIVE_TOKEN, 60, Reason.BAD_TOKEN),
    ],
)
def test_the_code_in_the_error_token_counts_unless_it_is_the_one_for_everything_else(major: int, number: int, reason: Reason) -> None:
    assert failure.from_gss(Stage.ACCEPT, GSSError(major, 0, token=with_code(number))).reason is reason


def test_a_failure_that_says_nothing_is_the_tokens_fault_while_one_is_accepted_and_ours_elsewhere() -> None:
    # libgssapi's answer to a NegTokenInit whose framing it cannot read, with a NegTokenResp(reject) in which there is no KRB-ERROR.
    error = GSSError(FAILURE, 0, token=bytes.fromhex("a1073005a0030a0102"))
    assert failure.from_gss(Stage.ACCEPT, error).reason is Reason.BAD_TOKEN
    assert failure.from_gss(Stage.AS, error).reason is Reason.INTERNAL
