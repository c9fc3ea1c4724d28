"""How rows are written down: reasons that share statuses and retry stand together."""

from kerbauth.core.reasons import Kind, Reason, ReasonInfo, Retry

Row = tuple[Reason, str, str, str]  # reason, title, text for the user, hint for the administrator


def rows(kind: Kind, statuses: tuple[int, ...], retry: Retry, *texts: Row, guarded: bool = False) -> tuple[ReasonInfo, ...]:
    """Rows that share everything but their words."""
    return tuple(ReasonInfo(reason, kind, statuses, retry, title, text, hint, guarded) for reason, title, text, hint in texts)
