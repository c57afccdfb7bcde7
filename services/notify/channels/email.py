"""Mails through SMTP: through the server of the channel, or through that of the installation."""

from __future__ import annotations

import asyncio
import hashlib
import html
import socket
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from libs.shared.contracts.context import AppRef
from libs.shared.encryption import Undecryptable
from libs.shared.schema.notification_channels import EmailConfig
from services.notify.channels.outgoing import Outgoing
from services.notify.definitions import Channel
from services.notify.rendering import page
from services.notify.retry_policy import SendOutcome
from services.notify.settings import NotifySettings

MAX_ERROR_CHARACTERS = 2_000
NO_SERVER = SendOutcome(sent=False, error="no SMTP server is configured", permanent=True)
UNREADABLE = SendOutcome(sent=False, error="the password of the channel can't be read; set it again", permanent=True)
TLS = {"implicit": "tls", "starttls": "starttls", "none": "none"}

Decrypt = Callable[[AppRef, str], str]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server and the sender of the mails that go through it. `tls` is none, starttls or tls."""

    host: str
    port: int
    username: str
    password: str
    sender: str
    sender_name: str
    tls: str


def server_of(config: EmailConfig, settings: NotifySettings, password: str) -> SmtpServer | None:
    """The server of a channel: its own, or that of the installation; None if there is none."""
    if config.host:
        return SmtpServer(
            config.host, config.port, config.username, password, config.sender, config.from_name, TLS[config.tls]
        )
    if not settings.smtp_host:
        return None
    return SmtpServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_username,
        settings.smtp_password,
        config.sender or settings.smtp_from,
        config.from_name,
        settings.smtp_tls,
    )


def message_of(mail: Outgoing, sender: str, sender_name: str = "", app: str = "") -> EmailMessage:
    """The message. Its Message-ID comes from the notification, so a repeated one is recognised.

    Mails about one record refer to the same former message, which is never sent, so that programs show them together.
    """
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Date"] = format_datetime(mail.created_at)
    message["From"] = Address(sender_name, addr_spec=sender) if sender_name else sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Auto-Submitted"] = "auto-generated"
    if mail.entity and mail.record_id:
        about = hashlib.sha256(f"{app}/{mail.entity}/{mail.record_id}".encode()).hexdigest()[:32]
        message["In-Reply-To"] = message["References"] = f"<{about}.record@{domain}>"
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text + (f"\n\n-- \n{mail.preferences}" if mail.preferences else ""))
    if mail.html:
        link = html.escape(mail.preferences)
        foot = f'<a href="{link}">Notification preferences</a>' if link else ""
        message.add_alternative(page(mail.html, foot), subtype="html")
    return message


class EmailChannel:
    """Sends mails."""

    def __init__(self, settings: NotifySettings, decrypt: Decrypt) -> None:
        self._settings = settings
        self._decrypt = decrypt

    async def send(self, app: AppRef, channel: Channel, outgoing: Outgoing) -> SendOutcome:
        """Send a mail."""
        config = channel.definition.config
        assert isinstance(config, EmailConfig)
        try:
            server = server_of(config, self._settings, self._decrypt(app, config.password))
        except Undecryptable:
            return UNREADABLE
        if server is None:
            return NO_SERVER
        return await deliver(outgoing, server, self._settings.smtp_timeout, app.id)


async def deliver(outgoing: Outgoing, server: SmtpServer, timeout_s: float, app_id: str = "") -> SendOutcome:
    """Hand a mail to its server, once."""
    try:
        message = message_of(outgoing, server.sender, server.sender_name, app_id)
        async with asyncio.timeout(timeout_s):
            refused, _ = await aiosmtplib.send(
                message,
                sender=server.sender,
                recipients=outgoing.recipient.split(", "),
                hostname=server.host,
                port=server.port,
                username=server.username or None,
                password=server.password or None,
                timeout=timeout_s,
                use_tls=server.tls == "tls",
                start_tls=server.tls == "starttls",
                local_hostname=socket.gethostname(),
            )
    except (TimeoutError, aiosmtplib.SMTPException, OSError, ValueError) as error:
        return SendOutcome(False, _reason(error, timeout_s), _is_permanent(error))
    return SendOutcome(True, f"refused for {', '.join(sorted(refused))}" if refused else None)


def _reason(error: Exception, limit: float) -> str:
    if isinstance(error, TimeoutError) and not isinstance(error, aiosmtplib.SMTPException):
        return f"the SMTP server took longer than {limit:g} s"
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        reasons = (f"{one.recipient}: {one.code} {one.message}" for one in error.recipients)
        return f"all recipients refused: {'; '.join(reasons)}"[:MAX_ERROR_CHARACTERS]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"the SMTP server answered {error.code} {error.message}"[:MAX_ERROR_CHARACTERS]
    return f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS]


def _is_permanent(error: Exception) -> bool:
    """Whether the server refused this mail (5yz). Failed logins and connections are retried."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(one.code >= 500 for one in error.recipients)
    if isinstance(error, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPDataError):
        return error.code >= 500
    return isinstance(error, ValueError)
