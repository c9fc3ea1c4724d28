"""The com_err table `kdb5`: a KDC's database.

Its codes stay on the KDC and are met in its log and its tools, such as `kadmin.local`.
"""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family
from kerbauth.core.codes.numbers import KDB5_BASE
from kerbauth.core.codes.rows import ADMIN, group
from kerbauth.core.reasons import Reason, Retry

_kdb5 = partial(group, Family.KDB5, KDB5_BASE, by=(ADMIN,), reason=Reason.INTERNAL)

ENTRIES: Final[tuple[Entry, ...]] = (
    *_kdb5(
        (0, "KRB5_KDB_RCSID", "A mark in the table of codes, not an error; nothing ever returns it."),
        (1, "KRB5_KDB_INUSE", "The principal is in the database already."),
        (5, "KRB5_KDB_NOENTRY", "The principal is not in the database."),
        (6, "KRB5_KDB_ILL_WILDCARD", "A wildcard stands where none is allowed."),
        (30, "KRB5_KDB_NO_PERMITTED_KEY", "The principal has no key of a permitted encryption type."),
        (31, "KRB5_KDB_NO_MATCHING_KEY", "The principal has no key of the kind asked for."),
        (38, "KRB5_KDB_CONSTRAINT_VIOLATION", "The change breaks a rule of the database, such as of an LDAP schema."),
        (44, "KRB5_KDB_POLICY_REF", "The policy is still used by principals."),
        (45, "KRB5_KDB_STRINGS_TOOLONG", "The principal carries too many string attributes."),
        do="On the KDC: look at the principal with `kadmin.local -q 'getprinc NAME'`.",
        retry=Retry.NO,
    ),
    *_kdb5(
        (4, "KRB5_KDB_UNAUTH", "The process may not do this to the database."),
        (24, "KRB5_KDB_CANTLOCK_DB", "The process may not lock the database."),
        (36, "KRB5_KDB_ACCESS_ERROR", "The database cannot be reached, as when its LDAP server is away."),
        (7, "KRB5_KDB_DB_INUSE", "The database is locked by another process."),
        (8, "KRB5_KDB_DB_CHANGED", "The database changed while it was read."),
        do="On the KDC: look at the owner of the database's files, at the server behind it, and at other processes that hold it.",
        retry=Retry.YES,
    ),
    *_kdb5(
        (16, "KRB5_KDB_NOMASTERKEY", "The database holds no master key record."),
        (17, "KRB5_KDB_BADMASTERKEY", "The master key does not fit the database."),
        (19, "KRB5_KDB_CANTREAD_STORED", "The stash file with the master key cannot be read."),
        (20, "KRB5_KDB_BADSTORED_MKEY", "The stash file with the master key is damaged."),
        (21, "KRB5_KDB_NOACTMASTERKEY", "No master key is active."),
        (22, "KRB5_KDB_KVNONOMATCH", "The new master key's version is not the one expected."),
        (23, "KRB5_KDB_STORED_MKEY_NOTCURRENT", "The stash file holds an old master key."),
        do="On the KDC: compare `kdb5_util list_mkeys` with the stash file, and write it again with `kdb5_util stash`.",
        retry=Retry.AFTER_REPAIR,
    ),
    *_kdb5(
        (2, "KRB5_KDB_UK_SERROR", "Writing the database failed."),
        (3, "KRB5_KDB_UK_RERROR", "Reading the database failed."),
        (9, "KRB5_KDB_TRUNCATED_RECORD", "A record of the database is cut off or damaged."),
        (10, "KRB5_KDB_RECURSIVELOCK", "The database was to be locked twice."),
        (11, "KRB5_KDB_NOTLOCKED", "The database was to be unlocked and is not locked."),
        (12, "KRB5_KDB_BADLOCKMODE", "An unknown kind of lock was asked for."),
        (13, "KRB5_KDB_DBNOTINITED", "The database was used before it was opened."),
        (14, "KRB5_KDB_DBINITED", "The database was opened twice."),
        (15, "KRB5_KDB_ILLDIRECTION", "Keys were to be converted in an unknown direction."),
        (18, "KRB5_KDB_INVALIDKEYSIZE", "A key in the database is of the wrong size."),
        (25, "KRB5_KDB_DB_CORRUPT", "The database is damaged."),
        (26, "KRB5_KDB_BAD_VERSION", "A record of the database is of an unknown version."),
        (27, "KRB5_KDB_BAD_SALTTYPE", "A key in the database has an unknown kind of salt."),
        (28, "KRB5_KDB_BAD_ENCTYPE", "A key in the database has an unknown encryption type."),
        (29, "KRB5_KDB_BAD_CREATEFLAGS", "The database was to be created with options that exclude each other."),
        (32, "KRB5_KDB_DBTYPE_NOTFOUND", "The kind of database named in kdc.conf is not installed."),
        (33, "KRB5_KDB_DBTYPE_NOSUP", "This kind of database cannot do what was asked."),
        (34, "KRB5_KDB_DBTYPE_INIT", "The kind of database named in kdc.conf does not start."),
        (35, "KRB5_KDB_SERVER_INTERNAL_ERR", "The server behind the database failed."),
        (37, "KRB5_KDB_INTERNAL_ERROR", "The database failed inside."),
        (39, "KRB5_LOG_CONV", "A record of the replication log cannot be converted."),
        (40, "KRB5_LOG_UNSTABLE", "The replication log was not closed properly."),
        (41, "KRB5_LOG_CORRUPT", "The replication log is damaged."),
        (42, "KRB5_LOG_ERROR", "The replication log failed."),
        (43, "KRB5_KDB_DBTYPE_MISMATCH", "The database module is for another version of the KDC."),
        do="On the KDC: its log says more; check kdc.conf and the disk, and restore the database from a dump if it is damaged.",
        retry=Retry.AFTER_REPAIR,
    ),
)
