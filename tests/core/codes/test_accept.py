"""What a token can be refused for."""

from kerbauth.core.codes.catalogue import ENTRIES, reason_for
from kerbauth.core.codes.model import Stage
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason


def test_no_code_makes_a_token_a_wrong_password_or_the_state_of_an_account() -> None:
    reasons = {reason_for(Stage.ACCEPT, code) for code in ENTRIES}
    assert Reason.BAD_CREDENTIALS not in reasons
    assert not any(REASONS[reason].guarded for reason in reasons)
