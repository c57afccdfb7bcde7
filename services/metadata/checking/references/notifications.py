"""Which notification channels and templates exist, and which definitions use them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.schema.notification_channels import BUILT_IN, NotificationChannel
from libs.shared.schema.validation_errors import suggestion
from services.metadata.model.definition import Definition
from services.metadata.model.schema import LiveSchema

CHANNELS, TEMPLATES, RULES = "notification-channels", "notification-templates", "notification-rules"
KEYS = {CHANNELS: "channel", TEMPLATES: "template"}
"""Kind → the key by which other definitions name one."""
ACTION = "send_notification"


def is_built_in(kind: str, name: str | None) -> bool:
    """Whether every app has this definition from the start."""
    return kind == CHANNELS and name in BUILT_IN


def is_untouched(row: Definition) -> bool:
    """Whether a definition is one that every app has, as it was from the start."""
    if not is_built_in(row.kind, row.key):
        return False
    return row.document == exact.document(NotificationChannel.model_validate({"name": row.key, "type": row.key}))


def unknown_channel(channel: str, schema: LiveSchema) -> str | None:
    """The error of the name or id of a channel, if any. A placeholder is filled later."""
    known = list(dict.fromkeys([*BUILT_IN, *schema.channels.values()]))
    if channel in known or channel in schema.channels or "{{" in channel:
        return None
    return f"there is no channel {channel}, only {', '.join(known)}{suggestion(channel, known)}"


def unknown_template(template: str, schema: LiveSchema) -> str | None:
    """The error of the name or id of a template, if any."""
    if template in schema.templates or template in schema.templates.values():
        return None
    return f"there is no notification template {template}{suggestion(template, schema.templates.values())}"


def uses(row: Definition, used: Definition) -> bool:
    """Whether a definition names a channel or template, by name or id."""
    key = KEYS[used.kind]
    return any(part[key] in (used.key, used.id) for part in _users(row.kind, row.document, key))


def renamed(row: Definition, used: Definition, name: str) -> dict[str, Any] | None:
    """The document of a definition with the new name of a channel or template; None if it does not name it."""
    key = KEYS[used.kind]
    if not any(part[key] == used.key for part in _users(row.kind, row.document, key)):
        return None
    document: dict[str, Any] = _copied(row.document)
    for part in _users(row.kind, document, key):
        if part[key] == used.key:
            part[key] = name
    return document


def _users(kind: str, document: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """The parts of a document that name a channel or template under `key`."""
    if kind == RULES:
        if isinstance(document.get(key), str):
            yield document
    elif kind in ("state-machines", "workflows") and key == KEYS[CHANNELS]:
        yield from _actions(document)


def _actions(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == ACTION and isinstance(value.get("channel"), str):
            yield value
        for part in value.values():
            yield from _actions(part)
    elif isinstance(value, list):
        for part in value:
            yield from _actions(part)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value
