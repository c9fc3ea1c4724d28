"""The chain that ties the audit file's lines together: each line is sealed with a keyed hash over itself and the line before it.

A sealed line is the record's JSON object with one more member at its end:

    {"kind":"login", … ,"chain":{"seq":7,"prev":"<mac of line 6>","mac":"<mac>"}}

`mac` is HMAC-SHA256 (RFC 2104) over `prev`, `seq` and the line's bytes without the member. With `prev` in it a line can be checked by
itself, so that one changed line is one finding and not the end of the checking; and each `mac` stands for everything before it, so that a
`mac` kept elsewhere shows a rewritten file even if the key was stolen.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from kerbauth.core.secret import Secret

_SEALED: Final = re.compile(
    rb'(?P<body>\{.+),"chain":\{"seq":(?P<seq>[1-9][0-9]{0,17}),"prev":"(?P<prev>[0-9a-f]{64})","mac":"(?P<mac>[0-9a-f]{64})"\}\}'
)
_ANCHOR: Final = b'{"kind":"anchor",'


class Anchor(StrEnum):
    """Why an anchor line was written."""

    BEGIN = "begin"
    CONTINUED = "continued"
    INTERVAL = "interval"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain: the number of a line, and its mac as 64 hexadecimal digits."""

    seq: int
    mac: str


START: Final = Link(0, "0" * 64)
"""Where every chain starts: before its first line."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed line, taken apart: `body` is the line without the chain's member. Nothing is checked yet."""

    body: bytes
    prev: str
    link: Link

    @property
    def is_anchor(self) -> bool:
        """Whether it is an anchor, and no login."""
        return self.body.startswith(_ANCHOR)

    def content(self) -> Mapping[str, Any]:
        """The body's members; empty if it is no JSON object."""
        return members(self.body) or {}


def members(line: bytes) -> Mapping[str, Any] | None:
    """The members of a line that is a JSON object; None for any other line."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def body_of(kind: str, content: Mapping[str, Any]) -> bytes:
    """A line's body: printable ASCII, whatever is in it, so that nothing can end a line or change how it is read.

    Raises ValueError for what JSON cannot say (not a number).
    """
    return json.dumps({"kind": kind, **content}, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def anchor_body(why: Anchor, time: str, key: "ChainKey", problem: str = "") -> bytes:
    """The body of an anchor line. `problem` says, with `BREAK`, what may be lost."""
    return body_of("anchor", {"time": time, "why": why.value, "key": key.id, "problem": problem})


def unseal(line: bytes) -> Sealed | None:
    """Take a line (without its end) apart; None if it was never sealed, or is not whole."""
    found = _SEALED.fullmatch(line)
    if found is None:
        return None
    return Sealed(found["body"] + b"}", found["prev"].decode(), Link(int(found["seq"]), found["mac"].decode()))


class ChainKey:
    """The key of a chain, derived from the audit's secret."""

    __slots__ = ("_key", "id")

    def __init__(self, secret: Secret) -> None:
        self._key = derived(secret, b"chain")
        self.id = hmac.digest(self._key, b"id", hashlib.sha256).hex()[:16]  # which key it is, to tell another key from changed lines

    def seal(self, after: Link, body: bytes) -> tuple[bytes, Link]:
        """The sealed line (without its end) that follows `after`, and its place."""
        link = Link(after.seq + 1, self._mac(after.mac, after.seq + 1, body))
        member = f',"chain":{{"seq":{link.seq},"prev":"{after.mac}","mac":"{link.mac}"}}}}'
        return body[:-1] + member.encode("ascii"), link

    def made(self, line: Sealed) -> bool:
        """Whether the line was sealed with this key and is as it was then."""
        return hmac.compare_digest(self._mac(line.prev, line.link.seq, line.body), line.link.mac)

    def sign(self, text: bytes) -> str:
        """A keyed hash of something else than a line, as 64 hexadecimal digits."""
        return hmac.digest(self._key, b"text" + text, hashlib.sha256).hex()

    def _mac(self, prev: str, seq: int, body: bytes) -> str:
        return hmac.digest(self._key, b"line" + bytes.fromhex(prev) + seq.to_bytes(8, "big") + body, hashlib.sha256).hex()


def derived(secret: Secret, purpose: bytes) -> bytes:
    """A key of its own for each purpose, so that what is written with one says nothing about the other."""
    return hmac.digest(secret.reveal(), b"kerbauth audit " + purpose, hashlib.sha256)
