"""Notifications: mail for the other services, the callers' inbox, the administrators' log."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking


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
    """The caller's in-app notifications, newest first; `page`, `per_page`, `unread=true` in `query`."""

    service, name = "notify", "inbox.list"
    parameters = taking("unread", *PAGES)
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
    """The log of all notifications, newest first; `status`, `channel`, `page`, `per_page` in `query`."""

    service, name = "notify", "log.list"
    parameters = taking("status", "channel", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RetryNotification(Request[Response]):
    """Send a failed notification once more, now."""

    service, name = "notify", "log.retry"
    writes = Writes.APP
    id: str
