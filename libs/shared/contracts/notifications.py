"""Notifications: mail for the other services, the callers' inbox, the administrators' log."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.notification_bodies import (
    ChannelTestBody,
    PreferencesBody,
    RetryManyBody,
    TemplatePreviewBody,
)
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

LOG_FILTERS = ("status", "channel", "channel_id", "recipient", "entity", "record_id", "rule", "from", "to")
"""Parameters that select notifications of the log."""


@dataclass(frozen=True, slots=True)
class MailQueued:
    """A mail that will be sent: its id in the log; `repeated` if its effect key was used before."""

    id: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class SendMail(Request[MailQueued]):
    """One plain-text mail of the app in the context, queued once per `effect_key`, for ever.

    All of `to` see each other's addresses. Refused with VALIDATION_FAILED for what is no address. The text of a
    `confidential` one is in no log, and is forgotten once it has been sent, or given up.
    """

    service, name, reply = "notify", "mail.send", MailQueued
    to: list[str]
    subject: str
    text: str
    effect_key: str
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class ListInbox(Request[Response]):
    """The caller's in-app notifications, newest first.

    `query` has `page`, `per_page`, `unread`, `archived` (true or false; without it, what is not archived) and `type`.
    """

    service, name = "notify", "inbox.list"
    parameters = taking("unread", "archived", "type", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReadNotification(Request[Response]):
    """Mark one of the caller's notifications as read."""

    service, name = "notify", "inbox.read"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class UnreadNotification(Request[Response]):
    """Mark one of the caller's notifications as unread."""

    service, name = "notify", "inbox.unread"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class ArchiveNotification(Request[Response]):
    """Put one of the caller's notifications into the archive; it counts as read."""

    service, name = "notify", "inbox.archive"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class NewInboxRows:
    """New notifications as JSON objects in `body`, one per line, with id and position each, as `NewEvents` has them."""

    position: int
    events: list[tuple[str, int]]
    is_cut: bool = False
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListNewInboxRows(Request[NewInboxRows]):
    """The caller's in-app notifications that came after a position (microseconds since 1970). -1: none, only that."""

    service, name, reply = "notify", "inbox.new", NewInboxRows
    after: int


@dataclass(frozen=True, slots=True)
class GetPreferences(Request[Response]):
    """How the caller wants to be notified."""

    service, name = "notify", "preferences.get"


@dataclass(frozen=True, slots=True)
class ReplacePreferences(Request[Response]):
    """Change how the caller is notified."""

    service, name = "notify", "preferences.replace"
    writes = Writes.APP
    body_model = PreferencesBody
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Unsubscribe(Request[Response]):
    """Mute what a mail was about, for the person it was sent to; `token` comes from its List-Unsubscribe header."""

    service, name = "notify", "preferences.unsubscribe"
    by_services = True
    token: str


@dataclass(frozen=True, slots=True)
class CountUnread(Request[Response]):
    """How many of the caller's notifications are unread; 10,000 stands for more."""

    service, name = "notify", "inbox.count_unread"


@dataclass(frozen=True, slots=True)
class ReadAllNotifications(Request[Response]):
    """Mark all of the caller's notifications as read."""

    service, name = "notify", "inbox.read_all"
    writes = Writes.APP


@dataclass(frozen=True, slots=True)
class ListNotifications(Request[Response]):
    """The log of all notifications, newest first; its filters, `sort` (created_at or -created_at) and the page."""

    service, name = "notify", "log.list"
    parameters = taking(*LOG_FILTERS, "sort", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetNotification(Request[Response]):
    """One notification of the log, with its attempts."""

    service, name = "notify", "log.get"
    id: str


@dataclass(frozen=True, slots=True)
class RetryNotification(Request[Response]):
    """Send a failed notification once more, now."""

    service, name = "notify", "log.retry"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class RetryNotifications(Request[Response]):
    """Send all failed notifications that a filter selects once more, now."""

    service, name = "notify", "log.retry_many"
    writes = Writes.APP
    body_model = RetryManyBody
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class TestChannel(Request[Response]):
    """Send a test message by a channel, now. A failure is part of the response."""

    service, name = "notify", "channels.test"
    timeout = 70.0
    body_model = ChannelTestBody
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class PreviewTemplate(Request[Response]):
    """A template, or a draft of it, filled with a record or with given variables; unknown ones are named."""

    service, name = "notify", "templates.preview"
    body_model = TemplatePreviewBody
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class PreviewDraft(Request[Response]):
    """A template that is not saved yet, filled in the same way."""

    service, name = "notify", "templates.preview_draft"
    body_model = TemplatePreviewBody
    body: bytes = b""
