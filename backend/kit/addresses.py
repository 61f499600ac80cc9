"""Network addresses, as rate limits count them."""

from ipaddress import IPv6Address, ip_address, ip_network

IPV6_SITE_PREFIX = 64
"""One subscriber is given at least a /64 (RFC 6177): counting single addresses counts nothing."""


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
