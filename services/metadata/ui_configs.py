"""What is particular to ui-configs: they are known by their entity's name, and follow it."""

from __future__ import annotations

from typing import Any

from libs.shared.schema.registers import UiConfig
from services.metadata.hooks import Hooks
from services.metadata.store import Definition


class UiConfigHooks(Hooks):
    """An entity that is renamed keeps its configs."""

    def key(self, row: Definition, document: dict[str, Any]) -> str | None:
        return UiConfig.stored(document).key
