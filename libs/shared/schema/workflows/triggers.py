"""Triggers: what starts an instance."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import ConfigDict, Field, field_validator, model_validator

from libs.shared.schema.formulas import Formula
from libs.shared.schema.parts import Name, Part
from libs.shared.schema.validation_errors import error_at, first_duplicate, suggestion
from libs.shared.schema.workflows.forms import Form, FormField, check_names

MAX_NAMES = 100

State = str | bool | int | float
Names = Annotated[list[Name], Field(min_length=1, max_length=MAX_NAMES)]


class StateChange(Part):
    """A change of a record: `field` becomes `to`, and was `from`, if that is given."""

    model_config = ConfigDict(serialize_by_alias=True)

    type: Literal["state_change"]
    entity: Name
    field: Name
    to: State
    origin: State | Annotated[list[State], Field(min_length=1, max_length=MAX_NAMES)] | None = Field(None, alias="from")

    @property
    def origins(self) -> list[State]:
        """The values that it may change from; empty: any."""
        return self.origin if isinstance(self.origin, list) else [] if self.origin is None else [self.origin]


class RecordTrigger(Part):
    """A record is created, updated or deleted. `fields`: one of these must change in an update."""

    type: Literal["record_created", "record_updated", "record_deleted"]
    entity: Name
    condition: Formula | None = None
    fields: Names | None = None

    @model_validator(mode="after")
    def _fits(self) -> RecordTrigger:
        if self.fields is not None and self.type != "record_updated":
            raise error_at("fields", "goes with record_updated only")
        if double := first_duplicate(self.fields or []):
            raise error_at(f"fields.{double[0]}", f"{double[1]} is named twice")
        return self

    @property
    def action(self) -> str:
        """create, update or delete."""
        return self.type.removeprefix("record_").removesuffix("d")


class EventTrigger(Part):
    """A business event of this name, which `condition` sees as `event`."""

    type: Literal["event"]
    event: Name
    condition: Formula | None = None

    @property
    def entity(self) -> None:
        """It is about no certain entity."""


class ScheduleTrigger(Part):
    """A time table (cron, five fields or six with seconds first): one instance each time, or one for every record of
    `entity` that `filter` selects."""

    type: Literal["schedule"]
    cron: str
    timezone: str = "UTC"
    entity: Name | None = None
    filter: Annotated[dict[str, Any], Field(max_length=MAX_NAMES)] | None = None

    @field_validator("cron")
    @classmethod
    def _cron(cls, cron: str) -> str:
        try:
            next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise ValueError(f'is no time table such as "0 9 * * 1": {str(error).lower()}') from None
        except StopIteration:
            raise ValueError("never comes") from None
        return cron

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, name: str) -> str:
        known = zoneinfo.available_timezones()
        if name not in known:
            raise ValueError(f"is no time zone such as Europe/Berlin{suggestion(name, known)}")
        return name

    @model_validator(mode="after")
    def _fits(self) -> ScheduleTrigger:
        if self.filter is not None and self.entity is None:
            raise error_at("filter", "goes with entity only")
        return self


class ManualTrigger(Part):
    """A person with one of these roles starts it (empty: anybody), for a record of `entity` if that is given."""

    type: Literal["manual"]
    entity: Name | None = None
    roles: Annotated[list[Name], Field(max_length=MAX_NAMES)] = Field(default_factory=list)
    form: Form = Field(default_factory=list)

    @field_validator("form")
    @classmethod
    def _form(cls, form: list[FormField]) -> list[FormField]:
        check_names(form)
        return form


Trigger = Annotated[
    StateChange | RecordTrigger | EventTrigger | ScheduleTrigger | ManualTrigger, Field(discriminator="type")
]
