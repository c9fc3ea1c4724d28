"""The header `traceparent`, by which a caller says which trace its request belongs to (W3C Trace Context, 3.2)."""

import re
from dataclasses import dataclass
from typing import Final

# The version, two ids and flags in lower-case hexadecimal. A later version may add fields behind them (3.2.4).
_FIELDS: Final = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The caller's trace, its span in it, and whether it keeps them."""

    trace_id: int
    span_id: int
    sampled: bool


def read_traceparent(text: str) -> TraceParent | None:
    """Read the header's value; None for what is not well-formed, which is to be overlooked (3.2.3)."""
    found = _FIELDS.fullmatch(text)
    if not found or found["version"] == "ff" or (found["version"] == "00" and found["more"]):
        return None
    trace_id, span_id = int(found["trace"], 16), int(found["span"], 16)
    if not trace_id or not span_id:
        return None
    return TraceParent(trace_id, span_id, bool(int(found["flags"], 16) & 1))
