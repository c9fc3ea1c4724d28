"""GSS major statuses: routine errors, calling errors and supplementary bits (RFC 2744 3.9.1, RFC 5587 3.4.8).

A major status counts only where there is no minor code to say more: GSS_S_FAILURE and GSS_S_NO_CRED come with nearly
everything.
"""

from functools import partial
from types import MappingProxyType
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.rows import ADMIN, ATTACKER, CLOCK, SOFTWARE, USER, group, proof
from kerbauth.core.reasons import Reason, Retry

_ALIASES: Final = MappingProxyType({6 << 16: ("GSS_S_BAD_MIC",), 13 << 16: ("GSS_S_CRED_UNAVAIL",)})

_gss = partial(group, Family.GSS_MAJOR, 0, also=lambda number, _name: _ALIASES.get(number, ()))

_REPORT: Final = "A fault in kerbauth or in the Kerberos library: report it with the log line."

ENTRIES: Final[tuple[Entry, ...]] = (
    *_gss(
        (1 << 16, "GSS_S_BAD_MECH", "The token is for a mechanism that is not accepted here."),
        by=(ADMIN, USER),
        do="The client has no Kerberos ticket for the address it uses: check the SPN, the name the browser was given, and that its zone "
        "allows single sign-on.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_gss(
        (2 << 16, "GSS_S_BAD_NAME", "A name is empty or cannot be read."),
        by=(USER,),
        do="Let the user type the name again. If it is the service principal of the settings, correct it there.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.NAME: Reason.MALFORMED_NAME, **proof(Reason.MALFORMED_NAME), Stage.CONFIG: Reason.SERVICE_PRINCIPAL},
    ),
    *_gss(
        (
            4 << 16,
            "GSS_S_BAD_BINDINGS",
            "The client's token is bound to another TLS connection than the one it came through.",
        ),
        by=(ATTACKER, ADMIN),
        do="A proxy ends TLS between the client and kerbauth: let the client connect directly, or tell kerbauth the proxy's certificate. "
        "If there is no proxy, somebody is in the path.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.CHANNEL_BINDING},
    ),
    *_gss(
        (
            6 << 16,
            "GSS_S_BAD_SIG",
            "A token's checksum is wrong; under SPNEGO the list of mechanisms was changed on the way.",
        ),
        (9 << 16, "GSS_S_DEFECTIVE_TOKEN", "The token is damaged, or no token at all."),
        by=(ATTACKER, SOFTWARE),
        do="Look what the client is: its token is damaged or made up.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_gss(
        (
            7 << 16,
            "GSS_S_NO_CRED",
            "There is no credential for this. While a token is accepted: none for the mechanism it is made with, such as IAKERB.",
        ),
        by=(SOFTWARE, ADMIN),
        do="The minor code beside it says what is missing. From a client alone: it uses a mechanism that is not accepted here.",
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_gss(
        (
            11 << 16,
            "GSS_S_CREDENTIALS_EXPIRED",
            "The credential's lifetime is over. For one obtained a moment ago that means a wrong clock.",
        ),
        (12 << 16, "GSS_S_CONTEXT_EXPIRED", "The security context's lifetime is over."),
        by=(USER, CLOCK),
        do="A client gets a fresh ticket by locking and unlocking the screen. If it happens to everybody, this machine's clock is ahead.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.SERVER_CLOCK,
        at={Stage.ACCEPT: Reason.TICKET_EXPIRED},
    ),
    *_gss(
        # libgssapi gives it, and no minor code, for a NegTokenInit that it cannot read (lib/gssapi/spnego/spnego_mech.c, get_negTokenInit).
        (
            13 << 16,
            "GSS_S_FAILURE",
            "Something failed; only the minor code says what. While a token is accepted, and without one: its framing is damaged.",
        ),
        by=(SOFTWARE, ATTACKER),
        do="From a client: look what it is; its token is damaged or made up. Else it is a fault in kerbauth or in the Kerberos library: "
        "report it with the log line.",
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_gss(
        (3 << 16, "GSS_S_BAD_NAMETYPE", "A name is of a type that the mechanism does not know."),
        (5 << 16, "GSS_S_BAD_STATUS", "A status was asked about that is none."),
        (8 << 16, "GSS_S_NO_CONTEXT", "A call that needs a security context was made without one."),
        (10 << 16, "GSS_S_DEFECTIVE_CREDENTIAL", "The credential is damaged."),
        (14 << 16, "GSS_S_BAD_QOP", "The quality of protection asked for does not exist."),
        (15 << 16, "GSS_S_UNAUTHORIZED", "Local policy forbids the operation."),
        (16 << 16, "GSS_S_UNAVAILABLE", "The operation is not available."),
        (17 << 16, "GSS_S_DUPLICATE_ELEMENT", "The credential has this element already."),
        (18 << 16, "GSS_S_NAME_NOT_MN", "A name was not made fit for one mechanism."),
        (19 << 16, "GSS_S_BAD_MECH_ATTR", "A property of mechanisms was asked about that does not exist."),
        (1 << 24, "GSS_S_CALL_INACCESSIBLE_READ", "A call lacks an input that it needs."),
        (2 << 24, "GSS_S_CALL_INACCESSIBLE_WRITE", "A call lacks a place for its output."),
        (3 << 24, "GSS_S_CALL_BAD_STRUCTURE", "A parameter of a call is malformed."),
        by=(SOFTWARE,),
        do=_REPORT,
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
    # Supplementary bits: RFC 2744 5.1 makes each but the first fatal while a context is being accepted.
    *_gss(
        (
            1,
            "GSS_S_CONTINUE_NEEDED",
            "The exchange would take another round, as when a client proposes NTLM first or sends an empty token.",
        ),
        (8, "GSS_S_UNSEQ_TOKEN", "The token is older than one that was processed already."),
        (16, "GSS_S_GAP_TOKEN", "A token before this one is missing."),
        by=(SOFTWARE,),
        do="Single sign-on takes one round here: check that the client gets a Kerberos ticket for the address it uses.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_gss(
        (2, "GSS_S_DUPLICATE_TOKEN", "The token was processed before."),
        by=(ATTACKER,),
        do="A proxy or a client sent one token twice, or somebody replays a recorded one: look where the two requests came from.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.TICKET_REPLAYED},
    ),
    *_gss(
        (4, "GSS_S_OLD_TOKEN", "The token is too old to tell whether it was processed before."),
        by=(USER, CLOCK),
        do="Let the client send a fresh token; if it happens to everybody, compare the clocks.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.TICKET_EXPIRED},
    ),
)
