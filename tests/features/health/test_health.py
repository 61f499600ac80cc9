import httpx


class TestHealth:
    async def test_says_the_process_is_alive(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/health")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}
