"""Telling the throttle whose account a login is about, as soon as the KDC has shown it and before it can count anything."""

from typing import assert_never

from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.kdc.conversation import EndedError
from kerbauth.kdc.protocol.reply import Reply
from kerbauth.kdc.protocol.salt import named_by
from kerbauth.ports import Admitted, Recognise


class Recognition:
    """Hears the replies of one login's conversation, and asks once."""

    def __init__(self, asked: Principal, recognise: Recognise | None) -> None:
        self._asked = asked
        self._recognise = recognise

    async def hear(self, reply: Reply) -> None:
        """See `conversation.Conversation.hear`. Raises EndedError where the KDC must not be sent a proof of the password."""
        if self._recognise is None or not reply.asks_for_a_key:
            return
        recognise, self._recognise = self._recognise, None  # what comes later may be the answer to a proof
        named = (named_by(info.salt, self._asked) for info in reply.key_infos or () if info.salt is not None)
        account = next((each for each in named if each is not None), None)
        if account is None:
            return
        answer = await recognise(account)
        match answer:
            case Admitted():
                return
            case Refused() | Unavailable():
                raise EndedError(answer)
        assert_never(answer)
