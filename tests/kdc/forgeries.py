"""What somebody between a client and its KDC can make of a good reply, or of a request."""

from collections.abc import Callable, Mapping

from tests.kdc import wire
from tests.kdc.behaviours import changed
from tests.kdc.scripted import Behaviour, Exchange

SPOTS: Mapping[str, Callable[[wire.Element], int]] = {
    "tag": lambda element: element.begins,
    "length": lambda element: element.start - 1,
    "first": lambda element: element.start,
    "middle": lambda element: element.start + len(element.content) // 2,
    "last": lambda element: element.start + len(element.content) - 1,
}
"""Bytes of an element in a message: of its head, and of its content."""


def with_bits_turned(message: bytes, index: int, mask: int) -> bytes:
    return message[:index] + bytes((message[index] ^ mask,)) + message[index + 1 :]


def flipped_in_element(number: int, spot: str, mask: int) -> Behaviour:
    """The real reply with bits turned over in one byte of its n-th element (as wire.walk counts them)."""
    return changed(lambda reply: with_bits_turned(reply, SPOTS[spot](list(wire.walk(reply))[number][1]), mask))


def flipped_in_data(index: int, mask: int) -> Behaviour:
    """The real KRB-ERROR with bits turned over in one byte of its e-data; as it is where it has no such byte."""

    def flip(reply: bytes) -> bytes:
        data = next((element for field, element in wire.walk(reply) if (field, element.tag) == ("12", wire.OCTETS)), None)
        return with_bits_turned(reply, data.start + index, mask) if data and index < len(data.content) else reply

    return changed(flip)


def renamed(old: str, new: str) -> Behaviour:
    """The real reply, with a name changed where it can be read. Both are of one length."""
    assert len(old) == len(new)
    return changed(lambda reply: reply.replace(old.encode(), new.encode()))


def asked_instead(old: str, new: str) -> Behaviour:
    """The real KDC's reply to the request with a name changed in it. Both are of one length."""
    assert len(old) == len(new)

    async def behave(exchange: Exchange) -> None:
        exchange.reply(await exchange.real_reply(exchange.asked.message.replace(old.encode(), new.encode())))

    return behave


def of_another_kind() -> Behaviour:
    """An AS-REP as a TGS-REP, and the other way round: only the application tag, not the message type within."""
    kinds = {wire.AS_REP: wire.TGS_REP, wire.TGS_REP: wire.AS_REP}

    def change(reply: bytes) -> bytes:
        kind = wire.message_type(reply)
        return with_bits_turned(reply, 0, kind ^ kinds.get(kind, kind))

    return changed(change)
