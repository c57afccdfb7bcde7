"""All entities of one schema version."""

from __future__ import annotations

import hmac
from dataclasses import replace
from functools import cached_property

from libs.shared.contracts.context import AppRef
from libs.shared.schema import Snapshot
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.compiled import Compiled
from services.data.model.bounds import Bounds
from services.data.model.entity import EntityModel
from services.data.model.statements import PointStatement, StatementCache
from services.data.model.synchronous_webhooks import synchronous_webhooks_of
from services.data.model.totals import Totals, totals_of
from services.data.rules import EntityRules, rules_of


class Model:
    """The compiled schema of an app; entities are compiled when they are first used."""

    def __init__(self, schema: Snapshot) -> None:
        self.salt = b""
        """Prefix of all hashes of the app's values; set once, by `Models`."""
        self.bounds = Bounds()
        """How much one response may hold; set likewise."""
        self.schema = schema
        self.version = schema.version
        self.statements: StatementCache[str] = StatementCache()
        self.points: StatementCache[PointStatement] = StatementCache()
        """Lookups of single records, by shape."""
        self.synchronous_webhooks = synchronous_webhooks_of(schema)
        """Synchronous webhooks; empty in most apps."""
        self._entities: dict[str, EntityModel] = {}
        self._rules: dict[str, EntityRules] = {}

    @cached_property
    def totals(self) -> Totals:
        """Which computed fields are made of other records; empty in most apps."""
        return totals_of(self.schema, self.entity, self.rules)

    def entity(self, name: str) -> EntityModel:
        """The entity of this name. Raises UNKNOWN_ENTITY."""
        model = self._entities.get(name)
        if model is None:
            model = self._entities[name] = EntityModel(self.schema.entity(name), self.schema, self.salt)
        return model

    def rules(self, name: str) -> EntityRules:
        """The rules and state machines of the entity of this name. Raises UNKNOWN_ENTITY."""
        rules = self._rules.get(name)
        if rules is None:
            rules = self._rules[name] = rules_of(self.schema, name)
        return rules


class Models:
    """The compiled schemas of the apps that a process works for.

    The masks and marks of an app derive from `secret`. `bounds` apply to the responses of every app.
    """

    def __init__(self, schemas: Schemas, secret: str, bounds: Bounds) -> None:
        self._compiled = Compiled(schemas, Model)
        self._secret = secret.encode()
        self._bounds = bounds

    def of(self, app: AppRef, schema: Snapshot) -> Model:
        """The model of a snapshot, compiled once per version."""
        model = self._compiled.made(app, schema)
        if not model.salt:
            model.salt = self._derived(f"masks of {app.id}")
            model.bounds = replace(self._bounds, mark=self._derived(f"bounds of {app.id}").hex())
        return model

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), "sha256")
