"""Fan-out: the notifications of a rule that matches, or of an action of a transition. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from services.notify import matching, mentions, transition_actions, workflow_notifications
from services.notify.matching import Match, NewNotification
from services.notify.mentions import MentionNotification
from services.notify.recipients import NOBODY, Directory, Receivers, is_person, may_be
from services.notify.transition_actions import TransitionNotification
from services.notify.workflow_notifications import WorkflowNotification

NotificationRequest: TypeAlias = Match | TransitionNotification | WorkflowNotification | MentionNotification


@dataclass(frozen=True, slots=True)
class FanOut:
    """The notifications of one rule or action: one for each receiver."""

    asked_by: str
    notifications: list[NewNotification]
    locales: Mapping[str, str] = field(default_factory=dict)

    @property
    def receivers(self) -> Receivers:
        """The receivers that were found."""
        return [(new.recipient, new.user_id) for new in self.notifications]


def receivers_of(asked: NotificationRequest, directory: Directory) -> Receivers:
    """The receivers of a request, among the users of today; NOBODY where the log shows that there were none."""
    if asked.error:
        return NOBODY
    receivers = directory.receivers(asked.channel, asked.addressees)
    if isinstance(asked, Match):
        return [each for each in receivers if not is_person(*each, asked.left_out)] or NOBODY
    return receivers or (NOBODY if asked.needs_somebody else receivers)


def fan_out(asked: NotificationRequest, receivers: Receivers, locales: Mapping[str, str] | None = None) -> FanOut:
    """The notifications of a request for its receivers, of whom users have these locales."""
    return FanOut(asked.asked_by, notifications_of(asked, receivers, locales), locales or {})


def notifications_of(
    asked: NotificationRequest, receivers: Receivers, locales: Mapping[str, str] | None = None
) -> list[NewNotification]:
    """One notification for each receiver."""
    if isinstance(asked, TransitionNotification):
        return transition_actions.notifications_of(asked, receivers)
    if isinstance(asked, MentionNotification):
        return mentions.notifications_of(asked, receivers)
    if isinstance(asked, WorkflowNotification):
        return workflow_notifications.notifications_of(asked, receivers)
    return matching.notifications_of(asked, receivers, locales)


def may_have_found(asked: NotificationRequest, receivers: Receivers) -> bool:
    """Whether some set of users would give these receivers."""
    if asked.error or receivers == NOBODY:
        finds_nobody = isinstance(asked, TransitionNotification | Match)
        nobody = finds_nobody and may_be(asked.channel, asked.addressees, [])
        return receivers == NOBODY and (nobody or asked.error is not None)
    return may_be(asked.channel, asked.addressees, receivers) and (
        bool(receivers) or isinstance(asked, Match | MentionNotification)
    )
