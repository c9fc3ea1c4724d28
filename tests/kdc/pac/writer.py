"""A writer of PACs, from [MS-PAC], [MS-RPCE] and C706 alone: it shares nothing with the reader.

It works the other way round: it has a queue of what pointers point to, as C706 14.3.12.3 describes it, where the reader knows the order.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

NEVER = 0x7FFF_FFFF_FFFF_FFFF
MANDATORY = 0x7  # mandatory, enabled by default, enabled: what nearly every group has
DOMAIN = (5, (21, 1, 2, 3))

SidParts = tuple[int, tuple[int, ...]]
Groups = tuple[tuple[int, int], ...]


def sid(parts: SidParts) -> bytes:
    authority, numbers = parts
    return bytes([1, len(numbers)]) + authority.to_bytes(6, "big") + b"".join(number.to_bytes(4, "little") for number in numbers)


class Ndr:
    """Bytes, and what is still to be written because something points to it."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.waiting: list[Callable[[], None]] = []
        self.pointers = 0

    def align(self, size: int) -> None:
        while len(self.written) % size:
            self.written.append(0)

    def u16(self, *values: int) -> None:
        for value in values:
            self.align(2)
            self.written += value.to_bytes(2, "little")

    def u32(self, *values: int) -> None:
        for value in values:
            self.align(4)
            self.written += value.to_bytes(4, "little")

    def filetime(self, *values: int) -> None:
        for value in values:
            self.u32(value & 0xFFFF_FFFF, value >> 32)

    def pointer(self, target: Callable[[], None] | None) -> None:
        if target is None:
            self.u32(0)
            return
        self.u32(0x20000 + 4 * self.pointers)
        self.pointers += 1
        self.waiting.append(target)

    def flush(self) -> None:
        """Write what waits, and behind each what it points to itself."""
        waiting, self.waiting = self.waiting, []
        for target in waiting:
            target()
            self.flush()

    def text(self, text: str | None, room: int = 0) -> None:
        encoded = b"" if text is None else text.encode("utf-16-le", "surrogatepass")

        def characters() -> None:
            self.u32((len(encoded) + room) // 2, 0, len(encoded) // 2)
            self.written += encoded

        self.u16(len(encoded), len(encoded) + room)
        self.pointer(None if text is None else characters)

    def sid(self, parts: SidParts | None) -> None:
        def body() -> None:
            assert parts is not None
            self.u32(len(parts[1]))
            self.written += sid(parts)

        self.pointer(None if parts is None else body)

    def groups(self, groups: Groups | None) -> None:
        def array() -> None:
            assert groups is not None
            self.u32(len(groups))
            for rid, attributes in groups:
                self.u32(rid, attributes)

        self.u32(len(groups or ()))
        self.pointer(None if groups is None else array)

    def sids(self, sids: Iterable[tuple[SidParts, int]]) -> None:
        listed = list(sids)

        def array() -> None:
            self.u32(len(listed))
            for parts, attributes in listed:
                self.sid(parts)
                self.u32(attributes)

        self.u32(len(listed))
        self.pointer(array if listed else None)


@dataclass(frozen=True)
class Logon:
    """What goes into a LOGON_INFO. A `user_flags` of None has the flags that fit the rest."""

    user: str | None = "alice"
    domain: str | None = "CORP"
    domain_sid: SidParts | None = DOMAIN
    rid: int = 1117
    primary: int = 513
    groups: Groups | None = ((513, MANDATORY),)
    extra: tuple[tuple[SidParts, int], ...] = ()
    resource_domain: SidParts | None = None
    resources: Groups | None = None
    user_flags: int | None = None
    account_control: int = 0x210
    full_name: str | None = "Alice"
    server: str = "DC1"
    times: tuple[int, ...] = (0, NEVER, NEVER, 0, 0, NEVER)

    def write(self) -> bytes:
        ndr = Ndr()
        ndr.pointer(lambda: self._body(ndr))
        ndr.flush()
        return serialization(bytes(ndr.written))

    def _body(self, ndr: Ndr) -> None:
        flags = (0x20 if self.extra else 0) | (0x200 if self.resources else 0) if self.user_flags is None else self.user_flags
        ndr.filetime(*self.times)
        for text in (self.user, self.full_name, "", "", "", None):
            ndr.text(text)
        ndr.u16(7, 1)
        ndr.u32(self.rid, self.primary)
        ndr.groups(self.groups)
        ndr.u32(flags)
        ndr.written += bytes(16)
        ndr.text(self.server, room=2)
        ndr.text(self.domain, room=2)
        ndr.sid(self.domain_sid)
        ndr.u32(0, 0, self.account_control, 0)
        ndr.filetime(0, 0)
        ndr.u32(0, 0)
        ndr.sids(self.extra)
        ndr.sid(self.resource_domain)
        ndr.groups(self.resources)


def serialization(body: bytes) -> bytes:
    padded = body + bytes(-len(body) % 8)
    return bytes.fromhex("01100800cccccccc") + len(padded).to_bytes(4, "little") + bytes(4) + padded


def client_info(name: str = "alice", time: int = 132_000_000_000_000_000) -> bytes:
    encoded = name.encode("utf-16-le", "surrogatepass")
    return time.to_bytes(8, "little") + len(encoded).to_bytes(2, "little") + encoded


def upn_dns_info(
    upn: str = "alice@corp.example", dns: str = "CORP.EXAMPLE", *, made_up: bool = False, account: tuple[str, bytes] | None = None
) -> bytes:
    """With `account`, a name and a SID in bytes, the extended form."""
    parts = [text.encode("utf-16-le", "surrogatepass") for text in (upn, dns)]
    if account is not None:
        parts += [account[0].encode("utf-16-le"), account[1]]
    offset = 24 if account is not None else 16
    places = b""
    body = b""
    for part in parts:
        places += len(part).to_bytes(2, "little") + (offset + len(body)).to_bytes(2, "little")
        body += part + bytes(-len(part) % 8)
    flags = (1 if made_up else 0) | (2 if account is not None else 0)
    head = places[:8] + flags.to_bytes(4, "little") + places[8:]
    return head + bytes(offset - len(head)) + body


@dataclass(frozen=True)
class Written:
    """A PAC of these buffers; `changes` puts others in their place, or leaves them out (None)."""

    logon: Logon = field(default_factory=Logon)
    client: str = "alice"
    changes: Mapping[int, bytes | None] = field(default_factory=dict)

    def write(self) -> bytes:
        buffers: dict[int, bytes | None] = {1: self.logon.write(), 10: client_info(self.client), 6: bytes(16), 7: bytes(16)}
        return pac([(kind, data) for kind, data in (buffers | dict(self.changes)).items() if data is not None])


def pac(buffers: list[tuple[int, bytes]]) -> bytes:
    offset = 8 + 16 * len(buffers)
    table = len(buffers).to_bytes(4, "little") + bytes(4)
    body = b""
    for kind, data in buffers:
        table += kind.to_bytes(4, "little") + len(data).to_bytes(4, "little") + (offset + len(body)).to_bytes(8, "little")
        body += data + bytes(-len(data) % 8)
    return table + body
