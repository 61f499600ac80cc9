import pytest

from backend.kit.text.emails import InvalidEmail, email_domain, mailbox, normalize_email


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


@pytest.mark.parametrize(
    ("email", "counted_as"),
    [
        ("ada@example.com", "ada@example.com"),
        ("ada+1@example.com", "ada@example.com"),
        ("ada+1+2@example.com", "ada@example.com"),
        ("a.da@example.com", "a.da@example.com"),
        ("a.d.a+x.y@gmail.com", "ada@gmail.com"),
        ("a.da@googlemail.com", "ada@googlemail.com"),
        ("+1@example.com", "+1@example.com"),
    ],
)
def test_one_mailbox_is_counted_once_whatever_is_written_before_the_at_sign(
    email: str, counted_as: str
) -> None:
    assert mailbox(email) == counted_as
