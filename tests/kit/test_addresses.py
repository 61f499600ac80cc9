import pytest

from backend.kit.addresses import client_network


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_site(ip: str | None, network: str) -> None:
    assert client_network(ip) == network
