"""The closed list of reasons, and what each means at every door.

One row per reason: from it come the HTTP status, the problem document, the message for the user, the administrator's hint and
the reference page. Texts are message ids of the gettext catalogue; they are English.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Kind(Enum):
    """What a reason explains: a no, a could-not-find-out, or a warning on a yes."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    WARNING = "warning"


class Retry(StrEnum):
    """Whether the same request may succeed later."""

    NO = "no"
    YES = "yes"
    FRESH_TOKEN = "fresh-token"
    AFTER_REPAIR = "after-repair"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a login was not granted, or what a granted user should know. The list is closed; names never change."""

    BAD_CREDENTIALS = "bad-credentials"
    UNKNOWN_USER = "unknown-user"
    EMPTY_PASSWORD = "empty-password"
    PASSWORD_TOO_LONG = "password-too-long"
    MALFORMED_NAME = "malformed-name"
    UNKNOWN_REALM = "unknown-realm"
    PASSWORD_EXPIRED = "password-expired"
    PASSWORD_MUST_CHANGE = "password-must-change"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_LOCKED = "account-locked"
    ACCOUNT_EXPIRED = "account-expired"
    ACCOUNT_NOT_YET_VALID = "account-not-yet-valid"
    LOGON_HOURS = "logon-hours"
    LOGON_WORKSTATION = "logon-workstation"
    ACCOUNT_RESTRICTED = "account-restricted"
    ACCOUNT_KEYS = "account-keys"
    PREAUTH_REQUIRED = "preauth-required"
    WRONG_REALM = "wrong-realm"
    CLOCK_SKEW = "clock-skew"
    TICKET_EXPIRED = "ticket-expired"
    TICKET_REPLAYED = "ticket-replayed"
    TICKET_NOT_FOR_US = "ticket-not-for-us"
    BAD_TOKEN = "bad-token"
    TOKEN_TOO_LARGE = "token-too-large"
    NTLM_NOT_SUPPORTED = "ntlm-not-supported"
    CHANNEL_BINDING = "channel-binding"
    NO_VERIFIED_PAC = "no-verified-pac"
    NO_USER_MAPPING = "no-user-mapping"
    UNKNOWN_GENESYS_USER = "unknown-genesys-user"
    USER_DISABLED = "user-disabled"
    NOT_EXTERNAL = "not-external"
    UNKNOWN_APPLICATION = "unknown-application"
    APPLICATION_DISABLED = "application-disabled"
    NOT_PERMITTED = "not-permitted"
    PASSWORD_REJECTED = "password-rejected"
    CLIENT_NOT_ALLOWED = "client-not-allowed"
    THROTTLED = "throttled"
    MALFORMED_REQUEST = "malformed-request"
    KDC_UNREACHABLE = "kdc-unreachable"
    KDC_BUSY = "kdc-busy"
    KDC_ERROR = "kdc-error"
    OVERLOADED = "overloaded"
    KDC_NOT_TRUSTED = "kdc-not-trusted"
    KEYTAB = "keytab"
    SERVICE_PRINCIPAL = "service-principal"
    SERVICE_KEYS = "service-keys"
    SERVER_CLOCK = "server-clock"
    TRUST_PATH = "trust-path"
    PERMISSION_SOURCE = "permission-source"
    AUDIT = "audit"
    INTERNAL = "internal"
    PASSWORD_EXPIRES_SOON = "password-expires-soon"
    ACCOUNT_EXPIRES_SOON = "account-expires-soon"
    KDC_FAILOVER = "kdc-failover"


@dataclass(frozen=True, slots=True)
class ReasonInfo:
    """One row of the table.

    `statuses` are the HTTP statuses the reason may have, the usual one first. `guarded` marks what a KDC says before the
    password was proved: under guarded disclosure it is answered exactly like `bad-credentials`.
    """

    reason: Reason
    kind: Kind
    statuses: tuple[int, ...]
    retry: Retry
    title: str
    text: str
    hint: str
    guarded: bool = False

    @property
    def status(self) -> int:
        """The usual HTTP status."""
        return self.statuses[0]

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later. One that needs a fresh token is another request, so it does not count."""
        return self.retry in {Retry.YES, Retry.AFTER_REPAIR}
