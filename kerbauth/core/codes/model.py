"""The shape of the catalogue: families of codes, stages of a login, and one entry per code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kerbauth.core.reasons import Reason, Retry


class Stage(StrEnum):
    """Where in a login a code came from. The same number can mean different things at different stages."""

    REQUEST = "request"  # our own door: the request was not understood, the caller not allowed
    NAME = "name"  # reading the typed name
    THROTTLE = "throttle"  # counting wrong passwords, before a KDC is asked
    AS = "as"  # the AS exchange with the user's password
    CHANGEPW_PROOF = "changepw-proof"  # the AS exchange for kadmin/changepw that proves an expired password
    TGS = "tgs"  # asking the KDC for a ticket to our own service
    VERIFY = "verify"  # checking that ticket against our own keytab: the proof of the KDC
    ACCEPT = "accept"  # accepting a client's SPNEGO or Kerberos token
    KPASSWD = "kpasswd"  # changing a password
    MAPPING = "mapping"  # from the proved principal to a user name
    PERMISSION = "permission"  # asking the permission source
    AUDIT = "audit"  # writing the audit record
    CONFIG = "config"  # reading settings and keytabs


class Family(StrEnum):
    """The table a number belongs to. Numbers are only unique within a family."""

    KRB5 = "krb5"  # KRB-ERROR codes (0-127) and libkrb5's own (128-255): com_err table `krb5`, base -1765328384
    ASN1 = "asn1"  # com_err table `asn1`, base 1859794432
    KV5M = "kv5m"  # com_err table `kv5m` (wrong magic numbers), base -1760647424
    K5E1 = "k5e1"  # com_err table `k5e1` (plug-ins, KCM and keyring caches), base -1750600192
    K524 = "k524"  # com_err table `k524` (Kerberos 4 conversion, long dead), base -1750206208
    KDB5 = "kdb5"  # com_err table `kdb5` (a KDC's database; met in its tools and logs), base -1780008448
    GSS_KRB5 = "k5g"  # com_err table `k5g`, base 39756032
    GSS_GENERIC = "ggss"  # com_err table `ggss`, base -2045022976
    GSS_MAJOR = "gss"  # routine errors, calling errors and supplementary bits of a GSS major status, RFC 2744 3.9.1
    SPNEGO = "spnego"  # SPNEGO and NegoEx minor codes of MIT's mechanism, 0x20000001-0x20000019
    ERRNO = "errno"  # operating system errors as minor codes
    KPASSWD = "kpasswd"  # RFC 3244 result codes
    NTSTATUS = "ntstatus"  # MS-ERREF 2.3, inside an Active Directory KDC's e-data
    OTHER = "other"  # a number no table here knows


class Fault(StrEnum):
    """Whose fault a code usually is."""

    USER = "user"
    ADMINISTRATOR = "administrator"
    NETWORK = "network"
    CLOCK = "clock"
    ATTACKER = "attacker"
    SOFTWARE = "software"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Code:
    """One number with the family it belongs to. In com_err families the number is the signed 32-bit value."""

    family: Family
    number: int

    def __str__(self) -> str:
        return f"{self.family}:{self.number}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a code's name, what it means, whose fault it is, what to do, and the reason it leads to.

    `reason` holds at every stage that `at` does not name. None means the code never ends a login by itself (it is an
    intermediate answer, or success); should it do so all the same, that is `internal`.
    """

    code: Code
    name: str
    meaning: str
    fault: tuple[Fault, ...]
    remedy: str
    retry: Retry
    reason: Reason | None
    at: Mapping[Stage, Reason] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    def reason_at(self, stage: Stage) -> Reason:
        """The reason this code leads to at a stage. Never a grant: there is no such reason."""
        return self.at.get(stage) or self.reason or Reason.INTERNAL
