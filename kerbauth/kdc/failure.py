"""Turning what gssapi raises into codes and proofs.

The number decides, never the text. One trap is handled here: below SPNEGO the mechglue gives minor codes of its own (100001, 100002,
... in order of first use, lib/gssapi/generic/util_errmap.c), so the true one is taken from the end of libkrb5's message, where our
private krb5.conf has it printed (`err_fmt`), or from the KRB-ERROR inside the error token.
"""

import re
from typing import Final

from gssapi.raw.misc import GSSError

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Stage
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.text import shown
from kerbauth.kdc import token as tokens

_PRINTED_CODE: Final = re.compile(r".*\[krb5:(-?[0-9]{1,10})\]", re.DOTALL)
_MINOR_TEXT: Final = re.compile(r".*?Minor \([0-9]+\): (.*)", re.DOTALL)
_OWN_CODE: Final = re.compile(r" \[krb5:-?[0-9]{1,10}\].*", re.DOTALL)
_REMAPPED: Final = range(100_000, 200_000)  # util_errmap.c counts up from 100001; no com_err table or errno lies here

# What our own acceptor writes into its error token where Kerberos has no number for it (lib/gssapi/krb5/accept_sec_context.c), such as a
# wrong channel binding: the major status says more, unless it is the one that says nothing either.
_GENERIC: Final = 60  # RFC 4120 7.5.9 KRB_ERR_GENERIC
# "Cannot find KDC for realm": after a referral it is about a realm that nobody configured here, which is an answer. About the realm that
# was asked for, nobody was asked at all: DNS did not answer, or krb5.conf is gone. The realm's name in the message tells them apart.
_REALM_UNKNOWN: Final = catalogue.classify(-1765328230)  # KRB5_REALM_UNKNOWN

_FAILURE: Final = catalogue.gss_major_code(13 << 16)  # RFC 2744 3.9.1 GSS_S_FAILURE


def from_gss(stage: Stage, error: GSSError, realm: str = "") -> Refused | Unavailable:
    """The proof that a GSSAPI failure at this stage stands for. `realm` is the realm whose KDC was to be asked."""
    text = str(error)
    code = _true_code(text, error)
    if code == _REALM_UNKNOWN and _names(text, realm):
        return Unavailable(Reason.KDC_UNREACHABLE, stage, codes=(code,), diagnostic=explanation(text))
    major = catalogue.gss_major_code(error.maj_code)
    return _proof(stage, code or major, (code, major) if code else (major,), explanation(text))


def _true_code(text: str, error: GSSError) -> Code | None:
    printed = _PRINTED_CODE.fullmatch(text)
    if printed and int(printed[1]) != 0:
        return catalogue.classify(int(printed[1]))
    inside = tokens.krb_error_code(error.token) if error.token else None
    if inside == _GENERIC and catalogue.gss_major_code(error.maj_code) != _FAILURE:
        return None
    if inside is not None:
        return catalogue.krb_error(inside)
    if error.min_code == 0 or error.min_code in _REMAPPED:
        return None
    return catalogue.classify(error.min_code)


def _names(text: str, realm: str) -> bool:
    """Whether a message is about this realm, and not about one whose name it is a part of."""
    return bool(realm) and re.search(rf"(?<![A-Za-z0-9._-]){re.escape(realm)}(?![A-Za-z0-9._-])", text) is not None


def explanation(text: str) -> str:
    """The library's own words without the boilerplate around them; for the log and the audit."""
    minor = _MINOR_TEXT.fullmatch(text)
    return shown(_OWN_CODE.sub("", minor[1] if minor else text))


def _proof(stage: Stage, code: Code, codes: tuple[Code, ...], diagnostic: str) -> Refused | Unavailable:
    reason = catalogue.reason_for(stage, code)
    if REASONS[reason].kind is Kind.REFUSED:
        # Behind the AS exchange the KDC has taken the password, so the reason may be told; as a wrong password it would be untrue.
        return Refused(reason, stage, proved=stage in {Stage.TGS, Stage.VERIFY}, codes=codes, diagnostic=diagnostic)
    return Unavailable(reason, stage, codes=codes, diagnostic=diagnostic, alarm=reason is Reason.KDC_NOT_TRUSTED)
