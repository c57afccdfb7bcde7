"""Which values of records may be shown: today, and at the schema version of a commit.

Whether an entity is audited is a matter of a commit's own schema version, whenever it is handled; so an opting
out that is taken back soon holds for exactly the commits in between. Values are hidden if the definitions of
then or those of today say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, system_context
from libs.shared.contracts.schemas import ListNames
from libs.shared.schema import EntityDefinition, Snapshot
from libs.shared.schema.kinds import SETTINGS
from libs.shared.schema.secrecy import definition_of
from libs.shared.schema.snapshot import settings_in
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import TIMEOUT_S, Versions, documents_then


@dataclass(frozen=True, slots=True)
class AuditDefinitions:
    """What may be shown of records as of a version: today's snapshot, and the entities of then where they differ."""

    version: int
    today: Snapshot
    then: Mapping[str, EntityDefinition] = field(default_factory=dict)
    audits_by_default: bool = True
    machines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The fields with state machines, by all names of their entity."""

    def states(self, entity: str) -> frozenset[str]:
        """The fields of an entity that had state machines."""
        return self.machines.get(entity, frozenset())

    def opts_out(self, entity: str) -> bool:
        """Whether an entity is not audited: as its definition says, or as the app's settings do."""
        definition = self.definition(entity)
        return definition is not None and not definition.is_audited(self.audits_by_default)

    def definition(self, entity: str) -> EntityDefinition | None:
        """The definition of an entity, by any name that commits may use; None: no entity."""
        return self.then.get(entity) or definition_of(self.today, entity)


MACHINES = "state-machines"


class AuditDefinitionVersions(Versions[AuditDefinitions]):
    """The definitions of all apps that a process works for."""

    def __init__(self, schemas: Schemas, rpc: RpcClient) -> None:
        async def past(app: AppRef, version: int, today: AuditDefinitions) -> AuditDefinitions:
            documents = await documents_then(rpc, app, "entities", version)
            settings = settings_in(await documents_then(rpc, app, SETTINGS.name, version))
            names = await rpc.request(ListNames(), system_context(TIMEOUT_S, app))
            then = entities_of(documents, today.today, names.titles)
            machines = states_of(await documents_then(rpc, app, MACHINES, version), names.titles)
            return AuditDefinitions(version, today.today, then, settings.audits_by_default, machines)

        super().__init__(schemas, _current, past)


def _current(schema: Snapshot) -> AuditDefinitions:
    machines = states_of(schema.documents.get(MACHINES, ()), {})
    return AuditDefinitions(
        schema.version, schema, audits_by_default=schema.settings.audits_by_default, machines=machines
    )


def states_of(documents: Iterable[Mapping[str, Any]], titles: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The fields of active state machines, by entity; `titles`: today's name of an entity → all former names."""
    found: dict[str, set[str]] = {}
    for document in documents:
        if document.get("active", True):
            found.setdefault(str(document["entity"]), set()).add(str(document["field"]))
    for title, former in titles.items():
        name = next((name for name in (title, *former) if name in found), None)
        if name is not None:
            found[title] = found[name]
    return {name: frozenset(fields) for name, fields in found.items()}


def entities_of(
    documents: Iterable[Mapping[str, Any]], today: Snapshot, titles: Mapping[str, Iterable[str]]
) -> dict[str, EntityDefinition]:
    """The entities of a version by all names that commits may use; `titles`: today's name → all former names."""
    then = {str(document["name"]): EntityDefinition.stored(document) for document in documents}
    found = {name: beside(definition, definition_of(today, name)) for name, definition in then.items()}
    for title, former in titles.items():
        name = next((name for name in (title, *former) if name in then), None)
        if name is not None:
            found[title] = beside(then[name], definition_of(today, title))
    return found


def beside(then: EntityDefinition, today: EntityDefinition | None) -> EntityDefinition:
    """An earlier definition with the fields of both versions. A field is secret if either version says so."""
    if today is None:
        return then
    fields = {each.name: each for each in today.fields}
    for former in then.fields:
        newer = fields.get(former.name, former)
        secrets = {"sensitive": former.is_hidden or newer.is_hidden, "pii": former.pii or newer.pii}
        fields[former.name] = newer.model_copy(update=secrets)
    return then.model_copy(update={"fields": list(fields.values())})
