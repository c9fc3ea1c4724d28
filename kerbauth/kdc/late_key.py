"""The user's key, made by OpenSSL as soon as the KDC has named salt and parameters, in a third of libkrb5's time."""

from typing import Final

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Refused
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.conversation import EndedError
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.context import Context
from kerbauth.kdc.libkrb5.exchange import AsExchange
from kerbauth.kdc.protocol.reply import Reply
from kerbauth.kdc.protocol.string_to_key import string_to_key

PREFERRED: Final = (18, 17, 20, 19)
"""The enctypes in the order in which they are offered: `permitted_enctypes` of our krb5.conf. libkrb5 takes the KDC's first of these."""


class NeedsLibraryError(Exception):
    """The key has to be made by libkrb5 itself: the exchange begins anew with the password. None has been sent yet."""


class LateKey:
    """Puts its key into an AS exchange that has none yet."""

    def __init__(self, context: Context, exchange: AsExchange, cpu: Cpu, password: Secret, default_salt: bytes, stage: Stage) -> None:
        """`default_salt` is for a KDC that names none."""
        self._context = context
        self._exchange = exchange
        self._cpu = cpu
        self._password = password
        self._default_salt = default_salt
        self._stage = stage
        self._made = False

    async def hear(self, reply: Reply) -> None:
        """Make the key if this reply asks for it.

        Raises NeedsLibraryError where that is left to libkrb5, EndedError where the account has no key of ours, and LibraryError.
        """
        if self._made or not reply.asks_for_a_key:
            return
        infos = {info.enctype: info for info in reversed(reply.key_infos or ())}  # the first of an enctype counts
        chosen = next((infos[enctype] for enctype in PREFERRED if enctype in infos), None)
        if chosen is None:
            raise self._no_key(reply) if reply.offers_no_method else NeedsLibraryError
        key = await self._cpu.run(lambda: string_to_key(chosen, self._password.reveal(), self._default_salt))
        if key is None:
            raise NeedsLibraryError
        with self._context:
            self._exchange.use_key(chosen.enctype, key)
        self._made = True

    def _no_key(self, reply: Reply) -> EndedError:
        codes = (catalogue.krb_error(reply.error.code),) if reply.error is not None else ()
        diagnostic = "the KDC offers no way to prove the password: the account has no key of an enctype that is permitted here (AES)"
        return EndedError(Refused(Reason.ACCOUNT_KEYS, self._stage, codes=codes, diagnostic=diagnostic))
