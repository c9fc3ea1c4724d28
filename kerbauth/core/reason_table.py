"""The table of reasons: one row for every member of `Reason`. See `kerbauth.core.reasons` for what a row says."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from kerbauth.core.reason_rows import account, entry, unavailable
from kerbauth.core.reasons import Reason, ReasonInfo


def table(infos: Iterable[ReasonInfo]) -> Mapping[Reason, ReasonInfo]:
    """The rows by reason, in the order of `Reason`. Raises ValueError for a reason with no row, or with two."""
    found: dict[Reason, ReasonInfo] = {}
    for info in infos:
        if info.reason in found:
            msg = f"two rows for {info.reason}"
            raise ValueError(msg)
        found[info.reason] = info
    missing = [reason.value for reason in Reason if reason not in found]
    if missing:
        msg = f"no row for {', '.join(missing)}"
        raise ValueError(msg)
    return MappingProxyType({reason: found[reason] for reason in Reason})


REASONS: Final[Mapping[Reason, ReasonInfo]] = table((*account.INFOS, *entry.INFOS, *unavailable.INFOS))
"""Every reason's row."""
