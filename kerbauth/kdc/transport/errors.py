"""What can become of asking. Diagnostics name KDCs and system errors, never anything of a request."""


class NoKdcError(Exception):
    """No KDC of the realm answers. `asked` is false if all were known to be silent, so that nothing was sent and nothing waited for."""

    def __init__(self, diagnostic: str, *, asked: bool) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic
        self.asked = asked


class SilentKdcError(Exception):
    """The one KDC that may be asked did not answer.

    `reached` is false if it cannot have read the request: no password was checked, and another KDC may be asked (`Kdcs.instead_of`). So it
    is where the connection was refused or did not come about in time, and where the KDC's host refused the only copy that went over UDP.
    In all other cases something has left, and nobody can say that it was not read.
    """

    def __init__(self, diagnostic: str, *, reached: bool = True) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic
        self.reached = reached


class ExchangeError(Exception):
    """One exchange with one KDC failed. `reached` says whether the KDC may have read the request."""

    def __init__(self, diagnostic: str, *, reached: bool) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic
        self.reached = reached


class RefusedError(ExchangeError):
    """Nobody listens there, or no way leads there: known at once."""


class LostError(ExchangeError):
    """The connection ended before a whole reply had come, or what came is none."""


class UnsentError(ExchangeError):
    """Nothing of the request has left in the time that there was for it: it had no connection."""

    def __init__(self, diagnostic: str) -> None:
        super().__init__(diagnostic, reached=False)


class NoSocketError(ExchangeError):
    """This process can open no socket: the KDC has nothing to do with it."""

    def __init__(self, diagnostic: str) -> None:
        super().__init__(diagnostic, reached=False)
