"""Minor codes of MIT's GSSAPI library that are not Kerberos': com_err tables `k5g` and `ggss`, and SPNEGO's own.

The tables are in no public header; their numbers were read from libgssapi_krb5 itself (the tests do it again).
"""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.numbers import GGSS_BASE, K5G_BASE, SPNEGO_BASE
from kerbauth.core.codes.rows import ADMIN, ATTACKER, SOFTWARE, group
from kerbauth.core.reasons import Reason, Retry

_k5g = partial(group, Family.GSS_KRB5, K5G_BASE)
_ggss = partial(group, Family.GSS_GENERIC, GGSS_BASE)
_spnego = partial(group, Family.SPNEGO, SPNEGO_BASE)

_BAD_TOKEN: Final = {Stage.ACCEPT: Reason.BAD_TOKEN}
_REPORT: Final = "A fault in kerbauth or in the Kerberos library: report it with the log line."
_THE_CLIENT: Final = "Look what the client is: its token is damaged, made up, or for another mechanism."

K5G: Final[tuple[Entry, ...]] = (
    *_k5g(
        (1, "KG_KEYTAB_NOMATCH", "The keytab holds no key for the service principal."),
        by=(ADMIN,),
        do="See with `klist -kte KEYTAB` which principals the keytab holds, and compare with the service principal of the settings.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KEYTAB,
    ),
    *_k5g(
        (3, "KG_NO_SUBKEY", "The client's token lacks a key that it must bring."),
        (5, "KG_BAD_SIGN_TYPE", "The token is signed in an unknown way."),
        (6, "KG_BAD_LENGTH", "A length within the token is wrong."),
        (11, "KG_BAD_SEQ", "The sequence number in the token is damaged."),
        (13, "KG_NO_CTYPES", "Client and service have no type of checksum in common."),
        by=(SOFTWARE, ATTACKER),
        do=_THE_CLIENT,
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at=_BAD_TOKEN,
    ),
    *_k5g(
        (0, "KG_CCACHE_NOMATCH", "The credential cache is for another principal."),
        (2, "KG_TGT_MISSING", "The credential cache holds no ticket-granting ticket."),
        (4, "KG_CONTEXT_ESTABLISHED", "The security context is complete already."),
        (7, "KG_CTX_INCOMPLETE", "The security context was used before it was complete."),
        (8, "KG_CONTEXT", "The library was handed something else where a security context belongs."),
        (9, "KG_CRED", "The library was handed something else where a credential belongs."),
        (10, "KG_ENC_DESC", "The library was handed something else where an encryption description belongs."),
        (12, "KG_EMPTY_CCACHE", "The credential cache is empty."),
        (14, "KG_LUCID_VERSION", "An unknown version of an exported context was asked for."),
        (15, "KG_INPUT_TOO_LONG", "The input of a key derivation is too long."),
        (16, "KG_IAKERB_CONTEXT", "The library was handed something else where an IAKERB context belongs."),
        by=(SOFTWARE,),
        do=_REPORT,
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
)

GGSS: Final[tuple[Entry, ...]] = (
    *_ggss(
        (11, "G_WRONG_MECH", "The token is for another mechanism."),
        (12, "G_BAD_TOK_HEADER", "The token does not begin as a token must."),
        (13, "G_BAD_DIRECTION", "The token goes the wrong way: it was sent back to its sender."),
        (14, "G_TOK_TRUNC", "The token ends too early."),
        (15, "G_REFLECT", "The token is one of our own, sent back."),
        (16, "G_WRONG_TOKID", "The token is of another kind than the one expected."),
        by=(SOFTWARE, ATTACKER),
        do=_THE_CLIENT,
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at=_BAD_TOKEN,
    ),
    *_ggss(
        (0, "G_BAD_SERVICE_NAME", "A service name without an @ stands where one of the form service@host belongs."),
        (9, "G_NO_HOSTNAME", "The name of this machine is unknown."),
        (10, "G_BAD_HOSTNAME", "The host in a service name cannot be turned into its canonical form."),
        by=(ADMIN,),
        do="Write the service principal in the settings in full, as HTTP/host.name@REALM.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
        at={Stage.CONFIG: Reason.SERVICE_PRINCIPAL},
    ),
    *_ggss(
        (1, "G_BAD_STRING_UID", "A user number holds something else than digits."),
        (2, "G_NOUSER", "No user has this number."),
        (3, "G_VALIDATE_FAILED", "The library was handed something that it did not make itself."),
        (4, "G_BUFFER_ALLOC", "The library got no memory."),
        (5, "G_BAD_MSG_CTX", "A status text was asked for with a wrong continuation."),
        (6, "G_WRONG_SIZE", "A buffer is of the wrong size."),
        (7, "G_BAD_USAGE", "A credential was asked for with an unknown usage."),
        (8, "G_UNKNOWN_QOP", "A quality of protection was asked for that does not exist."),
        (17, "G_CRED_USAGE_MISMATCH", "A credential is for the other direction than it is used for."),
        (18, "G_STORE_ACCEPTOR_CRED_NOSUPP", "An acceptor's credential cannot be stored."),
        (19, "G_STORE_NON_DEFAULT_CRED_NOSUPP", "Only the default credential can be stored."),
        by=(SOFTWARE,),
        do=_REPORT,
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
)

SPNEGO: Final[tuple[Entry, ...]] = (
    *_spnego(
        (0x01, "ERR_SPNEGO_NO_MECHS_AVAILABLE", "SPNEGO has no mechanism of ours to negotiate."),
        (0x02, "ERR_SPNEGO_NO_CREDS_ACQUIRED", "SPNEGO has no credential of ours."),
        by=(SOFTWARE, ADMIN),
        do="See that the keytab is in place and restart; else report it with the log line.",
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
    *_spnego(
        (0x03, "ERR_SPNEGO_NO_MECH_FROM_ACCEPTOR", "The other side chose no mechanism."),
        (0x04, "ERR_SPNEGO_NEGOTIATION_FAILED", "The two sides have no mechanism in common."),
        (0x05, "ERR_SPNEGO_NO_TOKEN_FROM_ACCEPTOR", "The other side sent no usable token."),
        (0x06, "ERR_NEGOEX_INVALID_MESSAGE_SIGNATURE", "A NegoEx message does not begin as it must."),
        (0x07, "ERR_NEGOEX_INVALID_MESSAGE_TYPE", "A NegoEx message is of an unknown type."),
        (0x08, "ERR_NEGOEX_INVALID_MESSAGE_SIZE", "A NegoEx message is of a wrong size."),
        (0x09, "ERR_NEGOEX_INVALID_CONVERSATION_ID", "A NegoEx message belongs to another conversation."),
        (0x10, "ERR_NEGOEX_AUTH_SCHEME_NOT_FOUND", "A NegoEx message names a scheme that was not offered."),
        (0x11, "ERR_NEGOEX_MISSING_NEGO_MESSAGE", "NegoEx's first message is missing."),
        (0x12, "ERR_NEGOEX_MISSING_AP_REQUEST_MESSAGE", "NegoEx's message with the authentication itself is missing."),
        (0x13, "ERR_NEGOEX_NO_AVAILABLE_MECHS", "The two sides have no NegoEx scheme in common."),
        (0x14, "ERR_NEGOEX_NO_VERIFY_KEY", "NegoEx has no key to prove its messages with."),
        (0x15, "ERR_NEGOEX_UNKNOWN_CHECKSUM_SCHEME", "A NegoEx message uses an unknown kind of checksum."),
        (0x16, "ERR_NEGOEX_INVALID_CHECKSUM", "A NegoEx message carries a wrong checksum."),
        (
            0x17,
            "ERR_NEGOEX_UNSUPPORTED_CRITICAL_EXTENSION",
            "A NegoEx message carries an unknown extension that must be understood.",
        ),
        (0x18, "ERR_NEGOEX_UNSUPPORTED_VERSION", "A NegoEx message is of an unknown version."),
        (0x19, "ERR_NEGOEX_MESSAGE_OUT_OF_SEQUENCE", "A NegoEx message came out of order."),
        by=(SOFTWARE, ATTACKER),
        do="The client offers neither Kerberos nor anything else that is accepted here: check that it "
        "can get a ticket for the address it uses.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at=_BAD_TOKEN,
    ),
)

ENTRIES: Final[tuple[Entry, ...]] = (*K5G, *GGSS, *SPNEGO)
