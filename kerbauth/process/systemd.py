"""Telling the service manager how the service fares (sd_notify(3)): a datagram with lines of NAME=value."""

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping


class Notifier:
    """Tells the service manager, if there is one; without one it does nothing.

    What cannot be told is not told: a service manager that is away must not stop the service.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Take NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of `environ`: they are meant for this process and no child of it."""
        address = environ.pop("NOTIFY_SOCKET", "")
        # an abstract socket's name begins with a NUL (unix(7)), written as @
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        period, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        ours = period.isdigit() and pid in {"", str(os.getpid())}
        # sd_watchdog_enabled(3): a sign of life after half of the time
        self.watchdog_seconds = int(period) / 2_000_000 if ours else 0.0

    def ready(self, status: str) -> None:
        """The service serves, or has ended a reload."""
        self._tell(READY=1, STATUS=status)

    def reloading(self) -> None:
        """A reload begins. Type=notify-reload wants the monotonic clock with it (sd_notify(3), RELOADING=1)."""
        self._tell(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)

    def stopping(self) -> None:
        """The service drains."""
        self._tell(STOPPING=1, STATUS="draining")

    def alive(self) -> None:
        """Keep the watchdog quiet for another while."""
        self._tell(WATCHDOG=1)

    def _tell(self, **fields: object) -> None:
        if not self._address:
            return
        text = "".join(f"{name}={value}\n" for name, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out, contextlib.suppress(OSError):
            out.settimeout(0)
            out.sendto(text.encode(), self._address)
