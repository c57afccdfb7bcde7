"""The records that a record refers to, as far as the paths of a step follow relations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.effects import FetchedRecords, FetchRecords
from libs.shared.schema.links import MAX_HOPS, Link, links_of, to_one_links
from libs.shared.schema.snapshot import Snapshot

Document = dict[str, Any]
Names = tuple[str, ...]
Ask = Callable[[FetchRecords], Awaitable[FetchedRecords]]


@dataclass(frozen=True, slots=True)
class _Holder:
    """A record that was read, with the paths that go on from it."""

    entity: str
    record: Document
    paths: frozenset[Names]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A record that one refers to under a name. `paths` go on from there."""

    holder: _Holder
    name: str
    link: Link
    paths: frozenset[Names]

    @property
    def address(self) -> tuple[str, str] | None:
        """Its entity and id; None where the reference is empty."""
        key = self.holder.record.get(self.link.own)
        return None if key is None else (self.link.entity, str(key))


async def add_related(ask: Ask, schema: Snapshot, entity: str, record: Document, paths: Collection[Names]) -> Document:
    """The record, with those that it refers to by relations, under their names: of those the fields that are read."""
    whole = dict(record)
    holders = [_Holder(entity, whole, frozenset(paths))]
    for _ in range(MAX_HOPS):
        wanted = [each for holder in holders for each in _references(schema, holder)]
        if not wanted:
            break
        holders = await _read(ask, schema, wanted)
    return whole


def _references(schema: Snapshot, holder: _Holder) -> Iterable[_Wanted]:
    links = links_from(schema, holder.entity)
    behind: dict[str, set[Names]] = {}
    for name, *rest in (path for path in holder.paths if path):
        if name in links:
            behind.setdefault(name, set()).add(tuple(rest))
    return [_Wanted(holder, name, links[name], frozenset(rest)) for name, rest in behind.items()]


def links_from(schema: Snapshot, entity: str) -> Mapping[str, Link]:
    """Name → the relation that leads from an entity to one record."""
    if entity not in schema.entities:
        return {}
    definitions = {name: each.definition for name, each in schema.entities.items()}
    return to_one_links(links_of(entity, schema.relations.values()), definitions, entity)


async def _read(ask: Ask, schema: Snapshot, wanted: Sequence[_Wanted]) -> list[_Holder]:
    """Read what is referred to with one request, and put it where it belongs; answers what was found."""
    addresses = list(dict.fromkeys(each.address for each in wanted if each.address is not None))
    fields: dict[str, list[str]] = {}
    for each in wanted:
        known = fields.setdefault(each.link.entity, [each.link.other])
        known += [name for name in _fields(schema, each) if name not in known]
    records = (await ask(FetchRecords(addresses, fields))).records if addresses else []
    by_address = dict(zip(addresses, records, strict=True))
    found = []
    for each in wanted:
        record = by_address.get(each.address) if each.address is not None else None
        each.holder.record[each.name] = None if record is None else dict(record)
        if record is not None:
            found.append(_Holder(each.link.entity, each.holder.record[each.name], each.paths))
    return found


def _fields(schema: Snapshot, wanted: _Wanted) -> Iterable[str]:
    """The fields that are needed of it: those at the end of paths, and the references by which paths go on."""
    links = links_from(schema, wanted.link.entity)
    for name in (path[0] for path in wanted.paths if path):
        yield links[name].own if name in links else name
