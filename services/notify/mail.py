"""Builds one mail and sends it through SMTP."""

from __future__ import annotations

import asyncio
import socket
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from services.notify.retry_policy import MailOutcome
from services.notify.settings import NotifySettings
from services.notify.store import ClaimedMail

MAX_ERROR_CHARACTERS = 2_000
NO_SERVER = MailOutcome(sent=False, error="no SMTP server is configured", permanent=True)


def message_of(mail: ClaimedMail, sender: str) -> EmailMessage:
    """The message. Its Message-ID comes from the notification, so a repeated one is recognised."""
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(mail.created_at)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


async def send(mail: ClaimedMail, settings: NotifySettings) -> MailOutcome:
    """Send once, within the time limit. Raises nothing: the outcome contains every error."""
    if not settings.smtp_host:
        return NO_SERVER
    try:
        message = message_of(mail, settings.smtp_from)
        async with asyncio.timeout(settings.smtp_timeout):
            refused, _ = await aiosmtplib.send(
                message,
                sender=settings.smtp_from,
                recipients=mail.recipient.split(", "),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username or None,
                password=settings.smtp_password or None,
                timeout=settings.smtp_timeout,
                use_tls=settings.smtp_tls == "tls",
                start_tls=settings.smtp_tls == "starttls",
                local_hostname=socket.gethostname(),
            )
    except (TimeoutError, aiosmtplib.SMTPException, OSError, ValueError) as error:
        return MailOutcome(False, _reason(error, settings.smtp_timeout), _is_permanent(error))
    return MailOutcome(True, f"refused for {', '.join(sorted(refused))}" if refused else None)


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
