"""Notification channels: how notifications reach people. A type of channel is a model here and a module in notify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_serializer, field_validator, model_validator

from libs.shared.emails import is_address
from libs.shared.schema.strict import Strict, is_stored
from libs.shared.schema.validation_errors import error_at
from libs.shared.schema.webhooks import check_headers, check_url

EMAIL, IN_APP, WEBHOOK = "email", "in_app", "webhook"
BUILT_IN = (EMAIL, IN_APP)
"""The channels that every app has from the start, by name; they can be changed, and not deleted."""
HIDDEN = "***"
"""What answers show of a secret; sent back, it keeps the secret."""
MAX_HEADERS = 50

Line = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class EmailConfig(Strict):
    """An SMTP server. Without a host, mails go through the server of the installation."""

    host: Line = ""
    port: int = Field(587, ge=1, le=65535)
    username: Line = ""
    password: str = Field("", max_length=4_000)
    sender: Line = Field("", alias="from")
    from_name: Line = ""
    tls: Literal["starttls", "implicit", "none"] = "starttls"

    @field_validator("sender")
    @classmethod
    def _address(cls, sender: str) -> str:
        if sender and not is_address(sender):
            raise ValueError("must be a mail address")
        return sender

    @model_validator(mode="after")
    def _whole(self, info: ValidationInfo) -> EmailConfig:
        if is_stored(info):
            return self
        if self.host and not self.sender:
            raise error_at("from", "is required beside host: it is the sender of the mails")
        if not self.host and (self.username or self.password):
            raise error_at("host", "is required where there is a login")
        return self


class WebhookConfig(Strict):
    """An endpoint that each notification is sent to, signed as webhooks are. Without a secret, Rocket makes one."""

    url: str = Field(max_length=4_000)
    headers: dict[str, str] = Field(default_factory=dict, max_length=MAX_HEADERS)
    secret: str = Field("", max_length=1_000)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return check_url(url)

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        check_headers(headers)
        return headers


class InAppConfig(Strict):
    """The inbox of each user; there is nothing to configure."""


Config = EmailConfig | WebhookConfig | InAppConfig
CONFIGS: Mapping[str, type[Config]] = {EMAIL: EmailConfig, WEBHOOK: WebhookConfig, IN_APP: InAppConfig}


class NotificationChannel(Strict):
    """A channel as an operator describes it; `config` depends on `type`. Natural key: name."""

    decided_by: ClassVar[Mapping[str, tuple[str, Mapping[str, type[BaseModel]]]]] = {"config": ("type", CONFIGS)}

    name: str = Field(min_length=1, max_length=200)
    type: Literal["email", "webhook", "in_app"]
    config: Config = Field(default_factory=dict, validate_default=True)
    active: bool = True

    @field_validator("name")
    @classmethod
    def _no_template(cls, name: str) -> str:
        if "{{" in name:
            raise ValueError("must not hold {{")
        return name

    @field_validator("config", mode="plain")
    @classmethod
    def _config(cls, given: Any, info: ValidationInfo) -> Any:
        model = CONFIGS.get(info.data.get("type", ""))
        return model.under(info, {} if given is None else given) if model else given

    @field_serializer("config")
    def _as_sent(self, config: Config) -> dict[str, Any]:
        return config.model_dump(by_alias=True)

    @model_validator(mode="after")
    def _built_in(self) -> NotificationChannel:
        if self.name in BUILT_IN and self.type != self.name:
            raise error_at("type", f"the channel {self.name} is of type {self.name} in every app")
        return self
