"""From what asks for notifications (a rule that matches, an action of a transition) to the notifications. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from services.notify import matching, transition_actions
from services.notify.matching import Match, NewNotification
from services.notify.recipients import NOBODY, Directory, Receivers, may_be
from services.notify.transition_actions import TransitionNotification

NotificationRequest: TypeAlias = Match | TransitionNotification


@dataclass(frozen=True, slots=True)
class FanOut:
    """All that is told because one rule or action asked for it: a notification for each receiver that was found."""

    asked_by: str
    notifications: list[NewNotification]

    @property
    def receivers(self) -> Receivers:
        """Whom it was found to be for."""
        return [(new.recipient, new.user_id) for new in self.notifications]


def tell(asked: NotificationRequest, directory: Directory) -> FanOut:
    """What is told of a commit, by who the users are at the moment."""
    receivers = NOBODY if asked.error else directory.receivers(asked.channel, asked.addressees)
    if not receivers and isinstance(asked, TransitionNotification):
        # Shown as failed, as somebody was to know.
        receivers = NOBODY
    return FanOut(asked.asked_by, notifications_of(asked, receivers))


def notifications_of(asked: NotificationRequest, receivers: Receivers) -> list[NewNotification]:
    """One notification for each receiver."""
    if isinstance(asked, TransitionNotification):
        return transition_actions.notifications_of(asked, receivers)
    return matching.notifications_of(asked, receivers)


def may_have_found(asked: NotificationRequest, receivers: Receivers) -> bool:
    """Whether these can have been found, whoever the users were."""
    if asked.error or receivers == NOBODY:
        nobody = isinstance(asked, TransitionNotification) and may_be(asked.channel, asked.addressees, [])
        return receivers == NOBODY and (nobody or asked.error is not None)
    return may_be(asked.channel, asked.addressees, receivers) and (bool(receivers) or isinstance(asked, Match))
