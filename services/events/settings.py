"""The settings of the events service."""

from __future__ import annotations

from pydantic import Field

from libs.shared.runtime import Settings


class EventsSettings(Settings):
    """What the events service needs to know besides."""

    retention_days: int = Field(7, ge=1, le=3650, description="days for which spans and events are kept")
