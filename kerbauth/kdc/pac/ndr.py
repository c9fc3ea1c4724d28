"""A reader for the part of NDR (C706 chapter 14) that LOGON_INFO is written in.

It is no general one: integers of 16 and 32 bits, unique pointers, and what these point to here: text, SIDs, and arrays of both kinds of
group membership. What a pointer points to follows after the structure that the pointer is in (14.3.12.3), so the caller reads the one and
then the other, in the same order. There is no recursion, and nothing is made room for before its bytes are known to be there.
"""

from struct import Struct, error
from typing import Any, Final, NamedTuple

from kerbauth.core.sid import NUMBERS_LIMIT, Sid, compose
from kerbauth.kdc.pac.damage import PADDING, PacError, only_padding, utf16

Membership = tuple[int, int]
"""A group's relative identifier, and the attributes of being in it (MS-PAC 2.2.2)."""

_WHERE: Final = "The LOGON_INFO"
_HEADER: Final = Struct("<BBH4xI4x")
"""MS-RPCE 2.2.6.1 and 2.2.6.2: version, form, length of this first half of the header; length of the object. The rest are fillers, which
"MUST be ignored on receipt".
"""
_VERSION: Final = 1
_LITTLE_ENDIAN: Final = 0x10
_HALF: Final = 8

_WORD: Final = 4  # everything begins at a multiple of 4, but single bytes and characters, which only ever follow their own header
_NUMBER: Final = Struct("<I")
_TEXT: Final = Struct("<HHI")  # RPC_UNICODE_STRING (MS-DTYP 2.3.10): length and room, both in bytes, and the pointer
_VARYING: Final = Struct("<III")  # room, offset and length of an array, in elements (C706 14.3.3.4)
_SID: Final = Struct("<IBB6s")  # the array's room; revision, count, authority (RPC_SID, MS-DTYP 2.4.2.3)
_PAIR: Final = Struct("<II")
_SID_REVISION: Final = 1
_SID_NUMBERS: Final = tuple(Struct(f"<{count}I") for count in range(NUMBERS_LIMIT + 1))


class TextHeader(NamedTuple):
    """A text's RPC_UNICODE_STRING: lengths in bytes, and whether there is anything to read later."""

    length: int
    room: int
    there: bool


class Ndr:
    """The object within an NDR type serialization of version 1 (MS-RPCE 2.2.6), read from its beginning to its end.

    Every method raises PacError for what cannot be read. The object is used once and by one caller.
    """

    def __init__(self, data: bytes) -> None:
        self._data = self._object(data)
        self._position = 0
        self._referents: set[int] = set()

    def numbers(self, layout: Struct) -> tuple[Any, ...]:
        """The next fields, as `layout` has them. It is little-endian and has no padding of its own."""
        start = self._position + -self._position % _WORD
        try:
            found = layout.unpack_from(self._data, start)
        except error:
            raise self._cut_off() from None
        self._position = start + layout.size
        return found

    def number(self) -> int:
        """The next 32 bits."""
        number: int
        (number,) = self.numbers(_NUMBER)
        return number

    def pointer(self) -> bool:
        """Whether the next pointer points to anything."""
        return self._points(self.number())

    def text_header(self) -> TextHeader:
        """The header of a text, which `text` takes when its place has come."""
        length, room, referent = self.numbers(_TEXT)
        header = TextHeader(length, room, self._points(referent))
        if length % 2 or room % 2 or length > room or (length and not header.there):
            msg = f"{_WHERE} has a text whose lengths cannot be."
            raise PacError(msg)
        return header

    def text(self, header: TextHeader) -> str:
        """The text; empty if there is none."""
        if not header.there:
            return ""
        self._varying(header)
        return utf16(self._bytes(header.length), "A text of the LOGON_INFO")

    def pass_over(self, header: TextHeader) -> None:
        """Go past a text of which nothing is used: whatever people wrote there, it is no reason to refuse them."""
        if header.there:
            self._varying(header)
            self._bytes(header.length)

    def sid(self) -> Sid:
        """The SID that a pointer points to."""
        room, revision, count, authority = self.numbers(_SID)
        if revision != _SID_REVISION or room != count or not 1 <= count <= NUMBERS_LIMIT:
            msg = f"{_WHERE} has a SID that is none."
            raise PacError(msg)
        return compose(int.from_bytes(authority), self.numbers(_SID_NUMBERS[count]))

    def memberships(self, count: int, *, there: bool) -> tuple[Membership, ...]:
        """An array of as many groups as were counted before: relative identifier and attributes of each."""
        self._array(count, there=there)
        return tuple(_PAIR.iter_unpack(self._bytes(count * _PAIR.size)))

    def sids(self, count: int, *, there: bool) -> tuple[tuple[Sid, int], ...]:
        """An array of as many SIDs as were counted before, and the attributes of each."""
        self._array(count, there=there)
        heads = list(_PAIR.iter_unpack(self._bytes(count * _PAIR.size)))
        pointers = [self._points(referent) for referent, _ in heads]
        if not all(pointers):
            msg = f"{_WHERE} lists a SID that is not there."
            raise PacError(msg)
        return tuple((self.sid(), attributes) for _, attributes in heads)

    def end(self) -> None:
        """Refuse anything behind what was read."""
        only_padding(self._data[self._position :], "the end of the LOGON_INFO")

    def _varying(self, header: TextHeader) -> None:
        if self.numbers(_VARYING) != (header.room // 2, 0, header.length // 2):
            msg = f"{_WHERE} has a text of another length than was said before."
            raise PacError(msg)

    def _array(self, count: int, *, there: bool) -> None:
        """The head of an array, which repeats the count."""
        if not there:
            if count:
                msg = f"{_WHERE} counts groups that are not there."
                raise PacError(msg)
        elif self.number() != count:
            msg = f"{_WHERE} has another number of groups than was said before."
            raise PacError(msg)

    def _bytes(self, size: int) -> bytes:
        if size > len(self._data) - self._position:
            raise self._cut_off()
        start = self._position
        self._position += size
        return self._data[start : self._position]

    def _points(self, referent: int) -> bool:
        """What a pointer's value says. Each is given once: with the same twice, the second could be read as pointing to what the first
        does (C706 14.3.10, a full pointer), with nothing to follow for it.
        """
        if referent in self._referents:
            msg = f"{_WHERE} has two pointers to the same."
            raise PacError(msg)
        if referent:
            self._referents.add(referent)
        return referent != 0

    @staticmethod
    def _object(data: bytes) -> bytes:
        if len(data) < _HEADER.size:
            raise Ndr._cut_off()
        version, form, half, length = _HEADER.unpack_from(data)
        if (version, form, half) != (_VERSION, _LITTLE_ENDIAN, _HALF):
            msg = f"{_WHERE} is not in version 1 of the NDR type serialization, in little endian."
            raise PacError(msg)
        end = _HEADER.size + length
        if length % PADDING or end > len(data):
            msg = f"{_WHERE} has a length that cannot be."
            raise PacError(msg)
        only_padding(data[end:], "the object of the LOGON_INFO")
        return data[_HEADER.size : end]

    @staticmethod
    def _cut_off() -> PacError:
        return PacError(f"{_WHERE} is cut off.")
