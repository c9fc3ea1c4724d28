"""KRB-ERROR codes 31-61: tickets, authenticators and the exchange as such (RFC 4120 7.5.9).

Here the stage decides. The same number is a KDC's word about our request (AS, TGS, KPASSWD), the library's about the
KDC's answer (VERIFY), and the library's about a client's token (ACCEPT). A client chooses what it sends, so nothing at
ACCEPT may raise the alarm of `kdc-not-trusted`.
"""

from typing import Final

from kerbauth.core.codes.krb_names import krb
from kerbauth.core.codes.model import Entry, Stage
from kerbauth.core.codes.rows import ADMIN, ATTACKER, CLOCK, NETWORK, SOFTWARE, USER, opening, proof
from kerbauth.core.reasons import Reason, Retry

_BAD_TOKEN: Final = {Stage.ACCEPT: Reason.BAD_TOKEN}

ENTRIES: Final[tuple[Entry, ...]] = (
    *krb(
        (
            31,
            "KRB_AP_ERR_BAD_INTEGRITY",
            (
                "Something does not decrypt with the key it should. For a password: it is wrong "
                "(accounts without pre-authentication). For a "
                "ticket: it was not made with the key in our keytab."
            ),
        ),
        by=(USER, ADMIN, ATTACKER),
        do="For a ticket compare `klist -kte KEYTAB` with `kvno HTTP/host`: another kvno means a new keytab is needed. If they are "
        "equal, the key was changed without a new kvno, or whoever answered is not the KDC: treat it as "
        "an attack until that is ruled out.",
        retry=Retry.NO,
        reason=Reason.KDC_ERROR,
        at={**proof(Reason.BAD_CREDENTIALS), Stage.VERIFY: Reason.KDC_NOT_TRUSTED, **_BAD_TOKEN},
    ),
    *krb(
        (
            32,
            "KRB_AP_ERR_TKT_EXPIRED",
            "The ticket's lifetime is over. For one obtained a moment ago that means a wrong clock.",
        ),
        by=(USER, CLOCK),
        do="A client gets a fresh ticket by locking and unlocking the screen. If it happens to everybody, this machine's clock is ahead.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.SERVER_CLOCK,
        at={Stage.ACCEPT: Reason.TICKET_EXPIRED},
    ),
    *krb(
        (
            33,
            "KRB_AP_ERR_TKT_NYV",
            "The ticket's lifetime has not begun: the clock of this machine is behind the KDC's.",
        ),
        by=(CLOCK,),
        do="Set the clock of this machine (`chronyc tracking`, `timedatectl`): KDC and users are ahead of it.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVER_CLOCK,
    ),
    *krb(
        (34, "KRB_AP_ERR_REPEAT", "The same authenticator was seen before."),
        by=(ATTACKER, NETWORK),
        do="A proxy or a client sent one token twice, or somebody replays a recorded one: look where the two requests came from.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.KDC_ERROR,
        at={Stage.ACCEPT: Reason.TICKET_REPLAYED, Stage.VERIFY: Reason.INTERNAL},  # at VERIFY we made it ourselves
    ),
    *krb(
        (
            35,
            "KRB_AP_ERR_NOT_US",
            "The ticket is for a service whose key is not in our keytab, or for another of its services than the one bound.",
        ),
        by=(ADMIN,),
        do="The client asked for the SPN of the address it uses: put that name into the keytab and `also_accept`, or give users the "
        "other address. If our own ticket is refused, the keytab lacks the service principal of the settings.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
        at={Stage.ACCEPT: Reason.TICKET_NOT_FOR_US, Stage.VERIFY: Reason.KEYTAB},
    ),
    *krb(
        (36, "KRB_AP_ERR_BADMATCH", "Ticket and authenticator name different clients."),
        by=(ATTACKER, SOFTWARE),
        do="A client mixed up two tickets, or somebody tampered. If it is our own fresh ticket, the KDC "
        "put another name into it than it told us.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.KDC_ERROR,
        at={Stage.VERIFY: Reason.KDC_NOT_TRUSTED, **_BAD_TOKEN},
    ),
    *krb(
        (37, "KRB_AP_ERR_SKEW", "Two clocks differ by more than is allowed, usually five minutes."),
        by=(CLOCK,),
        do="Single sign-on: set the clock of the user's computer. Otherwise compare this machine's clock with the KDC's.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVER_CLOCK,
        at={Stage.ACCEPT: Reason.CLOCK_SKEW},
    ),
    *krb(
        (
            38,
            "KRB_AP_ERR_BADADDR",
            "The ticket may only be used from another network address, as behind address translation.",
        ),
        by=(NETWORK, ADMIN),
        do="Let clients ask for tickets without addresses: `noaddresses = true` in their krb5.conf, which is the default.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
        at={Stage.VERIFY: Reason.INTERNAL, **_BAD_TOKEN},
    ),
    *krb(
        (39, "KRB_AP_ERR_BADVERSION", "A message is of another version of the protocol."),
        (40, "KRB_AP_ERR_MSG_TYPE", "A message is of another type than the one expected."),
        (47, "KRB_AP_ERR_BADDIRECTION", "A message goes the wrong way: it was sent back to its sender."),
        (
            48,
            "KRB_AP_ERR_METHOD",
            "Another way to authenticate is asked for; obsolete and not used by today's software.",
        ),
        (49, "KRB_AP_ERR_BADSEQ", "A message carries the wrong sequence number."),
        (50, "KRB_AP_ERR_INAPP_CKSUM", "A message carries a type of checksum that is too weak or does not fit."),
        (42, "KRB_AP_ERR_BADORDER", "A message came out of order."),
        by=(SOFTWARE, ATTACKER),
        do="From a single client: look what that client is. From the KDC: check what really listens at its address.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.KDC_ERROR,
        at={Stage.VERIFY: Reason.INTERNAL, **_BAD_TOKEN},
    ),
    *krb(
        (
            41,
            "KRB_AP_ERR_MODIFIED",
            "A checksum does not fit: the message was changed on the way, or made with another key.",
        ),
        by=(ADMIN, ATTACKER),
        do="Look for a duplicate SPN on another account (`setspn -X`) and for a stale keytab; if neither, somebody is in the path.",
        retry=Retry.FRESH_TOKEN,
        # libkrb5 says 41 of any kpasswd reply with a wrong length (rd_chpw_rep), so that one raises no alarm
        reason=Reason.KDC_ERROR,
        at={Stage.VERIFY: Reason.KDC_NOT_TRUSTED, **_BAD_TOKEN},
    ),
    *krb(
        (43, "KRB_AP_ERR_ILL_CR_TKT", "The ticket came through a realm that it may not come through."),
        (51, "KRB_AP_PATH_NOT_ACCEPTED", "Policy refuses the realms that a ticket came through."),
        by=(ADMIN,),
        do="Check the trust between the realms and `[capaths]` on both sides.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.TRUST_PATH,
    ),
    *krb(
        (
            44,
            "KRB_AP_ERR_BADKEYVER",
            "Our keytab holds the service, but not the key version the ticket was made with: the keytab is old, or the client's ticket is.",
        ),
        (45, "KRB_AP_ERR_NOKEY", "Our keytab holds no key of the ticket's encryption type for the service."),
        by=(ADMIN,),
        do="Compare `klist -kte KEYTAB` with `kvno HTTP/host`, create a new keytab, and keep the previous key in it until the old "
        "tickets are over. A client with an older ticket than the keytab helps itself by locking and unlocking the screen.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,  # from a KDC it speaks of its own keys, such as a krbtgt that was not replicated yet
        at=opening(Reason.SERVICE_KEYS),
    ),
    *krb(
        (46, "KRB_AP_ERR_MUT_FAIL", "The other side could not prove that it knows the key."),
        by=(ATTACKER,),
        do="Whoever answered is not the KDC or the service it claims to be: find out who answers at that address.",
        retry=Retry.NO,
        reason=Reason.KDC_NOT_TRUSTED,
        at=_BAD_TOKEN,
    ),
    *krb(
        (
            52,
            "KRB_ERR_RESPONSE_TOO_BIG",
            "The answer is too big for UDP; the library goes on with TCP by itself, so finally it means that TCP is blocked.",
        ),
        by=(NETWORK,),
        do="Open TCP port 88 to the KDCs, and port 464 for changing passwords.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_UNREACHABLE,
    ),
    *krb(
        (
            60,
            "KRB_ERR_GENERIC",
            "Some error without a number of its own; its text says more, and an MIT KDC set to vague errors says nothing else.",
        ),
        by=(ADMIN,),
        do="The KDC's log has the cause. MIT with NO PREAUTH: the user lacks requires_preauth and our service principal has it; set it on "
        "the user, or clear it on the service. Active Directory: a name too long, too many groups, or trouble with its database.",
        retry=Retry.YES,
        reason=Reason.KDC_ERROR,
    ),
    *krb(
        (61, "KRB_ERR_FIELD_TOOLONG", "A field of the request is longer than the KDC accepts."),
        by=(SOFTWARE,),
        do="kerbauth limits names to 512 characters; find out which KDC accepts less, and report it.",
        retry=Retry.NO,
        reason=Reason.KDC_ERROR,
    ),
)
