"""The tables of settings, from the settings models of the services."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.tables.definitions import type_in_words
from libs.shared.runtime import KeyedSettings, Settings
from services.data.settings import DataSettings
from services.events.settings import EventsSettings
from services.gateway.settings import GatewaySettings
from services.notify.settings import NotifySettings
from services.webhook.settings import WebhookSettings

TABLE = re.compile(r"<!-- settings: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
MODELS: dict[str, type[Settings]] = {
    "all": Settings, "keyed": KeyedSettings, "gateway": GatewaySettings, "data": DataSettings,
    "webhook": WebhookSettings, "notify": NotifySettings, "events": EventsSettings,
}  # fmt: skip
"""Name in the page → the model. A table leaves out the settings of the models above it."""


def written(page: str) -> str:
    """The page with its tables of settings rewritten."""
    return TABLE.sub(lambda found: _table(found[1]), page)


def _table(name: str) -> str:
    head = ["| setting | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"<!-- settings: {name} -->", "", *head, *_rows(MODELS[name]), "", "<!-- end -->"])


def _rows(model: type[Settings]) -> Iterable[str]:
    inherited = {
        name: field
        for base in (Settings, KeyedSettings)
        if base is not model and issubclass(model, base)
        for name, field in base.model_fields.items()
    }
    for name, field in model.model_fields.items():
        if name not in inherited or field.default != inherited[name].default:
            text = (field.description or "").replace("|", "\\|")
            yield f"| `{name}` | {_value(field)} | {_default(field)} | {text[:1].upper()}{text[1:]} |"


def _value(field: FieldInfo) -> str:
    return type_in_words(field.annotation)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or field.default == "" or "/" in str(field.default):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
