"""Why a KDC refused, from the most exact of its answers: the NTSTATUS, an MIT KDC's status word, or the code.

Code 18 alone says that an account is disabled, locked, expired or outside its hours. Active Directory and Samba say which by an NTSTATUS in
the e-data, an MIT KDC by the e-text: the status word of its own source (src/kdc/do_as_req.c, kdc_util.c, and the database's lockout.c),
which is never translated. Both only choose among the reasons that their code leaves open. None of the three is authenticated, so neither
may turn the code's answer into another sort of answer: a wrong password into a locked account, or a refusal into a fault that passes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.outcome import Notice, Severity
from kerbauth.core.reasons import Reason
from kerbauth.core.text import shown
from kerbauth.kdc.protocol.krb_error import KrbError, nt_status

_ACCOUNT: Final = frozenset(
    {
        Reason.ACCOUNT_DISABLED,
        Reason.ACCOUNT_LOCKED,
        Reason.ACCOUNT_EXPIRED,
        Reason.ACCOUNT_RESTRICTED,
        Reason.LOGON_HOURS,
        Reason.LOGON_WORKSTATION,
    }
)
_CERTIFICATE: Final = (16, *range(62, 67), *range(70, 82))  # PKINIT's codes (RFC 4556 3.1.3, RFC 8636 5): a smart card's, never ours

_LEFT_OPEN: Final[Mapping[int, frozenset[Reason]]] = MappingProxyType(
    {
        18: _ACCOUNT,  # MS-KILE 3.3.5.7.1
        # A logon restriction, a policy silo or "smart card is required": Samba's samba_kdc_map_policy_err (source4/kdc/pac-glue.c).
        12: _ACCOUNT - {Reason.ACCOUNT_LOCKED} | {Reason.PREAUTH_REQUIRED},
        23: frozenset({Reason.PASSWORD_EXPIRED, Reason.PASSWORD_MUST_CHANGE}),
        11: frozenset({Reason.SERVER_CLOCK}),
        37: frozenset({Reason.SERVER_CLOCK}),
        25: frozenset({Reason.PREAUTH_REQUIRED}),
        **dict.fromkeys(_CERTIFICATE, frozenset({Reason.PREAUTH_REQUIRED})),
        # "Generic": anything that is not about the user.
        60: frozenset({Reason.KDC_ERROR, Reason.KDC_BUSY, Reason.KDC_UNREACHABLE, Reason.TRUST_PATH, Reason.SERVER_CLOCK}),
        29: frozenset({Reason.KDC_BUSY, Reason.KDC_UNREACHABLE}),
        7: frozenset({Reason.TRUST_PATH}),
    }
)
"""For each code the reasons that an NTSTATUS may choose. Codes that are not here say all there is: 24 is a wrong password."""

_MIT_WORDS: Final[Mapping[tuple[int, str], Reason]] = MappingProxyType(
    {
        (18, "CLIENT LOCKED OUT"): Reason.ACCOUNT_DISABLED,  # DISALLOW_ALL_TIX: an administrator's doing (kdc_util.c)
        (18, "LOCKED_OUT"): Reason.ACCOUNT_LOCKED,  # too many failures (plugins/kdb/db2/lockout.c, plugins/kdb/ldap/.../lockout.c)
        (23, "REQUIRED PWCHANGE"): Reason.PASSWORD_MUST_CHANGE,  # REQUIRES_PWCHANGE; an expired one is CLIENT KEY EXPIRED
    }
)
"""The words that say more than their code does, where the KDC looks at the user."""
_WORDS_AT: Final = frozenset({Stage.AS, Stage.CHANGEPW_PROOF, Stage.KPASSWD})


def reason_of(stage: Stage, error: KrbError) -> tuple[Reason, tuple[Code, ...], str]:
    """The reason of a KDC's refusal, the codes it comes from (the most exact first), and a diagnostic for administrators.

    The diagnostic is the e-text, fit to be shown, and an NTSTATUS that had no say. It is the KDC's, and may name principals.
    """
    code = catalogue.krb_error(error.code)
    text = shown(error.text or "")
    number = nt_status(error.data)
    if number is None:
        return _by_word(stage, error, code), (code,), text
    status = Code(Family.NTSTATUS, number)
    reason = catalogue.reason_for(stage, status)
    if catalogue.entry(status) is None:
        return _by_word(stage, error, code), (code, status), _joined(text, f"NTSTATUS 0x{number:08X}")
    if reason not in _LEFT_OPEN.get(error.code, frozenset()) and reason is not catalogue.reason_for(stage, code):
        # Not among the codes: an administrator's own text for the status would tell a user what is not believed.
        return _by_word(stage, error, code), (code,), _joined(text, f"NTSTATUS 0x{number:08X}, which does not go with code {error.code}")
    return reason, (status, code), text


def words_of(reason: Reason, error: KrbError) -> tuple[Notice, ...]:
    """The KDC's own words as a further message, if it has any. `core.disclosure.told` keeps it from those who may not know them."""
    return (Notice(Severity.INFO, reason, error.text, foreign=True),) if error.text and shown(error.text) else ()


def _by_word(stage: Stage, error: KrbError, code: Code) -> Reason:
    word = (error.text or "").removesuffix("\0")  # releases before 1.7 counted the terminator in
    return (_MIT_WORDS.get((error.code, word)) if stage in _WORDS_AT else None) or catalogue.reason_for(stage, code)


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
