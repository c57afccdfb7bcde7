"""An entity as a caller with certain roles sees it: the fields that they may read, filter by, create and update."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from libs.shared.contracts.context import Identity
from libs.shared.permissions.profile import Profile, compile_profile
from libs.shared.schema import Entity, EntityDefinition, FieldDefinition, Relation, Snapshot
from libs.shared.schema.links import links_of


@dataclass(frozen=True, slots=True)
class VisibleEntity:
    """An entity narrowed to a caller's fields; `definition` has those that are read, `masked` those that may be masked.

    `includes` are the relations whose records can be attached, `nested` those whose records can be written along,
    `single` those that lead to one record, each with the fields of it that can be asked for.
    """

    name: str
    definition: EntityDefinition
    asked: EntityDefinition
    created: EntityDefinition
    updated: EntityDefinition
    actions: frozenset[str]
    masked: frozenset[str] = frozenset()
    includes: Sequence[str] = ()
    nested: Sequence[Relation] = ()
    single: Mapping[str, Sequence[FieldDefinition]] = field(default_factory=dict)


class VisibleEntities:
    """What a caller sees of every entity of a schema; an admin sees all that their API key allows."""

    def __init__(self, snapshot: Snapshot, reader: Identity) -> None:
        self._snapshot = snapshot
        self._reader = reader
        self._roles = tuple(sorted(reader.roles))
        self._passes = reader.passes_policies
        self._profiles: dict[tuple[str, str], Profile | None] = {}

    def of(self, entity: Entity) -> VisibleEntity:
        """One entity. Nothing of what no policy grants is in it."""
        actions = frozenset(a for a in ("read", "create", "update", "delete") if self.may(a, entity))
        reading = self._profile(entity, "read")
        masked = {name for name, access in reading.access.items() if access.masks} if reading else set()
        return VisibleEntity(
            name=entity.name,
            definition=self._narrowed(entity, "read", reading.access if reading else ()),
            asked=self._narrowed(entity, "read", reading.askable if reading else ()),
            created=self._written(entity, "create"),
            updated=self._written(entity, "update"),
            actions=actions,
            masked=frozenset(masked),
            includes=[r.name for r in self._snapshot.relations.values() if self._attaches(entity, r)],
            nested=[r for r in self._snapshot.relations.values() if r.source == entity.name and self._nests(r)],
            single=dict(self._single(entity)),
        )

    def _single(self, entity: Entity) -> Iterator[tuple[str, Sequence[FieldDefinition]]]:
        """The relations that lead to one record."""
        for link in links_of(entity.name, self._snapshot.relations.values()):
            if not link.many and link.relation.source != link.relation.target and self._attaches(entity, link.relation):
                beyond = self._snapshot.entity(link.entity)
                reading = self._profile(beyond, "read")
                asked = self._narrowed(beyond, "read", reading.askable if reading else ())
                yield link.relation.name, asked.fields

    def may(self, action: str, entity: Entity) -> bool:
        """Whether any policy grants the action, for any records."""
        if not self._reader.allows(entity.name, action):
            return False
        return self._passes or self._profile(entity, action) is not None

    def _profile(self, entity: Entity, action: str) -> Profile | None:
        asked = (entity.name, action)
        if asked not in self._profiles:
            definition = entity.definition
            fields: Mapping[str, FieldDefinition] = {f.name: f for f in (*definition.fields, *definition.key_fields)}
            policies = [policy for policy in self._snapshot.policies if policy.entity == entity.name]
            keys = definition.primary_key.names
            self._profiles[asked] = compile_profile(fields, keys, policies, action, self._roles)
        return self._profiles[asked]

    def _narrowed(self, entity: Entity, action: str, names: Collection[str]) -> EntityDefinition:
        definition = entity.definition
        if self._passes:
            return definition
        kept = {*names, *definition.primary_key.names}
        return definition.model_copy(update={"fields": [f for f in definition.fields if f.name in kept]})

    def _written(self, entity: Entity, action: str) -> EntityDefinition:
        profile = self._profile(entity, action)
        return self._narrowed(entity, action, profile.askable if profile else ())

    def _asks(self, name: str, key: str) -> bool:
        if self._passes or not self._reader.allows(name, "read"):
            return self._reader.allows(name, "read")
        profile = self._profile(self._snapshot.entity(name), "read")
        return profile is not None and key in profile.askable

    def _attaches(self, entity: Entity, relation: Relation) -> bool:
        """Whether both ends of a relation of this entity can be seen, with the values that relate them."""
        if entity.name not in (relation.source, relation.target):
            return False
        return self._asks(relation.source, relation.source_key) and self._asks(relation.target, relation.target_key)

    def _nests(self, relation: Relation) -> bool:
        """Whether records of a relation's target can be written along with its source."""
        target = self._snapshot.entity(relation.target)
        return relation.joined or self.may("create", target) or self.may("update", target)
