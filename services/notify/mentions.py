"""The notifications of those who are mentioned in comments. Pure.

Who may be mentioned was decided when the comment was written: only those who could read its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema.comments import COMMENTS
from services.notify.matching import NewNotification
from services.notify.recipients import Addressees, Receivers
from services.notify.templates import MAX_BODY_CHARACTERS, one_line


@dataclass(frozen=True, slots=True)
class MentionNotification:
    """The persons whom a version of a comment mentions and no version before."""

    event: CommitEvent
    addressees: Addressees
    error: str | None = None
    channel: ClassVar[str] = "in_app"
    asked_by: ClassVar[str] = "mentions"
    needs_somebody: ClassVar[bool] = False
    """A user who was deactivated meanwhile is not notified, and nobody need know."""


def mention_notifications(event: CommitEvent) -> list[MentionNotification]:
    """At most one: for the new mentions of a comment, without its author's own name."""
    if event.entity != COMMENTS or event.action not in ("create", "update") or event.after is None:
        return []
    told = set((event.before or {}).get("notified") or ())
    fresh = {mention["id"] for mention in event.after.get("mentions") or ()} - told - {event.actor.get("id")}
    return [MentionNotification(event, Addressees(ids=frozenset(fresh)))] if fresh else []


def notifications_of(mention: MentionNotification, receivers: Receivers) -> list[NewNotification]:
    """One notification for each person."""
    return [_new(mention.event, address, user_id) for address, user_id in receivers]


def _new(event: CommitEvent, recipient: str, user_id: str | None) -> NewNotification:
    comment = event.after or {}
    return NewNotification(
        channel=MentionNotification.channel,
        recipient=recipient,
        subject=one_line(f"{comment.get('user_email') or 'Somebody'} mentioned you in a comment"),
        body=str(comment.get("body") or "")[:MAX_BODY_CHARACTERS],
        effect_key=f"mention/{event.record_id}/{user_id}",
        user_id=user_id,
        entity=comment.get("entity"),
        record_id=comment.get("record_id"),
        trace_id=event.trace_id,
        metadata={"comment_id": event.record_id, "action": "mentioned"},
        place=(event.position, event.n),
        origin="mention",
    )
