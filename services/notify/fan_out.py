"""Fan-out: the notifications of a rule that matches, or of an action of a transition. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from services.notify import matching, mentions, transition_actions, workflow_notifications
from services.notify.matching import Match, NewNotification
from services.notify.mentions import MentionNotification
from services.notify.recipients import NOBODY, Directory, Receivers, may_be
from services.notify.transition_actions import TransitionNotification
from services.notify.workflow_notifications import WorkflowNotification

NotificationRequest: TypeAlias = Match | TransitionNotification | WorkflowNotification | MentionNotification


@dataclass(frozen=True, slots=True)
class FanOut:
    """The notifications of one rule or action: one for each receiver."""

    asked_by: str
    notifications: list[NewNotification]

    @property
    def receivers(self) -> Receivers:
        """The receivers that were found."""
        return [(new.recipient, new.user_id) for new in self.notifications]


def fan_out(asked: NotificationRequest, directory: Directory) -> FanOut:
    """The notifications of a request, for the users of today."""
    receivers = NOBODY if asked.error else directory.receivers(asked.channel, asked.addressees)
    if not receivers and not isinstance(asked, Match) and asked.needs_somebody:
        # Stored as failed, so that the log shows that there was no receiver.
        receivers = NOBODY
    return FanOut(asked.asked_by, notifications_of(asked, receivers))


def notifications_of(asked: NotificationRequest, receivers: Receivers) -> list[NewNotification]:
    """One notification for each receiver."""
    if isinstance(asked, TransitionNotification):
        return transition_actions.notifications_of(asked, receivers)
    if isinstance(asked, MentionNotification):
        return mentions.notifications_of(asked, receivers)
    if isinstance(asked, WorkflowNotification):
        return workflow_notifications.notifications_of(asked, receivers)
    return matching.notifications_of(asked, receivers)


def may_have_found(asked: NotificationRequest, receivers: Receivers) -> bool:
    """Whether some set of users would give these receivers."""
    if asked.error or receivers == NOBODY:
        nobody = isinstance(asked, TransitionNotification) and may_be(asked.channel, asked.addressees, [])
        return receivers == NOBODY and (nobody or asked.error is not None)
    return may_be(asked.channel, asked.addressees, receivers) and (
        bool(receivers) or isinstance(asked, Match | MentionNotification)
    )
