import datetime
import ssl
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr, ValidationError

from backend.core.mail import Mailer
from backend.core.settings import Environment, Settings
from tests.support.mailbox import Mailbox, mail_server, text_of

TO = "ada@example.com"


class Certificate:
    """A self-signed certificate for 127.0.0.1, and what trusts only it."""

    def __init__(self, folder: Path) -> None:
        pem = folder / "server.pem"
        pem.write_bytes(_self_signed())
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(pem)
        self.client = ssl.create_default_context(cafile=str(pem))
        self.client.check_hostname = False


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


def mailer(url: str | None, tls: ssl.SSLContext | None = None) -> Mailer:
    return Mailer(Settings(smtp_url=SecretStr(url) if url else None), tls)


def only_ada(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=login == LoginPassword(b"ada", b"p@ss/word"))


class TestSend:
    async def test_delivers_text_and_html(self) -> None:
        async with mail_server(Mailbox()) as mailbox:
            await mailer(mailbox.url).send(TO, "Grüße", "One <b>.\n\nhttps://example.com/#a=1\n")

        (mail,) = mailbox.of(TO)
        html = mail.get_body(("html",))
        assert mail["Subject"] == "Grüße"
        assert mail["From"] == "We-Upload <no-reply@localhost>"
        assert mail["Message-ID"]
        assert mail["Auto-Submitted"] == "auto-generated"
        assert text_of(mail) == "One <b>.\n\nhttps://example.com/#a=1\n"
        assert html is not None
        assert "One &lt;b&gt;." in html.get_content()
        assert '<a href="https://example.com/#a=1"' in html.get_content()

    @pytest.mark.parametrize("subject", ["Hi\nBcc: eve@example.com", "Hi\r\nX: y"])
    async def test_lets_nothing_into_the_headers(self, subject: str) -> None:
        async with mail_server(Mailbox()) as mailbox:
            with pytest.raises(ValueError, match="linefeed or carriage return"):
                await mailer(mailbox.url).send(TO, subject, "text")

        assert mailbox.of("eve@example.com") == []

    async def test_fails_when_nobody_answers(self) -> None:
        with pytest.raises(aiosmtplib.SMTPException):
            await mailer("smtp://127.0.0.1:1").send(TO, "Hi", "text")


class TestTls:
    async def test_signs_in_after_starttls(self, certificate: Certificate) -> None:
        options: dict[str, Any] = {"tls_context": certificate.server, "authenticator": only_ada}
        async with mail_server(Mailbox(), **options, auth_required=True) as mailbox:
            url = mailbox.url.replace("//", "//ada:p%40ss%2Fword@")
            await mailer(url, certificate.client).send(TO, "Hi", "text")

        assert mailbox.subjects(TO) == ["Hi"]

    async def test_never_sends_a_password_in_clear(self) -> None:
        async with mail_server(
            Mailbox(), authenticator=only_ada, auth_require_tls=False
        ) as mailbox:
            url = mailbox.url.replace("//", "//ada:p%40ss%2Fword@")
            with pytest.raises(aiosmtplib.SMTPException, match="STARTTLS"):
                await mailer(url).send(TO, "Hi", "text")

        assert mailbox.of(TO) == []

    async def test_refuses_a_server_it_does_not_trust(self, certificate: Certificate) -> None:
        async with mail_server(Mailbox(), tls_context=certificate.server) as mailbox:
            with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
                await mailer(mailbox.url).send(TO, "Hi", "text")

        assert mailbox.of(TO) == []

    async def test_smtps_is_tls_from_the_first_byte(self, certificate: Certificate) -> None:
        async with mail_server(Mailbox(), implicit_tls=certificate.server) as mailbox:
            url = mailbox.url.replace("smtp:", "smtps:")
            await mailer(url, certificate.client).send(TO, "Hi", "text")

        assert mailbox.subjects(TO) == ["Hi"]


class TestWithoutServer:
    async def test_is_printed_in_development(self, capsys: pytest.CaptureFixture[str]) -> None:
        await mailer(None).send(TO, "Hi", "the text")

        printed = capsys.readouterr().err
        assert TO in printed
        assert "the text" in printed

    async def test_is_only_noted_in_production(
        self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = SecretStr("x" * 32)
        production = Settings(environment=Environment.PRODUCTION, secret_key=secret)

        await Mailer(production).send(TO, "Hi", "the token is 123")

        output = capsys.readouterr()
        assert "the token is 123" not in output.err + output.out + caplog.text


class TestSmtpUrl:
    @pytest.mark.parametrize("url", ["mail.example.com", "http://example.com", "smtp://", "smtp"])
    def test_refuses_anything_else(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv("SMTP_URL", url)

        with pytest.raises(ValidationError, match="write smtp://"):
            Settings()
