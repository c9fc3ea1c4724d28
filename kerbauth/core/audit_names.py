"""How names are written in the audit and the log: in clear if they are known to exist, else as a keyed hash.

People type passwords into the field for the name. What no KDC has confirmed to be a name may be one.
"""

import hashlib
import hmac
from collections import OrderedDict
from typing import Final

from kerbauth.core import names, text
from kerbauth.core.audit_chain import derived
from kerbauth.core.codes.model import Stage
from kerbauth.core.names import Asked, RealmDirectory
from kerbauth.core.outcome import Changed, Granted, Refused, Verdict
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret

REMEMBERED: Final = 10_000
"""Names that are remembered as known, some 100 bytes each; the one that was not seen for longest is forgotten first."""

LEFT_OUT: Final = "(left out, since it repeats the name that was typed)"

_WINDOW: Final = 8  # characters: a part of a name this long in a text is taken for the name, cut off or not

# What a KDC says of accounts that are there. `unknown-user`, `wrong-realm` and what is decided without the KDC are not among it.
_EXISTS: Final = frozenset(
    {
        Reason.BAD_CREDENTIALS,
        Reason.PASSWORD_EXPIRED,
        Reason.PASSWORD_MUST_CHANGE,
        Reason.ACCOUNT_DISABLED,
        Reason.ACCOUNT_LOCKED,
        Reason.ACCOUNT_EXPIRED,
        Reason.ACCOUNT_NOT_YET_VALID,
        Reason.LOGON_HOURS,
        Reason.LOGON_WORKSTATION,
        Reason.ACCOUNT_RESTRICTED,
        Reason.ACCOUNT_KEYS,
        Reason.PREAUTH_REQUIRED,
    }
)

# An AS exchange: for an ordinary ticket, or for one to change the password with.
_AS: Final = frozenset({Stage.AS, Stage.CHANGEPW_PROOF})
# Behind it the KDC has answered with a ticket for this account.
_BEHIND_AS: Final = frozenset({Stage.TGS, Stage.VERIFY, Stage.KPASSWD, Stage.MAPPING, Stage.PERMISSION})


def shows_account(verdict: Verdict | Changed) -> bool:
    """Whether a verdict shows that the account the KDC was asked for exists."""
    if isinstance(verdict, Granted | Changed):
        return True
    if isinstance(verdict, Refused) and verdict.stage in _AS:
        return verdict.reason in _EXISTS
    return verdict.stage in _BEHIND_AS


class AuditNames:
    """Writes names, and remembers those that were confirmed, so that they stay readable while a KDC is away. One per process."""

    def __init__(self, secret: Secret, remembered: int = REMEMBERED) -> None:
        self._key = derived(secret, b"names")
        self._limit = remembered
        self._known: OrderedDict[Principal, None] = OrderedDict()

    def confirm(self, principal: Principal) -> None:
        """Remember that there is such a principal."""
        self._known[principal] = None
        self._known.move_to_end(principal)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def is_known(self, principal: Principal) -> bool:
        """Whether the principal was confirmed of late."""
        return principal in self._known

    def hashed(self, name: Principal | str) -> str:
        """What a name that is not known is written as: a principal, or what was typed where it could not be read as one."""
        told = str(name) if isinstance(name, Principal) else text.nfc(name).strip(text.BLANKS)
        return "hmac-sha256:" + hmac.digest(self._key, told.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:32]

    def hashed_as_typed(self, typed: str, realms: RealmDirectory) -> str:
        """What somebody's name, as they type it, is written as while it is not known."""
        asked = names.read(typed, realms)
        return self.hashed(asked.principal if isinstance(asked, Asked) else typed)


def repeats(sentence: str, name: Principal | str) -> bool:
    """Whether a sentence holds a name, or a long part of it (libraries' sentences are cut off), in whatever case.

    Rather once too often: a name of one letter is in every sentence.
    """
    haystack = text.caseless(sentence)
    for part in name.components if isinstance(name, Principal) else (name,):
        needle = text.caseless(part)
        if any(needle[start : start + _WINDOW] in haystack for start in range(max(1, len(needle) - _WINDOW + 1))):
            return True
    return False
