import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kerbauth.core.traceparent import TraceParent, read_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def parent(*, sampled: bool) -> TraceParent:
    return TraceParent(int(TRACE, 16), int(SPAN, 16), sampled)


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"01-{TRACE}-{SPAN}-01", True),
        (f"fe-{TRACE}-{SPAN}-00-what-comes-later", False),
    ],
)
def test_a_well_formed_header_is_read(text: str, sampled: bool) -> None:
    assert read_traceparent(text) == parent(sampled=sampled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"01-{TRACE}-{SPAN}-01more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
    ],
)
def test_any_other_is_overlooked(text: str) -> None:
    assert read_traceparent(text) is None


@given(st.text())
@example(f"00-{TRACE}-{SPAN}-01")
def test_any_text_is_a_parent_or_none(text: str) -> None:
    found = read_traceparent(text)
    assert found is None or (0 < found.trace_id < 2**128 and 0 < found.span_id < 2**64)
