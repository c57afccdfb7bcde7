"""The notify service's own settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from libs.shared.emails import is_address
from libs.shared.runtime import KeyedSettings


class NotifySettings(KeyedSettings):
    """Settings of the mail server and of webhook channels, beside the common ones."""

    smtp_host: str = Field("", description="SMTP server; empty: mails end as failed in the log")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_from: str = Field("rocket@localhost", description="sender's address of all mails")
    smtp_username: str = Field("", description="login; empty: none")
    smtp_password: str = Field("", description="its password")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("starttls", description="how the connection is secured")
    smtp_timeout: float = Field(10.0, gt=0, le=60, description="seconds one mail may take")
    public_url: str = Field("", description="where users reach Rocket, for links in mails; empty: mails have none")
    notify_retry_seconds: float = Field(
        60.0, gt=0, description="seconds until the first retry; further ones follow 5, 30, 120 and 360 times as late"
    )
    webhook_allow_private: bool = Field(
        False, description="whether endpoints on private networks, and on this machine, may be called"
    )
    webhook_allow_loopback: bool = Field(
        False, description="whether endpoints on this machine may be called; in development they may"
    )

    @property
    def allow_loopback(self) -> bool:
        """Whether endpoints on this machine may be called."""
        return self.webhook_allow_private or self.webhook_allow_loopback or self.env == "development"

    @model_validator(mode="after")
    def sender_is_an_address(self) -> NotifySettings:
        """Refuse an invalid sender at the start."""
        if not is_address(self.smtp_from):
            raise ValueError("ROCKET_SMTP_FROM must be a mail address")
        return self

    @model_validator(mode="after")
    def passwords_travel_encrypted(self) -> NotifySettings:
        """In production, refuse to send a password unencrypted."""
        if self.env == "production" and self.smtp_username and self.smtp_tls == "none":
            raise ValueError("ROCKET_SMTP_TLS must be starttls or tls when there is a login")
        return self
