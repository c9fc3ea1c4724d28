"""Ends of a conversation after which a KDC may have counted a wrong password, and nobody knows yet."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Refused, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.kdc.conversation import LATE, Conversation
from kerbauth.kdc.said import after_all, said
from kerbauth.kdc.transport.race import Answered

Late = Callable[[Proof], None] | None
"""Is told, once, what came of a proof of which nothing was known at first; see `ports.CredentialVerifier.verify_password`."""

_Ended = TypeVar("_Ended", Proof, Refused | Unavailable)


def settled(talk: Conversation, ending: _Ended, late: Late) -> _Ended:
    """The ending; `pending` where the KDC may have counted a wrong password, and then `late` is told what is known in the end.

    A KDC that still has the proof is listened to for LATE seconds. One whose connection was lost, or that asked for something else instead
    of judging it, says nothing more; the attempt counts for as long all the same, so that no account is used up in a moment.
    """
    if not isinstance(ending, Unavailable) or not talk.unsettled:
        return ending
    if not _listening(talk, late) and late is not None:
        word = Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic="the KDC never said what it made of the password")
        asyncio.get_running_loop().call_later(LATE, late, word)
    return replace(ending, pending=True)


def left_alone(talk: Conversation, late: Late) -> None:
    """Tell `late` what came of a conversation that nobody waits for any more, now or when it is known."""
    if talk.proof_sent and not talk.unsettled and talk.error is not None and late is not None:
        late(said(Stage.AS, talk.error))
        return
    ending = Unavailable(Reason.INTERNAL, Stage.AS, diagnostic="nobody waited for the answer")
    if settled(talk, ending, late) is ending and late is not None:
        late(ending)


def _listening(talk: Conversation, late: Late) -> bool:
    """Whether a KDC still has a proof to answer; `late` is told what it says."""
    if talk.waiting is None:
        return False

    def told(done: asyncio.Task[Answered]) -> None:
        word = after_all(done)
        if late is not None:
            late(word)

    talk.waiting.add_done_callback(told)
    return True
