"""IP addresses and networks, each in one spelling: an IPv4 address written as IPv6 is the IPv4 address."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def read_address(text: str) -> Address | None:
    """An IP address; None for whatever is none. `::ffff:192.0.2.1` is 192.0.2.1 (RFC 4291 2.5.5.2)."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def as_source(address: Address) -> str:
    """What is counted as one address: of IPv6 the first 64 bits, since whoever has one has all that follow (RFC 4291 2.5.4)."""
    return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)


def read_network(text: str) -> Network:
    """A network such as `192.0.2.0/24`; an address stands for itself alone. Raises ValueError, also for bits set behind the prefix."""
    return ip_network(text)


def is_within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks. An address that is not known is in none."""
    return address is not None and any(address in network for network in networks)
