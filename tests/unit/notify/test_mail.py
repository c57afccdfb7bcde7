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

from libs.shared.schema.notification_channels import NotificationChannel
from services.notify.channels.email import EmailChannel, message_of, server_of
from services.notify.channels.outgoing import Outgoing
from services.notify.definitions import Channel
from services.notify.retry_policy import SendOutcome
from services.notify.settings import NotifySettings
from tests.unit.notify.commits import APP, DEFINITIONS

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


async def send(outgoing: Outgoing, known: NotifySettings) -> SendOutcome:
    """Send through the server of the installation."""
    channel = EmailChannel(known, lambda app, secret: secret)
    return await channel.send(APP, DEFINITIONS.channels["email"], outgoing)


def mail(**parts: Any) -> Outgoing:
    values: dict[str, Any] = {
        "id": "0190a000-0000-7000-8000-0000000000b1",
        "recipient": "ann@example.com",
        "subject": "Zoë’s ticket",
        "text": "Hello Zoë,\n.\nbye\n",
        "created_at": datetime(2026, 5, 4, 10, tzinfo=UTC),
        **parts,
    }
    return Outgoing(**values)


async def test_a_mail_arrives_as_it_was_written(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    assert await send(mail(), settings(smtp_host="127.0.0.1", smtp_port=port)) == SendOutcome(sent=True)
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
    first, second = message_of(mail(), "a@b.org"), message_of(mail(), "a@b.org")
    assert first.as_bytes() == second.as_bytes()


async def test_refusals_say_whether_to_try_again(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    for answer, permanent in (("451 later", False), ("550 never", True)):
        box.refusal = {"ann@example.com": answer}
        outcome = await send(mail(), settings(smtp_host="127.0.0.1", smtp_port=port))
        assert outcome == SendOutcome(False, f"all recipients refused: ann@example.com: {answer}", permanent)


async def test_one_refused_recipient_does_not_stop_the_others(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    box.refusal = {"bob@example.com": "550 never"}
    letter = mail(recipient="ann@example.com, bob@example.com")
    outcome = await send(letter, settings(smtp_host="127.0.0.1", smtp_port=port))
    assert outcome == SendOutcome(True, "refused for bob@example.com")
    assert box.received[0].rcpt_tos == ["ann@example.com"]


async def test_a_server_that_is_away_is_tried_again() -> None:
    outcome = await send(mail(), settings(smtp_host="127.0.0.1", smtp_port=1))
    assert (outcome.sent, outcome.permanent) == (False, False)
    assert outcome.error


async def test_without_a_server_the_mail_fails_for_good() -> None:
    assert await send(mail(), settings()) == SendOutcome(False, "no SMTP server is configured", permanent=True)


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


def test_mails_have_parts_threads_and_a_way_out() -> None:
    about = {"entity": "ticket", "record_id": "7"}
    letter = mail(
        html="<p>Hi</p>", unsubscribe="https://r.example/u?token=t", preferences="https://r.example/p", **about
    )
    message, other = message_of(letter, "a@b.org", "Shop"), message_of(mail(id="x", **about), "a@b.org")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["References"] == message["In-Reply-To"] == other["In-Reply-To"] != other["Message-ID"]
    assert message["From"] == "Shop <a@b.org>"
    assert message["List-Unsubscribe"] == "<https://r.example/u?token=t>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, page = (part.get_content() for part in message.iter_parts())
    assert "https://r.example/p" in text and 'href="https://r.example/p"' in page and "prefers-color-scheme" in page


def test_a_channel_has_a_server_of_its_own() -> None:
    config = {
        "host": "mail.example",
        "username": "u",
        "password": "sealed",
        "from": "shop@b.example",
        "tls": "implicit",
    }
    channel = Channel("c", NotificationChannel.model_validate({"name": "own", "type": "email", "config": config}))
    server = server_of(channel.definition.config, settings(), "open")  # type: ignore[arg-type]
    assert server is not None
    assert (server.host, server.tls, server.password, server.sender) == (
        "mail.example",
        "tls",
        "open",
        "shop@b.example",
    )
