"""What is particular to ui-configs: they are known by their entity's name, and follow it."""

from __future__ import annotations

from typing import Any

from libs.shared.schema.ui_configs import UiConfig
from services.metadata.editing.hooks import Hooks
from services.metadata.store.definitions import Definition


class UiConfigHooks(Hooks):
    """An entity that is renamed keeps its configs."""

    def key(self, row: Definition, document: dict[str, Any]) -> str | None:
        return UiConfig.stored(document).key
