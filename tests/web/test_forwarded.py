"""Where a request came from, behind proxies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.addresses import read_address, read_network
from kerbauth.settings.server import ProxyHeader
from kerbauth.web.forwarded import HOP_LIMIT, PART_LIMIT, UNKNOWN, TrustedProxies

PROXIES = tuple(map(read_network, ("10.0.0.0/8", "127.0.0.1", "2001:db8:1::/48")))
XFF = TrustedProxies(PROXIES)
FORWARDED = TrustedProxies(PROXIES, ProxyHeader.FORWARDED)
STRANGER = "198.51.100.7"


def test_without_trusted_proxies_the_header_is_not_looked_at() -> None:
    assert TrustedProxies().peer("10.0.0.1", ["192.0.2.1"]) == "10.0.0.1"


def test_a_peer_that_is_no_trusted_proxy_is_not_believed() -> None:
    assert XFF.peer(STRANGER, ["192.0.2.1"]) == STRANGER


def test_a_trusted_proxy_that_says_nothing_asks_for_itself() -> None:
    assert XFF.peer("10.0.0.1", []) == "10.0.0.1"


@pytest.mark.parametrize("connected", ["", "unix", "/run/socket"])
def test_a_peer_without_an_address_is_unknown(connected: str) -> None:
    assert XFF.peer(connected, ["192.0.2.1"]) == UNKNOWN


@pytest.mark.parametrize(
    ("values", "peer"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1:4711"], "192.0.2.1"),
        (["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1,10.1.1.1 , 10.2.2.2"], "192.0.2.1"),
        (["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1", "10.1.1.1"], "192.0.2.1"),
        (["2001:DB8::9"], "2001:db8::9"),
        (["[2001:db8::9]"], "2001:db8::9"),
        (["[2001:db8::9]:80"], "2001:db8::9"),
        (["2001:db8:1::5, 10.1.1.1"], "2001:db8:1::5"),  # trusted all the way: the first proxy asks for itself
        (["::ffff:192.0.2.1"], "192.0.2.1"),
        (["garbage, 192.0.2.1"], "192.0.2.1"),  # what a stranger put there is not even looked at
        (["127.0.0.1, 192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1, garbage"], UNKNOWN),
        (["192.0.2.1, "], UNKNOWN),
        ([""], UNKNOWN),
        (["unknown"], UNKNOWN),
        (["192.0.2.256"], UNKNOWN),
        (["192.0.2.1:"], UNKNOWN),
        (["192.0.2.1:123456"], UNKNOWN),
        (["fe80::1%eth0"], UNKNOWN),
        (['"192.0.2.1"'], UNKNOWN),
        (["for=192.0.2.1"], UNKNOWN),
        (["192.0.2.1 10.1.1.1"], UNKNOWN),
        (["A" * 100_000], UNKNOWN),
        (["192.0.2.1," + " " * PART_LIMIT + "10.0.0.1"], UNKNOWN),
        (["192.0.2.1, " + "10.0.0.1, " * HOP_LIMIT + "10.0.0.1"], UNKNOWN),
    ],
)
def test_x_forwarded_for_is_read_from_the_right(values: list[str], peer: str) -> None:
    assert XFF.peer("10.0.0.1", values) == peer


@pytest.mark.parametrize(
    ("values", "peer"),
    [
        (["for=192.0.2.1"], "192.0.2.1"),
        (["For=192.0.2.1;proto=https;by=203.0.113.43"], "192.0.2.1"),
        (["by=203.0.113.43; for=192.0.2.1"], "192.0.2.1"),
        (['for="192.0.2.1:4711"'], "192.0.2.1"),
        (['for="192.0.2.1:_port"'], "192.0.2.1"),
        (['for="[2001:db8::9]:4711"'], "2001:db8::9"),
        (['for="[2001:db8::9]"'], "2001:db8::9"),
        (['for="192.0.2\\.1"'], "192.0.2.1"),
        (["for=203.0.113.9, for=192.0.2.1, for=10.1.1.1"], "192.0.2.1"),
        (["for=203.0.113.9", "for=192.0.2.1"], "192.0.2.1"),
        (['for=203.0.113.9;x=", for=192.0.2.1'], "192.0.2.1"),  # a quotation mark that a stranger opened
        (['x="\\", for=192.0.2.1;host="a,b"'], "192.0.2.1"),
        (['for=192.0.2.1;host="a\\"b,c"'], "192.0.2.1"),
        (["for=unknown"], UNKNOWN),
        (["for=_hidden"], UNKNOWN),
        (["for=_hidden, for=10.1.1.1"], UNKNOWN),
        (['for="2001:db8::9"'], UNKNOWN),  # RFC 7239 6.1: brackets
        (["for=192.0.2.1;for=192.0.2.2"], UNKNOWN),
        (["proto=https"], UNKNOWN),
        (["192.0.2.1"], UNKNOWN),
        (["for=192.0.2.1 proto=https"], UNKNOWN),
        (['for="192.0.2.1'], UNKNOWN),
        (["for=192.0.2.1;"], UNKNOWN),
        ([""], UNKNOWN),
    ],
)
def test_forwarded_is_read_from_the_right(values: list[str], peer: str) -> None:
    assert FORWARDED.peer("10.0.0.1", values) == peer


# What a stranger may send: any text, and texts made of what matters here.
LIKELY = st.lists(
    st.sampled_from(['"', "\\", ",", ";", "=", " ", "for=", "10.0.0.1", "127.0.0.1", "192.0.2.1", "[::1]", ":80", "_", "unknown"]),
    max_size=30,
).map("".join)
ANYTHING = st.one_of(st.text(max_size=200), LIKELY)
FIELDS = st.lists(ANYTHING, max_size=5)


@given(FIELDS, st.sampled_from([XFF, FORWARDED]), st.sampled_from(["10.0.0.1", "127.0.0.1", STRANGER, "", "::1"]))
def test_nothing_raises_and_the_result_is_an_address_or_unknown(fields: list[str], proxies: TrustedProxies, connected: str) -> None:
    peer = proxies.peer(connected, fields)
    assert peer == UNKNOWN or str(read_address(peer)) == peer


@given(FIELDS, st.booleans())
def test_a_stranger_behind_a_proxy_cannot_choose_its_address(fields: list[str], own_line: bool) -> None:
    for proxies, part in (
        (XFF, STRANGER),
        (FORWARDED, f"for={STRANGER}"),
        (FORWARDED, f'by="[2001:db8:1::1]";for="{STRANGER}:443";host="a,b"'),
    ):
        handed_on = [*fields, part] if own_line or not fields else [*fields[:-1], f"{fields[-1]}, {part}"]
        assert proxies.peer("10.0.0.1", handed_on) == STRANGER


@given(FIELDS)
def test_nor_behind_two_proxies(fields: list[str]) -> None:
    assert XFF.peer("10.0.0.1", [*fields, f"{STRANGER}, 10.2.2.2"]) == STRANGER
    assert FORWARDED.peer("10.0.0.1", [*fields, f"for={STRANGER}", 'for="10.2.2.2:80"']) == STRANGER
