"""Network addresses, as rate limits count them."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPV6_SITE_PREFIX = 64
"""A subscriber gets at least a /64 (RFC 6177), so counting single addresses is useless."""


def client_network(ip: str | None) -> str:
    """The network that stands for one client: its IPv4 address, or its IPv6 /64."""
    if ip is None:
        return "unknown"
    try:
        address = ip_address(ip)
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), IPV6_SITE_PREFIX), strict=False))


def is_within(ip: str | None, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether an address is in one of the networks; without one (a Unix socket), it is local."""
    if ip is None:
        return True
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
