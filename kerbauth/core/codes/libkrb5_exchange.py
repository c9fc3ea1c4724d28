"""libkrb5's own codes, first part: names, the exchange with the KDC, and keys (com_err table `krb5`, numbers 128-255).

They never travel; the library returns them here. Meanings are those of MIT krb5's sources, where the code is raised.
"""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.numbers import KRB5_BASE
from kerbauth.core.codes.rows import ADMIN, ATTACKER, CLOCK, NETWORK, SOFTWARE, USER, group, proof, ticket
from kerbauth.core.reasons import Reason, Retry

_lib = partial(group, Family.KRB5, KRB5_BASE)

ENTRIES: Final[tuple[Entry, ...]] = (
    *_lib(
        (
            130,
            "KRB5_LIBOS_CANTREADPWD",
            "The KDC asked for something that only a person could answer, and nobody was there to be asked.",
        ),
        by=(ADMIN,),
        do="The account asks for a one-time password or another further step, which is not offered here.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at=proof(Reason.PREAUTH_REQUIRED),
    ),
    *_lib(
        (208, "KRB5_PREAUTH_BAD_TYPE", "The KDC asks for a kind of pre-authentication that the library does not know."),
        (209, "KRB5_PREAUTH_NO_KEY", "The KDC asks for a kind of pre-authentication for which there is no key."),
        (
            210,
            "KRB5_PREAUTH_FAILED",
            (
                "None of the kinds of pre-authentication that the KDC accepts could be used: the account has no AES key, or needs a smart "
                "card or a one-time password."
            ),
        ),
        (225, "KRB5_SAM_UNSUPPORTED", "The KDC asks for a hardware token in a way that is not supported."),
        (226, "KRB5_SAM_INVALID_ETYPE", "The KDC's question to a hardware token names no usable encryption type."),
        (227, "KRB5_SAM_NO_CHECKSUM", "The KDC's question to a hardware token carries no checksum."),
        (228, "KRB5_SAM_BAD_CHECKSUM", "The KDC's question to a hardware token carries a wrong checksum."),
        by=(ADMIN,),
        do="Look at the account's keys first (`kadmin getprinc USER`): with RC4 keys only, or none, set its password again. Otherwise "
        "allow it to sign in with its password alone, or let it use single sign-on; MIT shows REQUIRES_HW_AUTH there. Free IPA: see its "
        "authentication indicators and user-auth-type.",
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=ticket(Reason.KDC_ERROR),
    ),
    *_lib(
        (133, "KRB5_PARSE_ILLCHAR", "A principal's name holds a character that it must not hold."),
        (134, "KRB5_PARSE_MALFORMED", "A principal's name is not of the form name@REALM, as with two @ signs."),
        (251, "KRB5_ERR_INVALID_UTF8", "A name is not valid UTF-8."),
        by=(USER,),
        do="Let the user type the name again. If it is the service principal of the settings, correct it there.",
        retry=Retry.NO,
        reason=Reason.MALFORMED_NAME,
        at={**ticket(Reason.SERVICE_PRINCIPAL), Stage.CONFIG: Reason.SERVICE_PRINCIPAL, Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_lib(
        (
            147,
            "KRB5_KDCREP_MODIFIED",
            "The KDC's answer does not fit the question: another name, realm or random number.",
        ),
        by=(ATTACKER, ADMIN),
        do="Somebody in the path changed or invented the answer; find out who answers at the KDC's address. A KDC that returns another "
        "spelling of the name unasked has the same effect.",
        retry=Retry.NO,
        reason=Reason.KDC_NOT_TRUSTED,
        at={Stage.ACCEPT: Reason.INTERNAL},
    ),
    *_lib(
        (
            244,
            "KRB5_ERR_BAD_S2K_PARAMS",
            "The KDC asked for an absurd number of rounds to turn the password into a key.",
        ),
        by=(ATTACKER,),
        do="Somebody in the path invented the answer to make this machine calculate: find out who answers at the KDC's address.",
        retry=Retry.NO,
        reason=Reason.KDC_NOT_TRUSTED,
        at={Stage.ACCEPT: Reason.INTERNAL},
    ),
    *_lib(
        (158, "KRB5_MUTUAL_FAILED", "The other side could not prove that it knows the session key."),
        by=(ATTACKER,),
        do="Whoever answered is not the KDC or the service it claims to be: find out who answers at that address.",
        retry=Retry.NO,
        reason=Reason.KDC_NOT_TRUSTED,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_lib(
        (148, "KRB5_KDCREP_SKEW", "The time in the KDC's answer differs too much from the time here."),
        by=(CLOCK,),
        do="Set the clock of this machine (`chronyc tracking`, `timedatectl`) and the KDC's.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVER_CLOCK,
    ),
    *_lib(
        (
            150,
            "KRB5_PROG_ETYPE_NOSUPP",
            "The library has no support for the encryption type, as with RC4-only accounts on today's systems.",
        ),
        (151, "KRB5_PROG_KEYTYPE_NOSUPP", "The library has no support for the type of key."),
        (236, "KRB5_NOPERM_ETYPE", "The encryption type is not permitted here."),
        (
            237,
            "KRB5_CONFIG_ETYPE_NOSUPP",
            "The KDC answered with an encryption type that was not asked for, or none is permitted at all.",
        ),
        by=(ADMIN,),
        do="For a user: let the password be changed, which creates AES keys. For our service: set msDS-SupportedEncryptionTypes to 0x18 "
        "and create a new keytab with AES keys.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_KEYS,
        at={**proof(Reason.ACCOUNT_KEYS), Stage.CONFIG: Reason.KEYTAB},
    ),
    *_lib(
        (188, "KRB5_BAD_ENCTYPE", "The number of an encryption type is none that exists."),
        by=(ADMIN, SOFTWARE),
        do="For a user: let the password be changed, which creates AES keys. For our service: create a new keytab with AES keys.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_KEYS,
        # a client writes this number into the clear part of its ticket, so at ACCEPT it says nothing about our keys
        at={**proof(Reason.ACCOUNT_KEYS), Stage.CONFIG: Reason.KEYTAB, Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_lib(
        (190, "KRB5_BAD_MSIZE", "Something encrypted is too short or of the wrong length: it was damaged or made up."),
        by=(ATTACKER, NETWORK),
        do="From a single client: look what that client is. In a ticket from the KDC: find out who answers at the KDC's address.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.KDC_ERROR,
        at={Stage.VERIFY: Reason.KDC_NOT_TRUSTED, Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_lib(
        (152, "KRB5_WRONG_ETYPE", "A message is encrypted with another type than was agreed."),
        (153, "KRB5_PROG_SUMTYPE_NOSUPP", "The library has no support for the type of checksum."),
        (138, "KRB5_BADMSGTYPE", "A message is of a type that the library cannot write or read."),
        (219, "KRB5KRB_AP_ERR_V4_REPLY", "The answer looks like one of Kerberos 4."),
        (223, "KRB5_GET_IN_TKT_LOOP", "The KDC led the library round in circles with referrals or pre-authentication."),
        (252, "KRB5_ERR_FAST_REQUIRED", "Armoured requests (FAST) are required here, and the KDC does not offer them."),
        by=(ADMIN, ATTACKER),
        do="Check what listens at the KDC's address and which version it is; the KDC's log shows what it answered.",
        retry=Retry.UNKNOWN,
        reason=Reason.KDC_ERROR,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_lib(
        (
            154,
            "KRB5_REALM_UNKNOWN",
            (
                "No KDC is known for the realm. Our own realms are always configured, so a referral led there; or no server for changing "
                "passwords is known."
            ),
        ),
        by=(USER, ADMIN),
        do="If the realm is one of yours, configure it; else let the user type the full name with the right domain. For changing "
        "passwords set `kpasswd`.",
        retry=Retry.NO,
        reason=Reason.WRONG_REALM,
        at={**ticket(Reason.TRUST_PATH), Stage.KPASSWD: Reason.KDC_UNREACHABLE, Stage.CONFIG: Reason.INTERNAL},
    ),
    *_lib(
        (185, "KRB5_NO_TKT_IN_RLM", "No chain of trust leads to the realm of the service."),
        (149, "KRB5_IN_TKT_REALM_MISMATCH", "Client and service of a first ticket must be of the same realm."),
        by=(ADMIN,),
        do="Check the trust between the realms, the krbtgt principals for it, and that the service "
        "principal of the settings is of its realm.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.TRUST_PATH,
    ),
    *_lib(
        (156, "KRB5_KDC_UNREACH", "No KDC of the realm answered."),
        (220, "KRB5_REALM_CANT_RESOLVE", "The names of the realm's KDCs cannot be resolved to addresses."),
        (239, "KRB5_EAI_FAIL", "Resolving a host name failed."),
        (240, "KRB5_EAI_NODATA", "A host name has no address."),
        (241, "KRB5_EAI_NONAME", "A host name does not exist."),
        (242, "KRB5_EAI_SERVICE", "A port's name is unknown."),
        (245, "KRB5_ERR_NO_SERVICE", "The service asked for is not offered by the realm's servers."),
        by=(NETWORK, ADMIN),
        do="Check the addresses under `kdcs` and `kpasswd`, name resolution, and that ports 88 and 464 are open over TCP and UDP.",
        retry=Retry.YES,
        reason=Reason.KDC_UNREACHABLE,
        at={Stage.ACCEPT: Reason.INTERNAL, Stage.CONFIG: Reason.KDC_UNREACHABLE},
    ),
    *_lib(
        (143, "KRB5_NO_TKT_SUPPLIED", "A request carries no ticket."),
        (
            145,
            "KRB5KRB_AP_ERR_TKT_INVALID",
            "A ticket is marked as not valid yet: a postdated one that was never validated.",
        ),
        by=(SOFTWARE, ATTACKER),
        do="Look what the client is; an ordinary one never sends this.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.KDC_ERROR,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *_lib(
        (144, "KRB5KRB_AP_WRONG_PRINC", "The ticket is for another service than the one bound."),
        by=(ADMIN,),
        do="The client asked for the SPN of the address it uses: put that name into the keytab and "
        "`also_accept`, or give users the other address.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at={Stage.ACCEPT: Reason.TICKET_NOT_FOR_US, Stage.VERIFY: Reason.KEYTAB},
    ),
    *_lib(
        (216, "KRB5_ERR_BAD_HOSTNAME", "A host name cannot be turned into its canonical form."),
        (217, "KRB5_ERR_HOST_REALM_UNKNOWN", "It cannot be told to which realm a host belongs."),
        (218, "KRB5_SNAME_UNSUPP_NAMETYPE", "A name of this type cannot be made into a service principal."),
        (243, "KRB5_ERR_NUMERIC_REALM", "It cannot be told to which realm a numeric address belongs."),
        by=(ADMIN,),
        do="Write the service principal in the settings in full, as HTTP/host.name@REALM.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at={Stage.ACCEPT: Reason.INTERNAL},
    ),
    *_lib(
        (233, "KRB5_CHPW_PWDNULL", "The new password is empty."),
        by=(USER,),
        do="Nothing: the user has to choose a password.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.EMPTY_PASSWORD},
    ),
    *_lib(
        (234, "KRB5_CHPW_FAIL", "The password was not changed; the server's own result says why."),
        by=(USER, ADMIN),
        do="See the result of the password-changing server, and the realm's password policy.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.PASSWORD_REJECTED},
    ),
)
