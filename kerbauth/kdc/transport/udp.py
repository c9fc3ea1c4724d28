"""One exchange over UDP: a socket of its own, connected, so that the kernel drops what others send and tells at once of a closed port."""

import asyncio
import errno
import itertools
import socket
from collections.abc import Callable, Iterator
from typing import Final

from kerbauth.kdc.transport.address import Address, failure
from kerbauth.kdc.transport.errors import ExchangeError, UnsentError
from kerbauth.kdc.transport.ports import RestingPorts, opened
from kerbauth.kdc.transport.sending import Sending

FIRST_PAUSE: Final = 0.15
"""Seconds to the first resend. Two resends fit into the time after which a KDC is passed over (0.15 and 0.45 s against 0.5): the loss of
one packet, or of two in a row, does not cost a KDC its place."""

LONGEST_PAUSE: Final = 4.0
"""Seconds. Pauses double up to it (RFC 4120 says nothing; lib/krb5/os/sendto_kdc.c doubles from 1 s)."""

SIZE_LIMIT: Final = 1400
"""Bytes of a request: with the headers of IPv6 and UDP (48) and a tunnel's it fits an Ethernet frame of 1,500. Larger ones would be sent
in fragments, which many a firewall drops; they go by TCP."""

_TRIES: Final = 15  # for a port that does not rest: the system draws them, and at most a third of them rest
_AGAIN: Final = 0.01  # seconds until another try where the kernel took the datagram not at all
_DATAGRAM: Final = 65_535  # bytes: none is larger


def pauses(latency: float | None) -> Iterator[float]:
    """Seconds between resends for a KDC that usually answers after `latency` seconds: each twice as long as the one before."""
    first = max(FIRST_PAUSE, 2.0 * (latency or 0.0))  # a KDC is not asked again before it had time to answer (RFC 6298 2.2)
    return (min(first * 2.0 ** min(step, 16), LONGEST_PAUSE) for step in itertools.count())


async def exchange(
    address: Address,
    request: bytes,
    accept: Callable[[bytes], bool],
    resends: Iterator[float],
    heard: Callable[[float], None],
    ports: RestingPorts,
    sending: Sending,
) -> bytes:
    """Send the request and give back the first reply that `accept` takes; all others are ignored. Waits until it is cancelled.

    The identical bytes are sent again after each of `resends`, in seconds, as long as `sending` allows it. `heard` is called as soon as the
    reply is read, even if this coroutine gets its turn later, with the seconds since the request was first sent. That is too long after a
    loss, but a slow KDC would never be known as one if times with resends were left out (RFC 6298 3). Raises RefusedError, UnsentError or
    NoSocketError.
    """
    loop = asyncio.get_running_loop()
    ours = _connected(address, ports, loop.time())
    waiting = _Waiting(ours, address, request, accept, resends, heard, sending)
    try:
        waiting.send()
        return await waiting.reply
    finally:
        waiting.end()
        if waiting.unanswered:
            ports.rest(ours, loop.time())
        else:
            ours.close()


def _connected(address: Address, ports: RestingPorts, now: float) -> socket.socket:
    """A socket that takes the KDC's datagrams only, on a port that no earlier reply can come to."""
    for last in (*[False] * _TRIES, True):
        ours = opened(address, socket.SOCK_DGRAM)
        try:
            ours.connect(address.where)
        except OSError as error:
            ours.close()
            raise failure(error, address, reached=False) from None
        if last or not ports.rests(ours.getsockname()[1], now):
            break
        ours.close()
    return ours


class _Waiting:
    """A request on its way. Everything happens in callbacks of the event loop: hundreds wait at a time, and each costs a socket only."""

    def __init__(
        self,
        ours: socket.socket,
        address: Address,
        request: bytes,
        accept: Callable[[bytes], bool],
        resends: Iterator[float],
        heard: Callable[[float], None],
        sending: Sending,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.reply: asyncio.Future[bytes] = self._loop.create_future()
        self._socket = ours
        self._address = address
        self._request = request
        self._accept = accept
        self._resends = resends
        self._heard = heard
        self._sending = sending
        self._sent = 0
        self._answered = 0
        self._began = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(ours.fileno(), self._read)  # with the socket itself, its repr() is made each time (selectors.py)

    def send(self) -> None:
        """Send the request if it may leave, and see to the next time."""
        if self._sent and not (self._sending.in_time and self._sending.may_be_repeated):
            return
        if not self._sending.in_time:
            self._fail(UnsentError(f"the time was over before anything left for {self._address.text}"))
            return
        try:
            self._socket.send(self._request)
        except OSError as error:
            # The queue to the network is full: the datagram never left, and not one is lost by trying again.
            if not isinstance(error, BlockingIOError) and error.errno != errno.ENOBUFS:
                # It may be about an earlier datagram, as below, or about this one (EPERM): then an earlier one may have arrived.
                told = 1 if error.errno == errno.ECONNREFUSED else 0
                self._fail(failure(error, self._address, reached=self._sent > told))
                return
            pause: float | None = _AGAIN
        else:
            self._sending.leaves()
            self._sent += 1
            pause = next(self._resends, None)
        if pause is not None:
            self._timer = self._loop.call_later(pause, self.send)

    def end(self) -> None:
        """Stop listening and sending."""
        self._loop.remove_reader(self._socket.fileno())
        if self._timer is not None:
            self._timer.cancel()

    @property
    def unanswered(self) -> bool:
        """Whether a copy of the request may still be answered."""
        return self._sent > self._answered

    def _read(self) -> None:
        try:
            datagram = self._socket.recv(_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return  # a datagram with a wrong checksum is announced, and then it is not there (select(2), BUGS)
        except OSError as error:  # ICMP: nobody listens. Of one datagram that tells that it was not read; of several, not of which
            self._fail(failure(error, self._address, reached=self._sent > 1))
            return
        if self._accept(datagram) and not self.reply.done():
            self._answered = 1
            self._heard(self._loop.time() - self._began)
            self.reply.set_result(datagram)
            self.end()

    def _fail(self, error: ExchangeError) -> None:
        self.end()
        if not self.reply.done():
            self.reply.set_exception(error)
