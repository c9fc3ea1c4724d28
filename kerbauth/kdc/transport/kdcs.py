"""One realm's KDCs within one process: which of them is asked."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Final

from kerbauth.core.kdc_state import KdcState, Standing
from kerbauth.kdc.transport import tcp
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.background import Background
from kerbauth.kdc.transport.connections import Connections
from kerbauth.kdc.transport.directory import Directory, LookupFailedError
from kerbauth.kdc.transport.errors import ExchangeError, NoSocketError, RefusedError, SilentKdcError
from kerbauth.kdc.transport.exchange import CONNECT_SECONDS, Line
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.probes import BuildProbe, Probes
from kerbauth.kdc.transport.race import Answered, Race
from kerbauth.kdc.transport.sending import Copies, Sending
from kerbauth.settings.kdcs import Transport

FIRST_LOOK: Final = 1.0
"""Seconds that `start` waits for the addresses: name servers that answer do so within it, and no start is held up by one that is down."""

_log: Final = logging.getLogger("kerbauth.kdc")

OnEvent = Callable[[Kdc, Standing], None]


class Kdcs:
    """The KDCs of `realm`, wherever `directory` says that they are. Used on one event loop.

    `transport`: AUTO begins with UDP, and goes over to TCP for a KDC that answers over TCP only. `resend_passwords`: whether a request with
    a password in it may be sent to the same KDC more than once, in identical bytes. Only for KDCs that answer the second from memory
    instead of checking the password again (MIT: kdc/replay.c; not with several worker processes, krb5kdc -w, each of which has a memory of
    its own: measured, four copies of a wrong password counted up to three times). Otherwise AUTO sends it over TCP. `workers` is the
    number of processes that share the limit of TCP connections to each KDC. `on_event` is told every change of a KDC's standing, by
    default the log.
    """

    def __init__(
        self,
        realm: str,
        directory: Directory,
        probe: BuildProbe,
        *,
        transport: Transport = Transport.AUTO,
        resend_passwords: bool = False,
        workers: int = 1,
        on_event: OnEvent | None = None,
    ) -> None:
        self._realm = realm
        self._directory = directory
        self._probes = Probes(probe)
        self._transport = transport
        self._copies = Copies.REMEMBERED if resend_passwords else Copies.ONE
        self._connections = max(1, tcp.CONNECTIONS // workers)
        self._on_event = on_event or _report
        self._lines: list[Line] = []
        self._active: Kdc | None = None
        self._change: asyncio.Future[None] | None = None
        self._problem = "its addresses are not known yet"
        self._looked = asyncio.Event()
        self._searching: Background | None = None

    async def start(self) -> None:
        """Find the KDCs, and begin what goes on in the background. Returns after FIRST_LOOK seconds even if none is found."""
        self._searching = Background(f"the search for the KDCs of {self._realm}", self._search)
        try:
            async with asyncio.timeout(FIRST_LOOK):
                await self._looked.wait()
        except TimeoutError:
            _log.warning("the KDCs of %s are not found yet", self._realm)

    async def close(self) -> None:
        """End what goes on in the background. Requests under way are left to those who wait for them."""
        if self._searching is not None:
            await self._searching.ended()
        await self._probes.close()
        for line in self._lines:
            line.ports.end()

    async def first(self, request: bytes, until: float) -> Answered:
        """Send a request without a password in it, and give back the first KDC's reply; that KDC is asked first from then on.

        The active KDC is asked first. One that does not answer within PASS_OVER, refuses or is unavailable (29) is passed over, and all
        who were asked are listened to. A realm's only KDC is waited for until the loop's time `until`. Raises NoKdcError, and at once if
        every KDC is known to be silent.
        """
        answered = await Race(self, request, until).run()
        before = self._before(answered.kdc)
        if any(line.kdc is answered.kdc for line in self._lines):
            self._active = answered.kdc
        return Answered(answered.kdc, answered.reply, failed_over=answered.failed_over or before)

    async def again(
        self, answered_by: Kdc, request: bytes, until: float, *, late_until: float | None = None, password: bool = True
    ) -> Answered:
        """Send a request that bears a password (unless `password` says that it does not) to this KDC and to no other.

        Nothing leaves from the loop's time `until` on, the login's deadline; the reply is listened for until `late_until`, if that is later
        and as long as no login needs the connection. Raises SilentKdcError if none has come by then, if it cannot come, and at `until` if
        nothing has left.
        """
        line = next((each for each in self._lines if each.kdc is answered_by), None) or self._line(answered_by)
        began = asyncio.get_running_loop().time()
        sending = Sending(answered_by, self._copies if password else Copies.ANY, until)
        if password and self.instead_of(answered_by) is not None:
            sending.connect_seconds = CONNECT_SECONDS
        try:
            async with asyncio.timeout_at(until if late_until is None else max(until, late_until)):
                return Answered(answered_by, await line.ask(request, sending))
        except TimeoutError:
            answered_by.unanswered(began)
            raise SilentKdcError(f"no answer from {answered_by.name}", reached=sending.left) from None
        except ExchangeError as error:
            if isinstance(error, RefusedError):
                answered_by.refused(error.diagnostic)
            elif not isinstance(error, NoSocketError):
                answered_by.unanswered(began)
            raise SilentKdcError(error.diagnostic, reached=sending.left) from None

    def instead_of(self, kdc: Kdc, tried: Collection[Kdc] = ()) -> Kdc | None:
        """The KDC that may be asked now what has not reached `kdc` (`SilentKdcError.reached`): the next that is not silent and was not
        `tried`. None if there is no other.
        """
        return next((line.kdc for line in self.in_order() if line.kdc is not kdc and line.kdc not in tried), None)

    def states(self) -> tuple[KdcState, ...]:
        """All KDCs, in the order of the configuration or of DNS."""
        return tuple(line.kdc.state(active=line.kdc is self._active) for line in self._lines)

    def note_offset(self, kdc: Kdc, seconds: float) -> None:
        """Remember how far the KDC's clock is ahead of ours."""
        kdc.offset = seconds

    def in_order(self) -> Sequence[Line]:
        """See `race.Field`."""
        return sorted(
            (line for line in self._lines if line.kdc.standing is not Standing.SILENT),
            key=lambda line: (line.kdc.standing is not Standing.ANSWERS, line.kdc is not self._active),
        )

    def change(self) -> asyncio.Future[None]:
        """See `race.Field`."""
        if self._change is None or self._change.done():
            self._change = asyncio.get_running_loop().create_future()
        return self._change

    def why_nobody(self) -> str:
        """See `race.Field`."""
        if not self._lines:
            return f"no KDC of {self._realm} is known: {self._problem}"
        details = "; ".join(f"{line.kdc.name}: {line.kdc.detail}" for line in self._lines if line.kdc.detail)
        return f"no KDC of {self._realm} answers: {details or 'no time was left'}"

    def _before(self, kdc: Kdc) -> bool:
        """Whether a KDC that stands before this one in the list does not answer."""
        for line in self._lines:
            if line.kdc is kdc:
                return False
            if line.kdc.standing is not Standing.ANSWERS:
                return True
        return False

    def _line(self, kdc: Kdc) -> Line:
        return Line(kdc, self._transport, Connections(kdc, self._connections))

    def _changed(self, kdc: Kdc | None = None) -> None:
        """A KDC's standing, or the list, has changed: waiting logins are told, and probing begins or ends."""
        line = next((each for each in self._lines if each.kdc is kdc), None)
        if line is not None:
            self._probes.follow(line)
            self._on_event(line.kdc, line.kdc.standing)
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def _search(self) -> None:
        while True:
            try:
                found = await self._directory.look_up()
            except LookupFailedError as error:
                if error.diagnostic != self._problem:
                    _log.warning("the KDCs of %s were not found, the earlier ones stay: %s", self._realm, error.diagnostic)
                self._problem, pause = error.diagnostic, error.pause
            else:
                self._problem, pause = "the last search found none", found.keep
                self._take(found.addresses)
            self._looked.set()
            await asyncio.sleep(pause)

    def _take(self, addresses: Sequence[Address]) -> None:
        """Make these the realm's KDCs. Those that stay keep what is known of them."""
        known = {(line.kdc.address.family, line.kdc.address.where, line.kdc.address.udp): line for line in self._lines}
        clock = asyncio.get_running_loop().time
        lines: dict[object, Line] = {}
        for address in addresses:
            key = (address.family, address.where, address.udp)
            if key not in lines:
                lines[key] = known.pop(key) if key in known else self._line(Kdc(self._realm, address, clock, self._changed))
        self._lines = list(lines.values())
        for line in known.values():
            self._probes.forget(line.kdc)
            line.ports.end()
        if not any(line.kdc is self._active for line in self._lines):
            self._active = None
        self._changed()


def _report(kdc: Kdc, standing: Standing) -> None:
    if standing is Standing.SILENT:
        _log.warning("the KDC %s of %s is silent: %s", kdc.name, kdc.realm, kdc.detail)
    elif standing is Standing.PASSED_OVER:
        _log.info("the KDC %s of %s is passed over: %s", kdc.name, kdc.realm, kdc.detail)
    else:
        _log.info("the KDC %s of %s answers again", kdc.name, kdc.realm)
