"""The notifications of workflow instances: by actions of steps, and about approvals and outcomes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.shared.contracts.workflow_notifications import NotificationRequested
from libs.shared.emails import same_address
from libs.shared.liquid_templates import as_text
from libs.shared.schema.notification_channels import EMAIL
from services.notify.definitions import Channel, NotificationDefinitions
from services.notify.matching import NewNotification
from services.notify.recipients import MAX_RECIPIENTS_OF_PATH, Addressees, Receivers, addressees_of
from services.notify.templates import MAX_BODY_CHARACTERS, one_line

ASKS = ("approval_requested", "reminder", "escalated")
NEEDS_SOMEBODY = ("action", *ASKS)
NOBODY_KNOWN = "nobody is known whom this could be told"


@dataclass(frozen=True, slots=True)
class WorkflowNotification:
    """What one instance has told by one channel. `link` leads to the instance; "" where the address is unknown."""

    event: NotificationRequested
    to: Channel
    subject: str
    body: str
    addressees: Addressees
    error: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> str:
        """The type of the channel."""
        return self.to.type

    @property
    def asks_for_decision(self) -> bool:
        """Whether it asks for a decision."""
        return self.event.about in ASKS

    @property
    def needs_somebody(self) -> bool:
        """Whether it is worth knowing that it reaches nobody: who started an instance may be no user, or be gone."""
        return self.error is not None or self.event.about in NEEDS_SOMEBODY

    @property
    def asked_by(self) -> str:
        """The key of the request, unique among those of an instance."""
        return f"workflow/{self.event.effect_key}/{self.to.name}"


def workflow_notifications(
    event: NotificationRequested, app: str, public_url: str, mails: bool, definitions: NotificationDefinitions
) -> list[WorkflowNotification]:
    """One notification for each channel. Where no mail server is known, what nobody asked for is not mailed."""
    is_action = event.about == "action"
    wanted = [channel for channel in event.channels if is_action or mails or channel != EMAIL]
    return [_notification(event, channel, app, public_url, definitions) for channel in wanted]


def _notification(
    event: NotificationRequested, channel: str, app: str, public_url: str, definitions: NotificationDefinitions
) -> WorkflowNotification:
    path = f"/admin/{app}/instances/{event.instance_id}"
    link = f"{public_url.rstrip('/')}{path}" if public_url else ""
    body = as_text(event.text.get("body"))
    if link and event.about != "action" and channel == EMAIL:
        body = f"{body}\n\n{link}"
    body = body.replace("\0", "")[:MAX_BODY_CHARACTERS]
    subject = one_line(as_text(event.text.get("subject")) or body.strip().partition("\n")[0])
    links = {"link": link or path}
    if (found := definitions.channels.get(channel)) is None:
        # Shown among the mails, as the channel does not exist.
        missing = f"there is no channel {one_line(channel)}"
        return WorkflowNotification(event, definitions.channels[EMAIL], subject, body, Addressees(), missing, links)
    recipients = event.recipients if event.about != "action" else event.recipients[:MAX_RECIPIENTS_OF_PATH]
    return WorkflowNotification(event, found, subject, body, addressees_of(recipients, {}), None, links)


def notifications_of(notification: WorkflowNotification, receivers: Receivers) -> list[NewNotification]:
    """One notification for each receiver who has not caused it; a failed one in place of an address that is empty."""
    left_out = set(notification.event.except_users)
    return [_new(notification, address, user_id) for address, user_id in receivers if user_id not in left_out]


def _new(notification: WorkflowNotification, recipient: str, user_id: str | None) -> NewNotification:
    event = notification.event
    workflow = {"id": event.workflow_id, "name": event.workflow_name, "instance_id": event.instance_id}
    about = {"occasion": event.about, **({"step": event.step} if event.step else {})}
    return NewNotification(
        channel=notification.to.name,
        recipient=recipient,
        subject=notification.subject,
        body=notification.body,
        effect_key=f"{notification.asked_by}/{user_id or same_address(recipient)}",
        user_id=user_id,
        entity=event.entity or None,
        record_id=event.record_id or None,
        trace_id=event.trace_id,
        metadata={"workflow": {**workflow, **about}, **notification.links},
        error=None if recipient else notification.error or NOBODY_KNOWN,
        quoted=event.quoted or {},
        type=notification.to.type,
        channel_id=notification.to.id,
        origin="workflow",
    )
