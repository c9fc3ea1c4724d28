"""What a scripted KDC can be told to do with a request."""

import asyncio
import itertools
from collections.abc import Callable, Mapping

from tests.kdc import wire
from tests.kdc.scripted import Asked, Behaviour, Exchange


async def silence(exchange: Exchange) -> None:
    """Read it and never answer; a TCP connection stays open."""


async def relay(exchange: Exchange) -> None:
    """Answer what the real KDC answers."""
    exchange.reply(await exchange.real_reply())


async def swallowed(exchange: Exchange) -> None:
    """The real KDC gets the request and answers, and the answer is lost on the way."""
    await exchange.real_reply()


def checked_and_then(then: Behaviour) -> Behaviour:
    """The real KDC gets the request and answers, and the client is told something else."""

    async def behave(exchange: Exchange) -> None:
        await exchange.real_reply()
        await then(exchange)

    return behave


async def hang_up(exchange: Exchange) -> None:
    """Close the TCP connection instead of answering."""
    exchange.hang_up()


def constantly(message: bytes) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        exchange.reply(message)

    return behave


def error(code: int, fields: wire.ErrorFields | None = None) -> Behaviour:
    """Answer a KRB-ERROR, of the time at which it is sent."""

    async def behave(exchange: Exchange) -> None:
        exchange.reply(wire.krb_error(code, fields))

    return behave


def preauth_required(realm: str, salt: str, parameters: bytes | None = None) -> Behaviour:
    """Ask for an encrypted timestamp, whatever comes: endless where nothing else is done."""
    return error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=realm, data=wire.preauth_wanted(salt, parameters)))


def delayed(seconds: float, then: Behaviour = relay) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await then(exchange)

    return behave


def changed(how: Callable[[bytes], bytes]) -> Behaviour:
    """The real reply, changed."""

    async def behave(exchange: Exchange) -> None:
        exchange.reply(how(await exchange.real_reply()))

    return behave


def keeping(replies: list[bytes]) -> Behaviour:
    """The real reply, of which a copy is kept."""

    async def behave(exchange: Exchange) -> None:
        replies.append(await exchange.real_reply())
        exchange.reply(replies[-1])

    return behave


def truncated(length: int) -> Behaviour:
    """Only the first bytes of the real reply (negative: all but so many), as a message that claims to be whole."""
    return changed(lambda reply: reply[:length])


def flipped(bit: int) -> Behaviour:
    """One bit of the real reply is turned over; counted from its first, around its end."""

    def flip(reply: bytes) -> bytes:
        index, position = divmod(bit % (8 * len(reply)), 8)
        return reply[:index] + bytes((reply[index] ^ (0x80 >> position),)) + reply[index + 1 :]

    return changed(flip)


def of_realm(right: str, wrong: str) -> Behaviour:
    """The real reply, with the realm's name changed wherever it can be read. Both names are of one length."""
    assert len(right) == len(wrong)
    return changed(lambda reply: reply.replace(right.encode(), wrong.encode()))


async def wrong_nonce(exchange: Exchange) -> None:
    """The real KDC's reply to the same request with another nonce: a good reply, but not to this request."""
    exchange.reply(await exchange.real_reply(wire.with_nonce_changed(exchange.asked.message)))


def repeatedly(copies: int) -> Behaviour:
    """The real reply so often."""

    async def behave(exchange: Exchange) -> None:
        reply = await exchange.real_reply()
        for _ in range(copies):
            exchange.reply(reply)

    return behave


def preceded_by(message: bytes) -> Behaviour:
    """Something else, and then the real reply."""

    async def behave(exchange: Exchange) -> None:
        exchange.reply(message)
        exchange.reply(await exchange.real_reply())

    return behave


def preceded_by_a_foreigner(message: bytes) -> Behaviour:
    """A datagram from an address that was not asked, and then the real reply."""

    async def behave(exchange: Exchange) -> None:
        await exchange.reply_from_elsewhere(message)
        exchange.reply(await exchange.real_reply())

    return behave


def one_behind() -> Behaviour:
    """Every request is given the reply to the one before; the first, its own."""
    replies: list[bytes] = []

    async def behave(exchange: Exchange) -> None:
        replies.append(await exchange.real_reply())
        exchange.reply(replies[max(0, len(replies) - 2)])

    return behave


def one_late() -> Behaviour:
    """Every reply is sent only when the next request has been answered, to whoever asked then: replies overtake each other."""
    held: list[tuple[Exchange, bytes]] = []

    async def behave(exchange: Exchange) -> None:
        reply = await exchange.real_reply()
        if held:
            exchange.reply(reply)
            earlier, late = held.pop()
            earlier.reply(late)
        else:
            held.append((exchange, reply))

    return behave


def half_a_length() -> Behaviour:
    """TCP: two of the four bytes that say how long the reply is, and no more."""

    async def behave(exchange: Exchange) -> None:
        exchange.send_raw(b"\0\0")

    return behave


def half_a_message(*, then_hang_up: bool) -> Behaviour:
    """TCP: the length and half of the real reply, and then no more."""

    async def behave(exchange: Exchange) -> None:
        reply = await exchange.real_reply()
        exchange.send_raw(len(reply).to_bytes(4, "big") + reply[: len(reply) // 2])
        if then_hang_up:
            exchange.hang_up()

    return behave


def in_pieces(size: int) -> Behaviour:
    """TCP: the real reply in pieces of so many bytes, each sent by itself."""

    async def behave(exchange: Exchange) -> None:
        reply = await exchange.real_reply()
        framed = len(reply).to_bytes(4, "big") + reply
        for start in range(0, len(framed), size):
            exchange.send_raw(framed[start : start + size])
            await asyncio.sleep(0.001)

    return behave


def lying_about_its_length(lie: Callable[[int], int], *, then_hang_up: bool = False) -> Behaviour:
    """TCP: the real reply behind a length that is not its own."""

    async def behave(exchange: Exchange) -> None:
        reply = await exchange.real_reply()
        exchange.send_raw(lie(len(reply)).to_bytes(4, "big") + reply)
        if then_hang_up:
            exchange.hang_up()

    return behave


def claiming(length: int) -> Behaviour:
    """TCP: says that the reply is so long, and sends nothing of it."""

    async def behave(exchange: Exchange) -> None:
        exchange.send_raw(length.to_bytes(4, "big"))

    return behave


def by_number(numbered: Mapping[int, Behaviour], otherwise: Behaviour = relay) -> Behaviour:
    """A behaviour for the n-th request that comes here, from 1."""
    count = itertools.count(1)

    async def behave(exchange: Exchange) -> None:
        await numbered.get(next(count), otherwise)(exchange)

    return behave


def where(condition: Callable[[Asked], bool], then: Behaviour, otherwise: Behaviour = relay) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await (then if condition(exchange.asked) else otherwise)(exchange)

    return behave


def by_transport(*, udp: Behaviour = relay, tcp: Behaviour = relay) -> Behaviour:
    return where(lambda asked: asked.transport == "udp", udp, tcp)


def proves_a_password(asked: Asked) -> bool:
    return asked.proves_a_password
