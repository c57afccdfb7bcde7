"""What may be shown of records: as it is today, and as it was when a commit was made.

Whether an entity is audited is a matter of a commit's own schema version, whenever it is handled; so an opting
out that is taken back soon holds for exactly the commits in between. Values are hidden if the definitions of
then or those of today say so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.bus.asking import Asker
from libs.shared.contracts.apps import GetDefinitionsAsOf, ListNames
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import EntityDefinition, Snapshot
from libs.shared.schema.cache import Schemas
from libs.shared.schema.compiled import Compiled
from services.events.audit import definition_of
from services.events.rows import NO_TRACE

MOST = 500
"""Older versions that are remembered."""
PATIENCE = 5.0
"""Seconds that asking for one may take."""


@dataclass(frozen=True, slots=True)
class _Past:
    """The entities of an older version, under the names of then and of today, as they look beside `today`'s."""

    today: Snapshot
    entities: Mapping[str, EntityDefinition]


class Definitions:
    """The definitions of all apps that a process works for."""

    def __init__(self, schemas: Schemas, asker: Asker) -> None:
        self._today = Compiled(schemas, lambda schema: schema)
        self._asker = asker
        self._past: OrderedDict[tuple[str, int], _Past] = OrderedDict()

    async def load(self, app: AppRef, at_least: int = 0) -> Snapshot:
        """Those of today, of version `at_least` or newer. Raises what asking metadata raises."""
        return await self._today.load(app, at_least)

    def today(self, app: AppRef) -> Snapshot:
        """The newest ones that have been loaded."""
        return self._today.of(app)

    async def prepare(self, app: AppRef, events: Iterable[CommitEvent]) -> None:
        """Have at hand for `of` what these commits need. Raises what asking metadata raises."""
        versions = {event.schema_version for event in events}
        today = await self.load(app, max(versions, default=0))
        for version in versions:
            known = self._past.get((app.id, version))
            if version < today.version and (known is None or known.today is not today):
                await self._load_past(app, version, today)

    def of(self, app: AppRef, event: CommitEvent) -> EntityDefinition | None:
        """The definition that holds for a commit; None: no entity."""
        today = self.today(app)
        past = self._past.get((app.id, event.schema_version)) if event.schema_version < today.version else None
        found = past.entities.get(event.entity) if past else None
        return found or definition_of(today, event.entity)

    async def _load_past(self, app: AppRef, version: int, today: Snapshot) -> None:
        context = Context(trace_id=NO_TRACE, app=app, identity=SYSTEM).within(PATIENCE)
        then = await self._asker.ask(GetDefinitionsAsOf("entities", version), context)
        names = await self._asker.ask(ListNames(), context)
        self._past[app.id, version] = _Past(today, entities_of(then.documents, today, names.titles))
        self._past.move_to_end((app.id, version))
        while len(self._past) > MOST:
            self._past.popitem(last=False)


def entities_of(
    documents: Iterable[Mapping[str, Any]], today: Snapshot, titles: Mapping[str, Iterable[str]]
) -> dict[str, EntityDefinition]:
    """The entities of then by all names that commits may tell them by; `titles`: today's name → all it ever had."""
    then = {str(document["name"]): EntityDefinition.model_validate(document) for document in documents}
    found = {name: beside(definition, definition_of(today, name)) for name, definition in then.items()}
    for title, former in titles.items():
        name = next((name for name in (title, *former) if name in then), None)
        if name is not None:
            found[title] = beside(then[name], definition_of(today, title))
    return found


def beside(then: EntityDefinition, today: EntityDefinition | None) -> EntityDefinition:
    """A definition of then with the fields of both times, each as secret as either says."""
    if today is None:
        return then
    fields = {field.name: field for field in today.fields}
    for field in then.fields:
        newer = fields.get(field.name, field)
        secrets = {"sensitive": field.sensitive or newer.sensitive, "pii": field.pii or newer.pii}
        fields[field.name] = newer.model_copy(update=secrets)
    return then.model_copy(update={"fields": list(fields.values())})
