"""The notification actions of transitions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from libs.shared.contracts.streams import CommitEvent
from libs.shared.emails import same_address
from libs.shared.liquid_templates import as_text
from libs.shared.schema.notification_channels import EMAIL
from libs.shared.schema.secrecy import quoted
from libs.shared.snapshots.subscriptions import public_action
from services.notify.definitions import Channel, NotificationDefinitions
from services.notify.matching import NewNotification
from services.notify.recipients import MAX_RECIPIENTS_OF_PATH, Addressees, Receivers, addressees_of, is_user_or_address
from services.notify.templates import MAX_BODY_CHARACTERS, one_line

NOTIFICATION = "send_notification"


@dataclass(frozen=True, slots=True)
class TransitionNotification:
    """One notification action of a commit: its texts and recipients."""

    event: CommitEvent
    number: int
    to: Channel
    subject: str
    body: str
    addressees: Addressees
    error: str | None = None

    needs_somebody: ClassVar[bool] = True
    """That it reaches nobody is worth knowing."""

    @property
    def channel(self) -> str:
        """The type of the channel."""
        return self.to.type

    @property
    def asked_by(self) -> str:
        """The key of the action, unique among the rules and actions of a commit."""
        return f"transition/{self.number}"


def transition_notifications(event: CommitEvent, definitions: NotificationDefinitions) -> list[TransitionNotification]:
    """The notification actions of a commit; their templates are filled."""
    return [
        _wish(event, number, effect, definitions)
        for number, effect in enumerate(event.effects)
        if effect["type"] == NOTIFICATION
    ]


def _wish(
    event: CommitEvent, number: int, effect: Mapping[str, Any], definitions: NotificationDefinitions
) -> TransitionNotification:
    channel, template = effect["channel"], effect.get("template")
    words = template if isinstance(template, Mapping) else {"body": template}
    body = as_text(words.get("body")).replace("\0", "")[:MAX_BODY_CHARACTERS]
    # Without a subject, the first line of the body is the subject.
    subject = one_line(as_text(words.get("subject")) or body.strip().partition("\n")[0])
    if (found := definitions.channels.get(channel)) is None:
        # Shown among the mails, as the channel does not exist.
        missing = f"there is no channel {one_line(channel)}"
        return TransitionNotification(event, number, definitions.channels[EMAIL], subject, body, Addressees(), missing)
    return TransitionNotification(event, number, found, subject, body, addressees_of(_recipients(effect.get("to")), {}))


def _recipients(to: Any) -> list[dict[str, str]]:
    """The addressees of an action: addresses, users' ids and names of roles, or `{user|email|role: …}` as in rules."""
    named = to[:MAX_RECIPIENTS_OF_PATH] if isinstance(to, list) else [to]
    recipients = []
    for each in named:
        if isinstance(each, str) and each:
            recipients.append({"user" if is_user_or_address(each) else "role": each})
        elif isinstance(each, Mapping):
            recipients += [{kind: str(each[kind])} for kind in ("user", "email", "role") if each.get(kind)]
    return recipients


def notifications_of(notification: TransitionNotification, receivers: Receivers) -> list[NewNotification]:
    """One notification for each receiver; a failed one in place of an address that is empty."""
    return [_new(notification, address, user_id) for address, user_id in receivers]


def _new(notification: TransitionNotification, recipient: str, user_id: str | None) -> NewNotification:
    event, transition = notification.event, notification.event.effects[notification.number]["transition"]
    return NewNotification(
        channel=notification.to.name,
        recipient=recipient,
        subject=notification.subject,
        body=notification.body,
        effect_key=f"transition/{event.key}/{notification.number}/{user_id or same_address(recipient)}",
        user_id=user_id,
        entity=event.entity,
        record_id=event.record_id,
        trace_id=event.trace_id,
        metadata={"transition": transition, "action": public_action(event.action)},
        error=None if recipient else notification.error or "nobody is known whom this could be told",
        place=(event.position, event.n),
        type=notification.to.type,
        channel_id=notification.to.id,
        origin="transition",
        quoted=quoted(
            (event.before, event.after), (recipient, notification.subject, notification.body, notification.error or "")
        ),
    )
