"""Whether an effect that was refused is worth another try: pure."""

from __future__ import annotations

from datetime import timedelta

from libs.shared.bus.retry import Policy
from libs.shared.errors import RocketError
from services.workflow.outcomes import Failed, RetryLater

AWAY = Policy(attempts=1 << 62, first=0.5, longest=30.0)
"""For what is away or busy: without end, since nothing about the effect is wrong."""
BROKEN = Policy(attempts=20, first=0.5, longest=30.0)
"""For errors of our own."""


def outcome_of(error: RocketError, attempts: int) -> RetryLater | Failed:
    """What an error means for an action that was tried in vain `attempts` times before."""
    delay = None
    if error.transient or _was_locked(error):
        delay = AWAY.delay(attempts + 1)
    elif error.status >= 500:
        delay = BROKEN.delay(attempts + 1)
    return Failed(error.message) if delay is None else RetryLater(timedelta(seconds=delay))


def _was_locked(error: RocketError) -> bool:
    """A conflict that names no value: somebody else is changing the record just now."""
    return error.code == "CONFLICT" and not error.details
