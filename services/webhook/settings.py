"""The webhook service's own settings."""

from __future__ import annotations

from pydantic import Field

from libs.shared.runtime import Settings


class WebhookSettings(Settings):
    """What delivering needs to know, beside what every service needs."""

    webhook_timeout: float = Field(10.0, gt=0, le=60, description="seconds an endpoint has for its whole answer")
    webhook_retry_seconds: float = Field(30.0, gt=0, description="seconds until the first retry")
    webhook_concurrency: int = Field(64, ge=1, description="deliveries under way at once, per replica")
    webhook_concurrency_per_hook: int = Field(4, ge=1, description="of those, for the same webhook")
    webhook_allow_private: bool = Field(
        False, description="whether endpoints on loopback and private networks may be called"
    )
    webhook_env_allowed: list[str] = Field(
        default_factory=list, description="in production: names that headers may use as {{env.NAME}}"
    )

    @property
    def allow_loopback(self) -> bool:
        """Whether endpoints on this machine may be called."""
        return self.webhook_allow_private or self.env == "development"
