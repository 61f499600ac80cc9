import pytest

from backend.kit.text.emails import InvalidEmail, email_domain, normalize_email


class TestNormalizeEmail:
    @pytest.mark.parametrize(
        ("raw", "normal"),
        [
            ("Ada@Example.COM", "ada@example.com"),
            ("ada+tag@example.com", "ada+tag@example.com"),
            ("ada@bücher.de", "ada@xn--bcher-kva.de"),
            ("ada@BÜCHER.de", "ada@xn--bcher-kva.de"),
            ("o'brien@example.com", "o'brien@example.com"),
        ],
    )
    def test_gives_one_spelling(self, raw: str, normal: str) -> None:
        assert normalize_email(raw) == normal
        assert normalize_email(normal) == normal

    @pytest.mark.parametrize("raw", ["ada", "ada@x", "ada@example.test", "a b@example.com", "@"])
    def test_refuses_the_rest(self, raw: str) -> None:
        with pytest.raises(InvalidEmail):
            normalize_email(raw)


def test_the_domain_is_what_follows_the_at_sign() -> None:
    assert email_domain("ada@example.com") == "example.com"
