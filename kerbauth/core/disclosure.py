"""How much a caller is told: everything, or nothing that a stranger could use to find out which accounts exist."""

from dataclasses import replace
from enum import StrEnum

from kerbauth.core.outcome import Granted, Refused, Verdict
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
    dropped as well: they name principals and states.
    """
    if isinstance(verdict, Granted) or disclosure is Disclosure.FULL:
        return verdict
    if (
        isinstance(verdict, Refused)
        and not verdict.proved
        and (REASONS[verdict.reason].guarded or verdict.reason is Reason.BAD_CREDENTIALS)
    ):
        # The genuine wrong password too: a notice on one and not on the other would tell them apart.
        return Refused(Reason.BAD_CREDENTIALS, verdict.stage)
    own = tuple(notice for notice in verdict.notices if not notice.foreign)
    return replace(verdict, codes=(), diagnostic="", notices=own)
