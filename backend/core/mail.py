"""Mail over SMTP; printed to the terminal when no server is configured.

Send from a job: it is slow, it may fail and be retried, and no transaction should wait for it.
"""

import ssl
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog
from jinja2 import Environment, FileSystemLoader

from backend.core.settings import Settings
from backend.kit.text.emails import email_domain

log = structlog.stdlib.get_logger(__name__)

TIMEOUT = 20.0
"""Seconds allowed for each step of the SMTP conversation."""
TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


@dataclass(frozen=True, slots=True, repr=False)
class SmtpServer:
    """Where SMTP_URL points.

    `smtps://` uses TLS from the first byte. `smtp://` upgrades with STARTTLS if the server offers
    it, and requires it if there is a password: credentials are never sent in clear text.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    implicit_tls: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse `smtp[s]://[user:password@]host[:port]`; port 587 by default, 465 with TLS."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if tls else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=tls,
        )


class Mailer:
    """Sends plain text with an HTML alternative that says the same."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None = None) -> None:
        """`tls` replaces the system's trusted certificates, for a server with a private one."""
        url = settings.smtp_url
        self._server = SmtpServer.parse(url.get_secret_value()) if url else None
        self._sender = settings.mail_from
        self._print = not settings.production
        self._tls = tls

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send one mail.

        Args:
            to: the recipient's address.
            subject: one line.
            text: paragraphs separated by blank lines; one that is only a URL becomes a link.

        Raises:
            aiosmtplib.SMTPException: the server did not accept it; the job tries again.
        """
        message = self._compose(to, subject, text)
        if self._server is not None:
            await self._deliver(self._server, message)
        elif self._print:
            sys.stderr.write(
                f"\n--- mail to {to} ---\n{subject}\n\n{text}\n--- end of mail ---\n\n"
            )
        else:
            log.warning("a mail was not sent: SMTP_URL is not set", subject=subject)

    def _compose(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = make_msgid(domain=email_domain(parseaddr(self._sender)[1]))
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
        message.set_content(text)
        message.add_alternative(as_html(subject, text), subtype="html")
        return message

    async def _deliver(self, server: SmtpServer, message: EmailMessage) -> None:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=True if server.username and not server.implicit_tls else None,
            tls_context=self._tls,
            timeout=TIMEOUT,
        )


def as_html(subject: str, text: str) -> str:
    """The same text as a small HTML page, with everything escaped."""
    paragraphs = [paragraph.strip() for paragraph in text.split("\n\n")]
    return TEMPLATES.get_template("mail.html").render(subject=subject, paragraphs=paragraphs)
