"""A subscriber as an admin asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.contracts.streams import COMMITS, STREAMS
from libs.shared.errors import invalid_field
from libs.shared.schema.validation_errors import refuse_unknown

NAMES = tuple(stream.name.lower() for stream in STREAMS)
ENTITY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
LONGEST_NAME = 100
MOST_ENTITIES = 50


@dataclass(frozen=True, slots=True)
class SubscriberForm:
    """`streams` by their names in small letters; `entities` narrows commits to these, empty for all."""

    name: str
    streams: list[str]
    entities: list[str]
    expires_at: datetime | None


def parse(body: dict[str, Any], now: datetime) -> SubscriberForm:
    """The subscriber asked for. Raises VALIDATION_FAILED naming the field."""
    refuse_unknown(body, ("name", "streams", "entities", "expires_at"))
    name = body.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME or "\x00" in name:
        raise invalid_field("name", f"name must have 1 to {LONGEST_NAME} characters", "required")
    streams = body.get("streams", [COMMITS.name.lower()])
    if not isinstance(streams, list) or not streams or not all(stream in NAMES for stream in streams):
        raise invalid_field("streams", f"streams must name some of {', '.join(NAMES)}")
    entities = body.get("entities") or []
    if not _are_entities(entities):
        raise invalid_field("entities", f"entities must be a list of at most {MOST_ENTITIES} names of entities")
    if entities and COMMITS.name.lower() not in streams:
        raise invalid_field("entities", "entities narrow the stream commits, which is not asked for")
    return SubscriberForm(name.strip(), sorted(set(streams)), sorted(set(entities)), _end(body.get("expires_at"), now))


def _are_entities(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MOST_ENTITIES
        and all(isinstance(entity, str) and ENTITY.fullmatch(entity) for entity in value)
    )


def _end(value: Any, now: datetime) -> datetime | None:
    if value is None:
        return None
    try:
        end = datetime.fromisoformat(value)
        if end.tzinfo is not None and end > now:
            return end
    except (TypeError, ValueError):
        pass
    raise invalid_field("expires_at", "expires_at must be a time to come, with its offset")
