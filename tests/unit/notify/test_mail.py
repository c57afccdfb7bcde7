"""A mail through a real SMTP server."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notify.mail import message_of, send
from services.notify.retry_policy import MailOutcome
from services.notify.settings import NotifySettings
from services.notify.store import ClaimedMail

STRONG = "0123456789abcdef" * 2
SERVERS = {
    "secret_key": STRONG,
    "database_url": f"postgresql://u:{STRONG}@h/d",
    "nats_url": f"nats://u:{STRONG}@h",
}


class Mailbox:
    """Keeps what arrives; answers RCPT with `refusal` if there is one."""

    def __init__(self) -> None:
        self.refusal: dict[str, str] = {}
        self.received: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802  the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refusal:
            return self.refusal[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 OK"


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, int]]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: SMTP(box), "127.0.0.1", 0) as server:
        yield box, server.sockets[0].getsockname()[1]


def settings(**parts: Any) -> NotifySettings:
    common = {"database_url": "x", "secret_key": "s", "smtp_tls": "none", "smtp_from": "rocket@example.org"}
    return NotifySettings.model_validate({**common, **parts})


def mail(**parts: Any) -> ClaimedMail:
    values: dict[str, Any] = {
        "id": "0190a000-0000-7000-8000-0000000000b1",
        "recipient": "ann@example.com",
        "subject": "Zoë’s ticket",
        "body": "Hello Zoë,\n.\nbye\n",
        "entity": None,
        "record_id": None,
        "attempt": 0,
        "trace_id": "t",
        "created_at": datetime(2026, 5, 4, 10, tzinfo=UTC),
        "claimed_until": datetime(2026, 5, 4, 11, tzinfo=UTC),
        **parts,
    }
    return ClaimedMail(**values)


async def test_a_mail_arrives_as_it_was_written(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    assert await send(mail(), settings(smtp_host="127.0.0.1", smtp_port=port)) == MailOutcome(sent=True)
    [envelope] = box.received
    content = envelope.content
    assert isinstance(content, bytes)
    message = email.message_from_bytes(content, EmailMessage, policy=email.policy.default)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("rocket@example.org", ["ann@example.com"])
    assert message["Subject"] == "Zoë’s ticket"
    assert message["Message-ID"] == "<0190a000-0000-7000-8000-0000000000b1@example.org>"
    assert isinstance(message, EmailMessage)
    assert message.get_content().replace("\r\n", "\n") == "Hello Zoë,\n.\nbye\n"


def test_repeated_mails_are_the_same_message() -> None:
    first, second = message_of(mail(), "a@b.org"), message_of(mail(attempt=3), "a@b.org")
    assert first.as_bytes() == second.as_bytes()


async def test_refusals_say_whether_to_try_again(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    for answer, permanent in (("451 later", False), ("550 never", True)):
        box.refusal = {"ann@example.com": answer}
        outcome = await send(mail(), settings(smtp_host="127.0.0.1", smtp_port=port))
        assert outcome == MailOutcome(False, f"all recipients refused: ann@example.com: {answer}", permanent)


async def test_one_refused_recipient_does_not_stop_the_others(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    box.refusal = {"bob@example.com": "550 never"}
    letter = mail(recipient="ann@example.com, bob@example.com")
    outcome = await send(letter, settings(smtp_host="127.0.0.1", smtp_port=port))
    assert outcome == MailOutcome(True, "refused for bob@example.com")
    assert box.received[0].rcpt_tos == ["ann@example.com"]


async def test_a_server_that_is_away_is_tried_again() -> None:
    outcome = await send(mail(), settings(smtp_host="127.0.0.1", smtp_port=1))
    assert (outcome.sent, outcome.permanent) == (False, False)
    assert outcome.error


async def test_without_a_server_the_mail_fails_for_good() -> None:
    assert await send(mail(), settings()) == MailOutcome(False, "no SMTP server is configured", permanent=True)


def test_settings_that_can_not_work_are_refused() -> None:
    for wrong in (
        {"smtp_from": "nobody"},
        {
            "env": "production",
            "secret_key": STRONG,
            "database_url": f"postgresql://u:{STRONG}@h/d",
            "nats_url": f"nats://u:{STRONG}@h",
            "smtp_username": "u",
            "smtp_tls": "none",
        },
    ):
        with pytest.raises(ValueError, match="ROCKET_SMTP"):
            settings(**wrong)
