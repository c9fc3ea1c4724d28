"""Putting the service together: the only package that names concrete classes.

A configuration becomes a service in three steps, so that a reload repeats no more than it must. `begin` and `prepare` check it and make
what needs no event loop, no thread and no open file: processes forked afterwards share it. A `Foundation` lives as long as its process.
A `Generation` stands on a foundation and lives until the next reload.
"""

from kerbauth.assembly.audit import hashed_name, verify_audit
from kerbauth.assembly.errors import StartError, UnknownRealmError
from kerbauth.assembly.generation import Assembly, Foundation, Generation, assemble, make_room_for_metrics, settle_start
from kerbauth.assembly.prepare import Prepared, begin, prepare, restore_config, verify_start
from kerbauth.assembly.realms import name_mapper, realm_directory
from kerbauth.assembly.throttling import ledgers
from kerbauth.assembly.tools import ask_kdcs, known_kdcs, library_versions, list_keytab, make_sso_token
from kerbauth.kdc.client import NoTicketError
from kerbauth.kdc.each import KdcAnswer
from kerbauth.kdc.keytab import KeytabError
from kerbauth.kdc.runtime import KerberosRuntime
from kerbauth.observe.audit_check import Checked
from kerbauth.observe.logs import configure_logging
from kerbauth.ports import AuditError
from kerbauth.throttle.ledger import Counted, Ledger, LedgerError
from kerbauth.throttle.ledger import key_of as account_of

__all__ = [
    "Assembly",
    "AuditError",
    "Checked",
    "Counted",
    "Foundation",
    "Generation",
    "KdcAnswer",
    "KerberosRuntime",
    "KeytabError",
    "Ledger",
    "LedgerError",
    "NoTicketError",
    "Prepared",
    "StartError",
    "UnknownRealmError",
    "account_of",
    "ask_kdcs",
    "assemble",
    "begin",
    "configure_logging",
    "hashed_name",
    "known_kdcs",
    "ledgers",
    "library_versions",
    "list_keytab",
    "make_room_for_metrics",
    "make_sso_token",
    "name_mapper",
    "prepare",
    "realm_directory",
    "restore_config",
    "settle_start",
    "verify_audit",
    "verify_start",
]
