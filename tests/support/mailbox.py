"""A real SMTP server that keeps what it is given, and reading it."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Every mail that arrived, by recipient."""

    def __init__(self) -> None:
        self.url = ""
        self._mails: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail; called by aiosmtpd."""
        content: Any = envelope.content or b""
        message: Any = message_from_bytes(content, policy=policy.default)
        self._mails.extend((recipient, message) for recipient in envelope.rcpt_tos)
        return "250 OK"

    def of(self, email: str) -> list[EmailMessage]:
        """What `email` received, oldest first."""
        return [message for recipient, message in self._mails if recipient == email]

    def subjects(self, email: str) -> list[str]:
        """The subjects of what `email` received."""
        return [message["Subject"] for message in self.of(email)]

    def token(self, email: str, subject: str) -> str:
        """The token in the link of the newest mail to `email` with this subject."""
        mails = [message for message in self.of(email) if message["Subject"] == subject]
        found = re.search(r"#token=([A-Za-z0-9_-]+)", text_of(mails[-1]))
        assert found, "the mail holds no link with a token"
        return found.group(1)


def text_of(message: EmailMessage) -> str:
    """The plain text of a mail."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox, *, implicit_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[Mailbox]:
    """Let `mailbox` receive on a free loopback port; its `url` is the SMTP_URL."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, loop=loop, **options), host="127.0.0.1", port=0, ssl=implicit_tls
    )
    mailbox.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield mailbox
    server.close()
