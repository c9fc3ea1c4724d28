from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes.catalogue import krb_error
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import Disclosure, looks_alike, rest, told
from kerbauth.core.outcome import Granted, Notice, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason

ETEXT = Notice(Severity.INFO, Reason.ACCOUNT_DISABLED, "CLIENT LOCKED OUT", foreign=True)


def test_a_grant_is_told_as_it_is() -> None:
    granted = Granted("alice", Principal(("alice",), "KA.TEST"), None)
    assert told(granted, Disclosure.GUARDED) is granted


def test_full_disclosure_tells_everything() -> None:
    refused = Refused(Reason.ACCOUNT_DISABLED, Stage.AS, codes=(krb_error(18),), diagnostic="x", notices=(ETEXT,))
    assert told(refused, Disclosure.FULL) is refused


def test_what_a_kdc_says_before_the_proof_looks_like_a_wrong_password_to_strangers() -> None:
    own = Notice(Severity.WARNING, Reason.KDC_FAILOVER)
    genuine = Refused(Reason.BAD_CREDENTIALS, Stage.AS, codes=(krb_error(24),), diagnostic="wrong", notices=(own,))
    wrong = told(genuine, Disclosure.GUARDED)
    for reason, info in REASONS.items():
        if info.guarded:
            told_as = told(Refused(reason, Stage.AS, codes=(krb_error(18),), diagnostic="x", notices=(ETEXT,)), Disclosure.GUARDED)
            assert told_as == Refused(Reason.BAD_CREDENTIALS, Stage.AS)
    assert wrong == Refused(Reason.BAD_CREDENTIALS, Stage.AS)


def test_an_expired_password_is_told_once_the_old_one_was_proved() -> None:
    refused = Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF, proved=True)
    assert told(refused, Disclosure.GUARDED) == refused


def test_strangers_never_see_codes_diagnostics_or_the_kdcs_words() -> None:
    own = Notice(Severity.INFO, Reason.KDC_ERROR, "ours")
    unavailable = Unavailable(Reason.KDC_ERROR, Stage.AS, codes=(krb_error(60),), diagnostic="x", notices=(ETEXT, own))
    assert told(unavailable, Disclosure.GUARDED) == Unavailable(Reason.KDC_ERROR, Stage.AS, notices=(own,))


@given(
    st.sampled_from([reason for reason, info in REASONS.items() if info.kind is not Kind.WARNING]),
    st.sampled_from(Stage),
    st.text(min_size=1),
)
def test_the_kdcs_words_of_a_login_that_was_not_proved_reach_only_those_who_are_told_everything(
    reason: Reason, stage: Stage, words: str
) -> None:
    notices = (Notice(Severity.INFO, reason, words, foreign=True), Notice(Severity.INFO, reason, "ours"))
    for verdict in (Refused(reason, stage, notices=notices), Unavailable(reason, stage, notices=notices)):
        guarded = told(verdict, Disclosure.GUARDED)
        assert not any(notice.foreign for notice in guarded.notices)
        assert told(verdict, Disclosure.FULL).notices == notices


def test_the_kdcs_words_on_a_new_password_are_told_to_whoever_has_shown_the_old_one() -> None:
    words = Notice(Severity.INFO, Reason.PASSWORD_REJECTED, "too short", foreign=True)
    rejected = Refused(Reason.PASSWORD_REJECTED, Stage.KPASSWD, proved=True, diagnostic="x", notices=(words,))
    assert told(rejected, Disclosure.GUARDED) == Refused(Reason.PASSWORD_REJECTED, Stage.KPASSWD, proved=True, notices=(words,))
    assert told(replace(rejected, proved=False), Disclosure.GUARDED) == Refused(Reason.PASSWORD_REJECTED, Stage.KPASSWD)


def test_every_guarded_reason_is_a_refusal() -> None:
    assert {info.kind for info in REASONS.values() if info.guarded} == {Kind.REFUSED}


def test_what_looks_alike_is_what_is_told_as_a_wrong_password() -> None:
    for reason, info in REASONS.items():
        if info.kind is Kind.REFUSED:
            for proved in (False, True):
                verdict = Refused(reason, Stage.AS, proved=proved)
                hidden = told(verdict, Disclosure.GUARDED) == Refused(Reason.BAD_CREDENTIALS, Stage.AS)
                assert looks_alike(verdict, Disclosure.GUARDED) == hidden
                assert not looks_alike(verdict, Disclosure.FULL)


def test_what_we_could_not_find_out_looks_like_nothing_else() -> None:
    assert not looks_alike(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS), Disclosure.GUARDED)


@pytest.mark.parametrize(("elapsed", "wait"), [(0.0, 0.25), (0.001, 0.249), (0.25, 0.0), (0.26, 0.24), (0.6, 0.15)])
def test_an_answer_that_must_look_alike_goes_out_at_a_multiple_of_the_floor(elapsed: float, wait: float) -> None:
    assert rest(elapsed, 0.25) == pytest.approx(wait)


def test_without_a_floor_nothing_waits() -> None:
    assert rest(0.01, 0.0) == 0.0


@given(st.floats(0, 60), st.floats(0.001, 5))
def test_an_answer_never_waits_longer_than_one_floor(elapsed: float, floor: float) -> None:
    assert -1e-9 <= rest(elapsed, floor) <= floor


@pytest.mark.parametrize("stage", [Stage.AS, Stage.CHANGEPW_PROOF])
def test_what_is_held_for_the_account_behind_a_name_looks_like_a_wrong_password_to_strangers(stage: Stage) -> None:
    held = Refused(Reason.THROTTLED, stage, retry_after=60.0, diagnostic="x")
    assert looks_alike(held, Disclosure.GUARDED)
    assert told(held, Disclosure.GUARDED) == Refused(Reason.BAD_CREDENTIALS, stage)
    assert told(held, Disclosure.FULL) is held


def test_what_is_held_for_the_name_that_was_typed_is_told_to_everybody() -> None:
    held = Refused(Reason.THROTTLED, Stage.THROTTLE, retry_after=60.0)
    assert not looks_alike(held, Disclosure.GUARDED)
    assert told(held, Disclosure.GUARDED) == held
