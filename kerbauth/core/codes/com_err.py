"""The small com_err tables of libkrb5: ASN.1, plug-ins and caches, Kerberos 4, magic numbers of structures."""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.numbers import ASN1_BASE, K5E1_BASE, K524_BASE, KV5M_BASE
from kerbauth.core.codes.rows import ATTACKER, NOBODY, SOFTWARE, group
from kerbauth.core.reasons import Reason, Retry

_asn1 = partial(group, Family.ASN1, ASN1_BASE)
_k5e1 = partial(group, Family.K5E1, K5E1_BASE)

_REPORT: Final = "A fault in kerbauth or in the Kerberos library: report it with the log line."

# kv5m_err.et, in order from 1: the structure that a pointer should have led to
_STRUCTURES: Final = (
    "principal",
    "data",
    "keyblock",
    "checksum",
    "encrypt_block",
    "enc_data",
    "cryptosystem_entry",
    "cs_table_entry",
    "checksum_entry",
    "authdata",
    "transited",
    "enc_tkt_part",
    "ticket",
    "authenticator",
    "tkt_authent",
    "creds",
    "last_req_entry",
    "pa_data",
    "kdc_req",
    "enc_kdc_rep_part",
    "kdc_rep",
    "error",
    "ap_req",
    "ap_rep",
    "ap_rep_enc_part",
    "response",
    "safe",
    "priv",
    "priv_enc_part",
    "cred",
    "cred_info",
    "cred_enc_part",
    "pwd_data",
    "address",
    "keytab_entry",
    "context",
    "os_context",
    "alt_method",
    "etype_info_entry",
    "db_context",
    "auth_context",
    "keytab",
    "rcache",
    "ccache",
    "preauth_ops",
    "sam_challenge",
    "sam_challenge_2",
    "sam_key",
    "enc_sam_response_enc",
    "enc_sam_response_enc_2",
    "sam_response",
    "sam_response_2",
    "predicted_sam_response",
    "passwd_phrase_element",
    "gss_oid",
    "gss_queue",
    "fast_armored_req",
    "fast_req",
    "fast_response",
    "authdata_context",
)

ASN1: Final[tuple[Entry, ...]] = _asn1(
    (0, "ASN1_BAD_TIMEFORMAT", "A time in a message cannot be converted."),
    (1, "ASN1_MISSING_FIELD", "A message lacks a field that it must have."),
    (2, "ASN1_MISPLACED_FIELD", "A message has a field where it must not be."),
    (3, "ASN1_TYPE_MISMATCH", "Types within a message contradict each other."),
    (4, "ASN1_OVERFLOW", "A number in a message is too large."),
    (5, "ASN1_OVERRUN", "A message ends too early."),
    (6, "ASN1_BAD_ID", "A message starts like another kind of message."),
    (7, "ASN1_BAD_LENGTH", "A length within a message is wrong."),
    (8, "ASN1_BAD_FORMAT", "A message is not well formed."),
    (9, "ASN1_PARSE_ERROR", "A message cannot be parsed."),
    (10, "ASN1_BAD_GMTIME", "A time in a message is outside what the system knows."),
    (11, "ASN1_INDEF", "A message uses lengths that are left open, which DER forbids."),
    (12, "ASN1_MISSING_EOC", "A part of a message does not end."),
    (13, "ASN1_OMITTED", "An optional part of a message is absent."),
    by=(SOFTWARE, ATTACKER),
    do="From a single client: look what that client is. From the KDC: check what really listens at its address.",
    retry=Retry.UNKNOWN,
    reason=Reason.KDC_ERROR,
    at={Stage.ACCEPT: Reason.BAD_TOKEN, Stage.CONFIG: Reason.INTERNAL},
)

K5E1: Final[tuple[Entry, ...]] = (
    *_k5e1(
        (0, "KRB5_PLUGIN_VER_NOTSUPP", "A plug-in of the library is for another version of it."),
        (1, "KRB5_PLUGIN_BAD_MODULE_SPEC", "A plug-in is named wrongly in the Kerberos configuration."),
        (2, "KRB5_PLUGIN_NAME_NOTFOUND", "A plug-in named in the Kerberos configuration does not exist."),
        (3, "KRB5KDC_ERR_DISCARD", "A KDC's note to itself to drop a request without an answer."),
        (4, "KRB5_DCC_CANNOT_CREATE", "A further credential cache cannot be created."),
        (5, "KRB5_KCC_INVALID_ANCHOR", "The kernel keyring is named wrongly."),
        (6, "KRB5_KCC_UNKNOWN_VERSION", "The caches in the kernel keyring are of an unknown version."),
        (7, "KRB5_KCC_INVALID_UID", "The persistent kernel keyring is of an unknown user."),
        (8, "KRB5_KCM_MALFORMED_REPLY", "The KCM daemon's answer cannot be read."),
        (9, "KRB5_KCM_RPC_ERROR", "The KCM daemon cannot be spoken to."),
        (10, "KRB5_KCM_REPLY_TOO_BIG", "The KCM daemon's answer is too big."),
        (11, "KRB5_KCM_NO_SERVER", "No KCM daemon is running."),
        by=(SOFTWARE,),
        do="kerbauth loads no plug-ins and uses no cache of the machine: report it with the log line.",
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
    *_k5e1(
        (12, "KRB5_CERTAUTH_HWAUTH", "A KDC plug-in's note: let the certificate in and mark the ticket."),
        (13, "KRB5_CERTAUTH_HWAUTH_PASS", "A KDC plug-in's note: mark the ticket and ask the next plug-in."),
        by=(NOBODY,),
        do="Nothing: these stay inside a KDC and never end a login.",
        retry=Retry.UNKNOWN,
        reason=None,
    ),
)

K524: Final[tuple[Entry, ...]] = group(
    Family.K524,
    K524_BASE,
    (0, "KRB524_BADKEY", "A key cannot be converted to Kerberos 4."),
    (1, "KRB524_BADADDR", "An address cannot be converted to Kerberos 4."),
    (2, "KRB524_BADPRINC", "A principal cannot be converted to Kerberos 4."),
    (3, "KRB524_BADREALM", "A realm's name is too long for Kerberos 4."),
    (4, "KRB524_V4ERR", "An error of Kerberos 4."),
    (5, "KRB524_ENCFULL", "A Kerberos 4 message grew too large."),
    (6, "KRB524_DECEMPTY", "A Kerberos 4 message ended too early."),
    (7, "KRB524_NOTRESP", "The server for Kerberos 4 does not answer."),
    (8, "KRB524_KRB4_DISABLED", "Kerberos 4 is switched off."),
    by=(SOFTWARE,),
    do="Kerberos 4 is gone since 2006 and nothing here uses it. " + _REPORT,
    retry=Retry.UNKNOWN,
    reason=Reason.INTERNAL,
)

KV5M: Final[tuple[Entry, ...]] = group(
    Family.KV5M,
    KV5M_BASE,
    (0, "KV5M_NONE", "The name of the table of magic numbers, not an error."),
    *(
        (
            number,
            f"KV5M_{structure.upper()}",
            f"The library was handed something else where a `{structure}` structure belongs.",
        )
        for number, structure in enumerate(_STRUCTURES, start=1)
    ),
    by=(SOFTWARE,),
    do=_REPORT,
    retry=Retry.UNKNOWN,
    reason=Reason.INTERNAL,
)

ENTRIES: Final[tuple[Entry, ...]] = (*ASN1, *K5E1, *K524, *KV5M)
