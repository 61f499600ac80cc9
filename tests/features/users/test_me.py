from tests.people import Register


class TestMe:
    async def test_shows_the_account_of_the_caller(self, register: Register) -> None:
        ada = await register(display_name="Ada")

        me = (await ada.http.get("/v1/users/me")).json()

        assert me["id"] == ada.id
        assert me["email"] == ada.email
        assert me["display_name"] == "Ada"
        assert me["role"] == "user"
        assert me["email_verified"] is False
