"""Where a request came from, when it came through proxies. Pure.

A proxy adds the address it was asked from at the right end of a header field; whatever stood there before came in from
outside. So the field is read from the right, as far as the addresses are trusted proxies' own, and no further: the first
other address is where the request came from. What stands to the left of it may be a stranger's invention, and is not even
looked at. Where a part that counts cannot be read, the address is not known. It is never guessed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kerbauth.core.addresses import Address, Network, is_within, read_address
from kerbauth.settings.server import ProxyHeader

UNKNOWN: Final = "unknown"
"""The peer whose address is not known: in no network, and no loopback address."""

HOP_LIMIT: Final = 32
"""Trusted proxies in one chain. More is no chain that anybody built, and the address is not known."""

PART_LIMIT: Final = 1024
"""Characters of one proxy's part of the field; an address, a port and RFC 7239's other parameters need some two hundred."""

# RFC 7239 6: IPv4 with a port or without, IPv6 in brackets. A port may be obfuscated (6.3), too.
_NODE: Final = re.compile(r"(?:(?P<v4>[0-9.]{7,15})|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\])(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?")
_BARE_V6: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")  # no zone (%eth0): that is this machine's business, and may hold any character
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 -- RFC 9110 5.6.2
_PAIR: Final = re.compile(rf'(?P<name>{_TOKEN})=(?:(?P<bare>{_TOKEN})|"(?P<quoted>(?:[^"\\]|\\.)*)")')


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies that are believed, and the one header field they are believed in.

    The other field is not looked at: a proxy that writes one of the two passes on a stranger's other one as it is.
    """

    networks: tuple[Network, ...] = ()
    header: ProxyHeader = ProxyHeader.X_FORWARDED_FOR

    def peer(self, connected: str, values: Sequence[str]) -> str:
        """The address a request came from, in its usual spelling, or UNKNOWN.

        `connected` is who is at the other end of the connection; `values` are the header's fields in their order.
        """
        address = read_address(connected)
        if address is None:
            return UNKNOWN
        if not values or not is_within(address, self.networks):
            return str(address)
        parts = _from_the_right(values, quotes=self.header is ProxyHeader.FORWARDED)
        for count, part in enumerate(parts):
            node = _forwarded_for(part) if self.header is ProxyHeader.FORWARDED else part
            before = _address(node, bare_v6=self.header is ProxyHeader.X_FORWARDED_FOR)
            if before is None or count == HOP_LIMIT:
                return UNKNOWN
            address = before
            if not is_within(address, self.networks):
                break
        return str(address)


def _from_the_right(values: Sequence[str], *, quotes: bool) -> Iterator[str]:
    """The proxies' parts, the last one first. A part that is too long is handed out as an empty one, and nothing after it."""
    for value in reversed(values):
        end = len(value)
        while end >= 0:
            begin = _comma_before(value, end, quotes=quotes)
            yield value[begin + 1 : end].strip(" \t") if begin is not None else ""
            if begin is None:
                return
            end = begin


def _comma_before(value: str, end: int, *, quotes: bool) -> int | None:
    """Where the comma stands that begins the part that ends at `end`; -1 for the field's own beginning, None if it is too far off.

    Read from the right, a proxy's own part is whole and well-formed whatever stands before it. Read from the left, a quotation mark that
    a stranger opened would swallow it.
    """
    quoted = False
    for place in range(end - 1, max(end - PART_LIMIT, 0) - 1, -1):
        character = value[place]
        if quotes and character == '"' and not (quoted and _is_escaped(value, place)):
            quoted = not quoted
        elif character == "," and not quoted:
            return place
    return None if end > PART_LIMIT else -1


def _is_escaped(value: str, place: int) -> bool:
    """Whether an odd number of backslashes stands before a character. Bounded, like the part it is in."""
    before = value[max(place - PART_LIMIT, 0) : place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _forwarded_for(part: str) -> str:
    """The node of `for` in one element of Forwarded (RFC 7239 4); empty if there is not exactly one, or the element is not well-formed."""
    found: list[str] = []
    place = 0
    while pair := _PAIR.match(part, place):
        if pair["name"].lower() == "for":
            found.append(pair["bare"] if pair["bare"] is not None else re.sub(r"\\(.)", r"\1", pair["quoted"]))
        place = pair.end()
        if place == len(part):
            return found[0] if len(found) == 1 else ""
        if part[place] != ";":
            break
        place = len(part) - len(part[place + 1 :].lstrip(" \t"))  # RFC 7239 has no blanks here; some proxies write one
    return ""


def _address(node: str, *, bare_v6: bool) -> Address | None:
    """A node's address; None for `unknown`, an obfuscated name (RFC 7239 6.3) and whatever else is none."""
    found = _NODE.fullmatch(node)
    if found:
        return read_address(found["v4"] or found["v6"])
    return read_address(node) if bare_v6 and _BARE_V6.fullmatch(node) else None
