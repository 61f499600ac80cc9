from ipaddress import ip_network

import httpx
import pytest

from backend.core.settings import Settings
from tests.conftest import serve


class TestHealth:
    async def test_says_the_process_is_alive(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/health")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}


class TestMetrics:
    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("10.1.2.3", 200),
            ("fd00::1", 200),
            ("::ffff:192.168.1.1", 200),
            ("198.51.100.7", 404),
            ("2001:db8::1", 404),
            ("::ffff:198.51.100.7", 404),
            ("nonsense", 404),
        ],
    )
    async def test_are_for_our_own_networks(
        self, settings: Settings, address: str, status: int
    ) -> None:
        proxied = settings.model_copy(update={"trusted_proxies": [ip_network("127.0.0.0/8")]})
        async with serve(proxied) as url, httpx.AsyncClient(base_url=url, verify=False) as client:
            answer = await client.get("/metrics", headers={"X-Forwarded-For": address})

        assert answer.status_code == status
