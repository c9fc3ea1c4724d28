"""What a supervisor and its workers say to each other: one packet per message, over a socket pair that ends with either of them."""

import contextlib
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TEXT_LIMIT: Final = 16_384
"""Bytes of a message's text; a longer one is cut. A packet must fit into the socket's buffer, 200 kB and more (net.core.wmem_default)."""


class Word(StrEnum):
    """What a message is about."""

    # a worker's
    READY = "ready"  # it serves
    ALIVE = "alive"  # its event loop turns
    FAILED = "failed"  # it cannot serve; the text says why, a problem a line
    LOADED = "loaded"  # it serves what order NUMBER was about
    REFUSED = "refused"  # it cannot; the text says why
    REPLACE = "replace"  # it asks to be replaced; the text says why
    # the supervisor's
    LOAD = "load"  # take up what the text describes
    KEEP = "keep"  # a reload was refused: all stays as it was
    DRAIN = "drain"  # take no more work, end what is under way, and leave
    STOP = "stop"  # leave at once


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `number` tells orders apart."""

    word: Word
    number: int = 0
    text: str = ""


class Closed:
    """The other side has closed its end, or is no more."""


class Channel:
    """One end of the pair. Never blocks."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(0)
        self._socket = end

    @classmethod
    def pair(cls) -> tuple["Channel", "Channel"]:
        """Two ends. Packets (SOCK_SEQPACKET, unix(7)): a message arrives whole or not at all, and the end of a side is seen."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), cls(theirs)

    def fileno(self) -> int:
        """For a selector or an event loop."""
        return self._socket.fileno()

    def send(self, message: Message) -> bool:
        """Send a message; whether it is on its way. It is not where the other side is gone, or has not read for very long."""
        packet = f"{message.word} {message.number} {message.text}".encode("utf-8", "replace")[:TEXT_LIMIT]
        try:
            self._socket.send(packet)
        except OSError:  # EPIPE, EAGAIN: the other side's silence has consequences of its own
            return False
        return True

    def receive(self) -> Message | Closed | None:
        """The next message, or None if there is none yet."""
        try:
            packet = self._socket.recv(TEXT_LIMIT)
        except BlockingIOError:
            return None
        except OSError:
            return Closed()
        if not packet:
            return Closed()
        word, number, text = packet.decode("utf-8", "replace").split(" ", 2)
        return Message(Word(word), int(number), text)

    def close(self) -> None:
        """Close this end."""
        with contextlib.suppress(OSError):
            self._socket.close()
