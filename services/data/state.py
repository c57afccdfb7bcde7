"""What the handlers of the data service work with."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.bus.relay import Relay
from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.runtime import Core
from libs.shared.schema import Snapshot
from libs.shared.schema.cache import Schemas
from services.data.model import Model


@dataclass(slots=True)
class State:
    """Resources, and the compiled model of each app's schema."""

    core: Core
    schemas: Schemas
    relay: Relay
    _models: dict[str, Model] = field(default_factory=dict)

    def database(self, app: AppRef) -> Database:
        return self.core.databases.of(app)

    def model(self, app: AppRef, schema: Snapshot) -> Model:
        """The schema compiled for SQL, once per version."""
        model = self._models.get(app.id)
        if model is None or model.schema is not schema:
            model = self._models[app.id] = Model(schema)
        return model
