"""The settings of the events service."""

from __future__ import annotations

from pydantic import Field, model_validator

from libs.shared.runtime import Settings
from libs.shared.runtime.settings import MIN_PASSWORD_CHARACTERS, strong


class EventsSettings(Settings):
    """Settings of the events service, beside the common ones."""

    subscribers_secret: str = Field("", description="signs the rights of outside subscribers; empty: there are none")
    sampling_rate: float = Field(1.0, ge=0, le=1, description="part of the traces that is kept; all with an error are")
    retention_days: int = Field(7, ge=1, le=3650, description="days for which spans and events are kept")

    @model_validator(mode="after")
    def production_has_no_weak_issuer(self) -> EventsSettings:
        """Refuse to start in production with a secret that could be guessed."""
        secret = self.subscribers_secret
        if self.env == "production" and secret and not strong(secret, MIN_PASSWORD_CHARACTERS):
            raise ValueError(
                f"ROCKET_SUBSCRIBERS_SECRET must have at least {MIN_PASSWORD_CHARACTERS} random characters"
            )
        return self
