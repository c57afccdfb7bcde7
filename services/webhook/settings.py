"""The settings of the webhook service."""

from __future__ import annotations

from pydantic import Field

from libs.shared.runtime import KeyedSettings


class WebhookSettings(KeyedSettings):
    """Settings of the webhook service, beside the common ones."""

    webhook_timeout: float = Field(10.0, gt=0, le=60, description="seconds an endpoint has for its whole answer")
    webhook_sync_timeout: float = Field(
        3.0, gt=0, le=4, description="seconds a receiver has that is asked before a write"
    )
    webhook_retry_seconds: float = Field(30.0, gt=0, description="seconds until the first retry")
    webhook_retry_after_max: float = Field(
        3600.0, ge=0, description="seconds that an endpoint's Retry-After can ask for at most"
    )
    webhook_concurrency: int = Field(256, ge=4, description="deliveries under way at once, per replica")
    webhook_concurrency_per_hook: int = Field(4, ge=1, description="of those, to the same endpoint")
    webhook_circuit_failures: int = Field(10, ge=1, description="failures in a row that open an endpoint's circuit")
    webhook_circuit_seconds: float = Field(
        30.0, gt=0, description="seconds until a try of an open circuit; each further one doubles, up to 15 minutes"
    )
    webhook_disable_days: float = Field(
        5.0, ge=0, description="days without a success after which an endpoint is disabled; 0: never"
    )
    webhook_log_days: float = Field(90.0, ge=46, description="days that deliveries stay in the log")
    webhook_allow_private: bool = Field(
        False, description="whether endpoints on private networks, and on this machine, may be called"
    )
    webhook_allow_loopback: bool = Field(
        False, description="whether endpoints on this machine may be called; in development they may"
    )
    webhook_env_allowed: list[str] = Field(
        default_factory=list, description="in production: names that headers may use as {{env.NAME}}"
    )

    @property
    def allow_loopback(self) -> bool:
        """Whether endpoints on this machine may be called."""
        return self.webhook_allow_private or self.webhook_allow_loopback or self.env == "development"
