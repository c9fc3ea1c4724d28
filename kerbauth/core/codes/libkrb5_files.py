"""libkrb5's own codes, second part: configuration, keytabs and caches, and faults of the software (numbers 128-255)."""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.numbers import KRB5_BASE
from kerbauth.core.codes.rows import ADMIN, ATTACKER, NOBODY, SOFTWARE, group, proof
from kerbauth.core.reasons import Reason, Retry

_lib = partial(group, Family.KRB5, KRB5_BASE)

_REPORT: Final = "A fault in kerbauth or in the Kerberos library: report it with the log line."
_UNUSED: Final = "kerbauth does not use this: if it shows up, report it with the log line."

ENTRIES: Final[tuple[Entry, ...]] = (
    *_lib(
        (128, "KRB5_ERR_RCSID", "A mark in the table of codes, not an error; nothing ever returns it."),
        (142, "KRB5_CC_END", "The end of a credential cache was reached, as at the end of every list."),
        (182, "KRB5_KT_END", "The end of a keytab was reached, as at the end of every list."),
        by=(NOBODY,),
        do="Nothing: it never ends a login.",
        retry=Retry.UNKNOWN,
        reason=None,
    ),
    *_lib(
        (135, "KRB5_CONFIG_CANTOPEN", "The Kerberos configuration file cannot be opened."),
        (136, "KRB5_CONFIG_BADFORMAT", "The Kerberos configuration file has an error of form."),
        (224, "KRB5_CONFIG_NODEFREALM", "The Kerberos configuration names no default realm."),
        (248, "KRB5_DELTAT_BADFORMAT", "A duration in the Kerberos configuration cannot be read."),
        by=(SOFTWARE, ADMIN),
        do="kerbauth writes its own krb5.conf into its runtime folder: see that nobody else writes or removes files there, and restart.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
    ),
    *_lib(
        (179, "KRB5_KT_BADNAME", "The keytab's name is malformed."),
        (180, "KRB5_KT_UNKNOWN_TYPE", "The keytab is of an unknown kind."),
        (184, "KRB5_KT_IOERR", "Reading or writing the keytab failed."),
        (189, "KRB5_BAD_KEYSIZE", "A key is not as long as its encryption type needs."),
        (213, "KRB5_KEYTAB_BADVNO", "The keytab is of an unsupported version, or no keytab at all."),
        (229, "KRB5_KT_NAME_TOOLONG", "The keytab's name is too long."),
        (235, "KRB5_KT_FORMAT", "The keytab is damaged."),
        by=(ADMIN,),
        do="See with `klist -kte KEYTAB` that the file is a keytab and holds the service principal of "
        "the settings; if not, create it anew.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KEYTAB,
        at={Stage.AS: Reason.INTERNAL, Stage.CHANGEPW_PROOF: Reason.INTERNAL, Stage.KPASSWD: Reason.INTERNAL},
    ),
    *_lib(
        (
            181,
            "KRB5_KT_NOTFOUND",
            "There is no such keytab, or no key in it for the principal; in an AS exchange: no key of the type that the KDC used.",
        ),
        by=(ADMIN,),
        do="See with `klist -kte KEYTAB` that the file is a keytab and holds the service principal of "
        "the settings; if not, create it anew.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KEYTAB,
        # there the key is the user's, in a keytab in memory
        at={**proof(Reason.KDC_ERROR), Stage.KPASSWD: Reason.INTERNAL},
    ),
    *_lib(
        (230, "KRB5_KT_KVNONOTFOUND", "The keytab holds the principal, but not the key version asked for."),
        by=(ADMIN,),
        do="Compare `klist -kte KEYTAB` with `kvno HTTP/host`; create a new keytab and keep the previous "
        "key in it until the old tickets are over.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_KEYS,
    ),
    *_lib(
        (163, "KRB5_RC_REPLAY", "The same authenticator was seen before."),
        by=(ATTACKER,),
        do="A proxy or a client sent one token twice, or somebody replays a recorded one: look where the two requests came from.",
        retry=Retry.FRESH_TOKEN,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.TICKET_REPLAYED},
    ),
    # A replay cache that cannot be written must stop logins: without it a recorded token would be good a second time.
    *_lib(
        (159, "KRB5_RC_TYPE_EXISTS", "A kind of replay cache was registered twice."),
        (160, "KRB5_RC_MALLOC", "The replay cache got no memory."),
        (161, "KRB5_RC_TYPE_NOTFOUND", "The replay cache is of an unknown kind."),
        (162, "KRB5_RC_UNKNOWN", "The replay cache failed without saying why."),
        (164, "KRB5_RC_IO", "Reading or writing the replay cache failed."),
        (165, "KRB5_RC_NOIO", "This kind of replay cache cannot be kept in a file."),
        (166, "KRB5_RC_PARSE", "The replay cache's name cannot be read."),
        (167, "KRB5_RC_IO_EOF", "The replay cache's file ended too early."),
        (168, "KRB5_RC_IO_MALLOC", "The replay cache's file got no memory."),
        (169, "KRB5_RC_IO_PERM", "The replay cache's file may not be used: it belongs to somebody else."),
        (170, "KRB5_RC_IO_IO", "Reading or writing the replay cache's file failed."),
        (171, "KRB5_RC_IO_UNKNOWN", "The replay cache's file failed without saying why."),
        (172, "KRB5_RC_IO_SPACE", "There is no space left for the replay cache."),
        (211, "KRB5_RCACHE_BADVNO", "The replay cache is of an unsupported version."),
        (215, "KRB5_RC_REQUIRED", "A replay cache is needed and none was given."),
        by=(ADMIN, SOFTWARE),
        do="See that the runtime folder of kerbauth has space, belongs to its user and is used by nobody else; then restart.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
    ),
    *_lib(
        (200, "KRB5_CC_NOT_KTYPE", "The credential cache holds no ticket of a permitted encryption type."),
        by=(ADMIN,),
        do="Create AES keys for our service: set msDS-SupportedEncryptionTypes to 0x18 and create a new keytab.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
        at={Stage.TGS: Reason.SERVICE_KEYS, Stage.VERIFY: Reason.SERVICE_KEYS},
    ),
    # Credentials are kept in memory only, so whatever a cache on disk could complain about is a fault of the software.
    *_lib(
        (139, "KRB5_CC_BADNAME", "The credential cache's name is malformed."),
        (140, "KRB5_CC_UNKNOWN_TYPE", "The credential cache is of an unknown kind."),
        (141, "KRB5_CC_NOTFOUND", "The credential cache holds no such ticket."),
        (191, "KRB5_CC_TYPE_EXISTS", "A kind of credential cache was registered twice."),
        (193, "KRB5_CC_IO", "Reading or writing the credential cache failed."),
        (194, "KRB5_FCC_PERM", "The credential cache's file may not be used."),
        (195, "KRB5_FCC_NOFILE", "There is no credential cache."),
        (196, "KRB5_FCC_INTERNAL", "The credential cache failed inside."),
        (197, "KRB5_CC_WRITE", "Writing the credential cache failed."),
        (198, "KRB5_CC_NOMEM", "The credential cache got no memory."),
        (199, "KRB5_CC_FORMAT", "The credential cache is damaged."),
        (212, "KRB5_CCACHE_BADVNO", "The credential cache is of an unsupported version."),
        (246, "KRB5_CC_READONLY", "The credential cache can only be read."),
        (247, "KRB5_CC_NOSUPP", "The credential cache cannot do what was asked."),
        by=(SOFTWARE,),
        do="kerbauth keeps credentials in memory only and touches no cache of the machine: report it with the log line.",
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
    *_lib(
        (137, "KRB5_CONFIG_NOTENUFSPACE", "A buffer is too small for the answer."),
        (157, "KRB5_NO_LOCALNAME", "No local user name belongs to the principal by krb5.conf's own rules."),
        (173, "KRB5_TRANS_CANTOPEN", "The file that translates realm names cannot be opened."),
        (174, "KRB5_TRANS_BADFORMAT", "The file that translates realm names has an error of form."),
        (175, "KRB5_LNAME_CANTOPEN", "The database that translates principals to local names cannot be opened."),
        (
            176,
            "KRB5_LNAME_NOTRANS",
            "The database that translates principals to local names does not know the principal.",
        ),
        (177, "KRB5_LNAME_BADFORMAT", "The database that translates principals to local names has an error of form."),
        (183, "KRB5_KT_NOWRITE", "The keytab cannot be written."),
        (192, "KRB5_KT_TYPE_EXISTS", "A kind of keytab was registered twice."),
        (231, "KRB5_APPL_EXPIRED", "The program declares itself expired."),
        (232, "KRB5_LIB_EXPIRED", "The library declares itself expired."),
        (249, "KRB5_PLUGIN_NO_HANDLE", "A plug-in leaves the question to the next one."),
        (250, "KRB5_PLUGIN_OP_NOTSUPP", "A plug-in cannot do what was asked."),
        (255, "KRB5_TRACE_NOSUPP", "The library was built without tracing."),
        by=(SOFTWARE,),
        do=_UNUSED,
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
    *_lib(
        (129, "KRB5_LIBOS_BADLOCKFLAG", "A file lock of an unknown kind was asked for."),
        (
            131,
            "KRB5_LIBOS_BADPWDMATCH",
            "Two passwords that should be equal are not; only programs that ask a person twice say so.",
        ),
        (132, "KRB5_LIBOS_PWDINTR", "Asking a person for a password was interrupted."),
        (146, "KRB5_PRINC_NOMATCH", "The ticket at hand is for another principal than the one asked for."),
        (155, "KRB5_SERVICE_UNKNOWN", "A port's name is unknown to the system."),
        (
            178,
            "KRB5_CRYPTO_INTERNAL",
            "The cryptographic library failed, for instance because FIPS mode forbids the algorithm.",
        ),
        (186, "KRB5DES_BAD_KEYPAR", "A DES key has the wrong parity."),
        (187, "KRB5DES_WEAK_KEY", "A DES key is one of the weak ones."),
        (201, "KRB5_INVALID_FLAGS", "Options that exclude each other were asked for."),
        (202, "KRB5_NO_2ND_TKT", "A request that needs two tickets carries one."),
        (203, "KRB5_NOCREDS_SUPPLIED", "A library call was made without credentials."),
        (204, "KRB5_SENDAUTH_BADAUTHVERS", "The sendauth protocol's version is wrong; it is not used here."),
        (
            205,
            "KRB5_SENDAUTH_BADAPPLVERS",
            "The application's version in the sendauth protocol is wrong; it is not used here.",
        ),
        (206, "KRB5_SENDAUTH_BADRESPONSE", "The answer in the sendauth protocol is wrong; it is not used here."),
        (207, "KRB5_SENDAUTH_REJECTED", "The server refused in the sendauth protocol; it is not used here."),
        (214, "KRB5_PROG_ATYPE_NOSUPP", "The library has no support for the type of network address."),
        (221, "KRB5_TKT_NOT_FORWARDABLE", "A ticket that may not be forwarded was to be forwarded."),
        (222, "KRB5_FWD_BAD_PRINCIPAL", "The name is wrong for which a ticket was to be forwarded."),
        (238, "KRB5_OBSOLETE_FN", "A function was called that the library no longer has."),
        (253, "KRB5_LOCAL_ADDR_REQUIRED", "The library was not told the local address."),
        (254, "KRB5_REMOTE_ADDR_REQUIRED", "The library was not told the peer's address."),
        by=(SOFTWARE,),
        do=_REPORT,
        retry=Retry.UNKNOWN,
        reason=Reason.INTERNAL,
    ),
)
