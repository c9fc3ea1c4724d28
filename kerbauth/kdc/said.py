"""What a KDC's own words about a login mean."""

import asyncio
from typing import Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.kdc.protocol.krb_error import KrbError, read_krb_error
from kerbauth.kdc.protocol.reason import reason_of, words_of
from kerbauth.kdc.transport.errors import SilentKdcError
from kerbauth.kdc.transport.race import Answered

ASKS_ON: Final = frozenset({25, 90, 91})
"""KRB-ERRORs that say nothing of a password but what to send next: pre-authentication required, expired (RFC 6113), more of it required."""


def said(stage: Stage, error: KrbError) -> Refused | Unavailable:
    """The KDC's refusal at this stage. `codes` begin with the one that says most."""
    reason, codes, diagnostic = reason_of(stage, error)
    notices = words_of(reason, error)
    if REASONS[reason].kind is Kind.REFUSED:
        # Behind the AS exchange the KDC has taken the password, so the reason may be told.
        proved = stage in {Stage.TGS, Stage.VERIFY}
        return Refused(reason, stage, proved=proved, codes=codes, diagnostic=diagnostic, notices=notices)
    return Unavailable(reason, stage, codes=codes, diagnostic=diagnostic, alarm=reason is Reason.KDC_NOT_TRUSTED, notices=notices)


def after_all(done: "asyncio.Task[Answered]") -> Refused | Unavailable:
    """What a reply that came too late says of the password. It was not proved by our key, so it can be nothing good."""
    try:
        reply = done.result()
    except (SilentKdcError, asyncio.CancelledError) as error:
        return Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=str(error))
    told = read_krb_error(reply.reply)
    if told is None:
        return Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic="the KDC took the password after the login had ended")
    if told.code in ASKS_ON:
        return Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic="the KDC asked for more after the login had ended")
    return said(Stage.AS, told)
