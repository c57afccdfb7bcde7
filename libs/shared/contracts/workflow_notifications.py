"""Whom workflows have told of what: signals that the notify service turns into mails and inbox entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from libs.shared.contracts.signals import InstanceSignal

Occasion = Literal[
    "action", "approval_requested", "reminder", "escalated", "approved", "rejected", "timed_out", "completed", "failed",
    "cancelled",
]  # fmt: skip
"""Why somebody is told: by a step's own action, or of what happens to an instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRequested(InstanceSignal):
    """A workflow instance tells somebody something, once per `effect_key` and person.

    `text` is `{subject, body}`, filled in; without a subject the first line of the body is one. `channels` are names;
    one that does not exist leaves a failed notification. `recipients` are `{user|email|role: ...}`; `users` who are
    left out of them, as they have caused it themselves, are in `except_users`. `quoted` are by field the values of the
    record that the text contains.
    """

    name = "notification_requested"

    about: Occasion
    step: str | None
    channels: Sequence[str]
    text: Mapping[str, Any]
    recipients: Sequence[Mapping[str, str]]
    effect_key: str
    except_users: Sequence[str] = ()
    quoted: Mapping[str, Sequence[str]] | None = None
