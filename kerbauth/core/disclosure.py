"""How much a caller is told: everything, or nothing that a stranger could use to find out which accounts exist."""

import math
from dataclasses import replace
from enum import StrEnum

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Changed, Granted, Refused, Unavailable, Verdict
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason


class Disclosure(StrEnum):
    """What a caller may be told about a refusal."""

    GUARDED = "guarded"
    FULL = "full"


def told(verdict: Verdict, disclosure: Disclosure) -> Verdict:
    """The verdict as this caller may see it; the log and the audit keep the exact one.

    Under guarded disclosure whatever a KDC said before the password was proved becomes `bad-credentials` and loses everything that
    came along with it, so that two such answers differ in nothing but the correlation id. The KDC's own words (foreign notices) are
    dropped as well: they name principals and states. Those on a new password stay: they name rules, to somebody who has shown the old one.
    """
    return verdict if isinstance(verdict, Granted) else told_refusal(verdict, disclosure)


def told_refusal(verdict: Refused | Unavailable, disclosure: Disclosure) -> Refused | Unavailable:
    """The same for what is no grant."""
    if disclosure is Disclosure.FULL:
        return verdict
    if looks_alike(verdict, disclosure):
        # The genuine wrong password too: a notice on one and not on the other would tell them apart.
        return Refused(Reason.BAD_CREDENTIALS, verdict.stage)
    policy = isinstance(verdict, Refused) and verdict.proved and verdict.reason is Reason.PASSWORD_REJECTED
    own = tuple(notice for notice in verdict.notices if policy or not notice.foreign)
    return replace(verdict, codes=(), diagnostic="", notices=own)


def looks_alike(verdict: Verdict | Changed, disclosure: Disclosure) -> bool:
    """Whether this caller must not be able to tell the verdict from a wrong password: by nothing in it, and not by its time either."""
    return (
        disclosure is Disclosure.GUARDED
        and isinstance(verdict, Refused)
        and not verdict.proved
        and (REASONS[verdict.reason].guarded or verdict.reason is Reason.BAD_CREDENTIALS or _held_by_its_account(verdict))
    )


def _held_by_its_account(verdict: Refused) -> bool:
    """Whether it is throttled for an account that the KDC has shown to be behind the name: behind an unknown name there is none."""
    return verdict.reason is Reason.THROTTLED and verdict.stage is not Stage.THROTTLE


def rest(elapsed: float, floor: float) -> float:
    """Seconds to wait, after `elapsed` seconds, with an answer that must take as long as others like it.

    A KDC answers for an unknown user in a fraction of a millisecond and for a wrong password in several, since only then keys are made
    (RFC 3962: thousands of rounds of PBKDF2). So such answers go out at whole multiples of `floor` after the request came in; those that
    take longer than `floor` are not told apart by what they take beyond it. A floor of 0 waits for nothing.
    """
    return max(1, math.ceil(elapsed / floor)) * floor - elapsed if floor > 0 else 0.0
