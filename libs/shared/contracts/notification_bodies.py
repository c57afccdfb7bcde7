"""Bodies about notifications: preferences of users, tests of channels, previews of templates, repeated sending."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from libs.shared.contracts.bodies import RequestBody, refusal

MAX_MUTED = 500
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _time(text: str) -> str:
    if not CLOCK.fullmatch(text):
        raise refusal("time", "must be a time of day such as 08:00")
    return text


def _timezone(text: str) -> str:
    if text not in available_timezones():
        raise refusal("timezone", "must be a time zone such as Europe/Berlin")
    ZoneInfo(text)
    return text


def _locale(text: str) -> str:
    if text and not LOCALE.fullmatch(text):
        raise refusal("locale", "must be a locale such as de or pt-BR")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200)]


class InAppPreferences(RequestBody):
    """Whether the inbox is used."""

    enabled: bool = True


class EmailPreferences(RequestBody):
    """Whether and when mails are sent: at once, or together every hour, or every day `at` a time."""

    enabled: bool = True
    digest: Literal["none", "hourly", "daily"] = "none"
    at: Annotated[str, AfterValidator(_time)] = "08:00"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"


class ChannelPreferences(RequestBody):
    """The preferences of each channel."""

    email: EmailPreferences = Field(default_factory=EmailPreferences)
    in_app: InAppPreferences = Field(default_factory=InAppPreferences)


class MutedBody(RequestBody):
    """What somebody does not want to be told of: an entity, a rule or a workflow, by name."""

    entity: Text | None = None
    rule: Text | None = None
    workflow: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> MutedBody:
        if sum(value is not None for value in (self.entity, self.rule, self.workflow)) != 1:
            raise refusal("one", "each has exactly one of entity, rule, workflow")
        return self


class PreferencesBody(RequestBody):
    """How a user wants to be notified. Approvals and security mails are always sent."""

    channels: ChannelPreferences = Field(default_factory=ChannelPreferences)
    muted: Annotated[list[MutedBody], Field(max_length=MAX_MUTED)] = Field([])
    locale: Annotated[str, AfterValidator(_locale)] = ""


class ChannelTestBody(RequestBody):
    """Whom a test message is sent to: an address, or for an inbox a user's id or address."""

    to: str = Field("", max_length=320)


class DraftBody(RequestBody):
    """A template that is not saved yet."""

    name: str = "draft"
    subject: str = ""
    body: str
    format: Literal["text", "markdown", "html"] = "text"
    locale_variants: dict[str, Any] = Field(default_factory=dict)


class TemplatePreviewBody(RequestBody):
    """What a template is filled with: a record, or variables. `template` is shown in place of the saved one."""

    entity: str | None = None
    record_id: str | None = None
    context: dict[str, Any] | None = None
    locale: Annotated[str, AfterValidator(_locale)] = ""
    template: DraftBody | None = None


class RetryManyBody(RequestBody):
    """The filters of the log that select what is sent again."""

    filter: dict[str, str] = Field(default_factory=dict)
