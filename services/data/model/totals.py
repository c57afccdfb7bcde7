"""Which computed fields are computed from which other records: those that load them over a relation to many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from libs.shared.schema import Snapshot
from libs.shared.schema.links import Link
from services.data.model.entity import EntityModel
from services.data.rules import EntityRules


@dataclass(frozen=True, slots=True)
class Total:
    """A parent (an entity's name) whose computed fields read the records at the far end of a link."""

    parent: str
    link: Link


@dataclass(frozen=True, slots=True)
class Totals:
    """All totals of an app. `by_number`: the log's number of children, or pairs → the totals that they are part of."""

    by_number: Mapping[int, Sequence[Total]]
    by_parent: Mapping[str, frozenset[str]]
    """Entity → the relations that its computed fields read."""


def totals_of(
    schema: Snapshot, entity_of: Callable[[str], EntityModel], rules_of: Callable[[str], EntityRules]
) -> Totals:
    """The totals of a schema. Computed fields that only read a referenced record are none: they keep their value."""
    by_number: dict[int, list[Total]] = defaultdict(list)
    by_parent: dict[str, set[str]] = defaultdict(set)
    for name in sorted(_summing(schema)):
        entity = entity_of(name)
        for load in rules_of(name).computed_loads():
            link = entity.link(load.relation)
            if link is None or not (link.outward or link.relation.joined):
                continue
            by_parent[name].add(link.relation.name)
            total = Total(name, link)
            numbers = [entity_of(link.entity).number, *([link.relation.number] if link.relation.joined else [])]
            for number in numbers:
                if total not in by_number[number]:
                    by_number[number].append(total)
    return Totals(dict(by_number), {name: frozenset(relations) for name, relations in by_parent.items()})


def _summing(schema: Snapshot) -> set[str]:
    """The entities with computed fields that load anything."""
    return {
        rule["entity"]
        for rule in schema.documents.get("rules", ())
        if rule.get("type") == "computed"
        and isinstance(rule.get("definition"), Mapping)
        and rule["definition"].get("related_load")
        and rule.get("entity") in schema.entities
    }
