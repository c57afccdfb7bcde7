"""Whether, when and together with what a person is told. Pure: time is a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from libs.shared.contracts.notification_bodies import PreferencesBody
from libs.shared.schema.notification_channels import EMAIL, IN_APP
from services.notify.matching import NewNotification

BURST = timedelta(minutes=1)
"""After a mail of a rule to a person, its further ones are gathered for this long."""
DEFAULTS = PreferencesBody()
UNMUTABLE = ("approval_requested", "reminder", "escalated")
"""Occasions that ask for a decision: they are told whatever a person prefers."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences of the users who are told, by id; those of others are the defaults."""

    by_user: Mapping[str, PreferencesBody]

    @property
    def locales(self) -> dict[str, str]:
        """The locales of those who have chosen one."""
        return {user_id: each.locale for user_id, each in self.by_user.items() if each.locale}

    def applied(self, new: NewNotification, now: datetime) -> NewNotification:
        """The notification as its receiver wants it."""
        if new.error or new.reason or new.user_id is None or is_mandatory(new):
            return new
        wanted = self.by_user.get(new.user_id, DEFAULTS)
        if (reason := _unwanted(new, wanted)) is not None:
            return replace(new, reason=reason)
        email = wanted.channels.email
        if new.channel_type == EMAIL and email.digest != "none":
            hold = f"digest/{new.user_id}/{new.channel_id or new.channel}"
            due_at = next_digest(email.digest, email.at, email.timezone, now)
            return replace(new, hold=hold, due_at=due_at)
        return new


def is_mandatory(new: NewNotification) -> bool:
    """Whether a notification can't be muted."""
    workflow = new.metadata.get("workflow")
    return new.mandatory or (isinstance(workflow, dict) and workflow.get("occasion") in UNMUTABLE)


def _unwanted(new: NewNotification, wanted: PreferencesBody) -> str | None:
    """Why a person does not want a notification, if so."""
    channels = wanted.channels
    if new.channel_type == EMAIL and not channels.email.enabled:
        return "the recipient has turned mails off"
    if new.channel_type == IN_APP and not channels.in_app.enabled:
        return "the recipient has turned the inbox off"
    workflow: Mapping[str, Any] = new.metadata.get("workflow") or {}
    about = {"entity": new.entity, "rule": new.metadata.get("rule"), "workflow": workflow.get("name")}
    for muted in wanted.muted:
        for kind, name in about.items():
            if name is not None and getattr(muted, kind) == name:
                return f"the recipient has muted the {kind} {name}"
    return None


def next_digest(digest: str, at: str, timezone: str, now: datetime) -> datetime:
    """When the next digest is due, by the clock where the person lives."""
    here = now.astimezone(ZoneInfo(timezone))
    if digest == "hourly":
        # A time zone may be half an hour off: whole hours are those of its own clock.
        past = timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond)
        return now - past + timedelta(hours=1)
    hour, minute = map(int, at.split(":"))
    due = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if due.astimezone(now.tzinfo) <= now:
        due = (here + timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return due.astimezone(now.tzinfo)


def burst_key(new: NewNotification) -> str | None:
    """The key of mails that come in bursts: those of one rule to one person."""
    rule = new.metadata.get("rule_id")
    if new.channel_type != EMAIL or rule is None or new.error or new.reason or new.hold or is_mandatory(new):
        return None
    return f"burst/{rule}/{new.user_id or new.recipient}"


def gathered(
    notifications: Sequence[NewNotification], open_since: Mapping[str, datetime], now: datetime
) -> Iterator[NewNotification]:
    """The notifications, where those of a burst but its first go out together, a minute after it.

    `open_since` is by key when the first mail of a burst went out; a burst that opens now has none.
    """
    opened = dict(open_since)
    for new in notifications:
        key = burst_key(new)
        if key is None:
            yield new
        elif key in opened:
            yield replace(new, hold=f"{key}/{opened[key].isoformat()}", due_at=opened[key] + BURST)
        else:
            opened[key] = now
            yield new
