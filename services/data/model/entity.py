"""One entity, compiled for statements."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from cachetools import LRUCache

from libs.shared.errors import not_found
from libs.shared.permissions.profile import Profile, compile_profile
from libs.shared.schema import (
    DELETED,
    BadValue,
    Condition,
    Entity,
    FieldDefinition,
    PolicyDefinition,
    Snapshot,
    parse_text,
)
from libs.shared.schema.comments import COMMENTS, REPLIES
from libs.shared.schema.links import Link, find_link, links_of
from services.data.model.keys import Key
from services.data.model.naming import quote
from services.data.model.numbered import numbered_fields
from services.data.model.statements import MAX_STATEMENTS

MAX_PROFILES = 1_000
"""Sets of roles whose compiled permissions are kept; the least recently used go first."""
AUTHOR = "$author"
"""The role that everyone has for comments: it grants what authors may do to their own."""
_OWN = [
    PolicyDefinition(
        entity=COMMENTS, action=action, roles=[AUTHOR], conditions=[Condition(field="user_id", value="$user.id")]
    )
    for action in ("create", "update", "delete")
]
IMPLICIT_DELETED = "0"
"""The log's id of `deleted_at` unless a field of that name was there before records were soft-deleted."""


class EntityModel:
    """Names, columns, policies and links of an entity. Statements always name columns, never use `*`."""

    def __init__(self, entity: Entity, schema: Snapshot, salt: bytes = b"") -> None:
        definition = entity.definition
        self.name = entity.name
        self.number = entity.number
        self.definition = definition
        self.table = f"records.{quote(definition.table)}"
        self.key = Key(definition)
        self.soft_delete = definition.soft_delete
        keys = {field.name: field for field in self.key.fields}
        self.fields: Mapping[str, FieldDefinition] = {f.name: keys.get(f.name, f) for f in definition.fields}
        self.files = [field for field in self.fields.values() if field.type == "file"]
        self.policies = _OWN if entity.name == COMMENTS else [p for p in schema.policies if p.entity == entity.name]
        self.salt = salt
        self._profiles: LRUCache[tuple[str, tuple[str, ...]], Profile | None] = LRUCache(MAX_PROFILES)
        self._distinct: LRUCache[str, Profile] = LRUCache(MAX_PROFILES)
        self._schema = schema
        relations = [REPLIES] if entity.name == COMMENTS else schema.relations.values()
        self.links: Sequence[Link] = links_of(entity.name, relations)
        self.eager = [link for link in self.links if link.outward and link.relation.eager]
        """Links whose records are always included with a record of this entity."""
        ids = {name: str(number) for name, number in entity.field_ids.items()}
        self.image_ids = ids if not self.soft_delete or DELETED in ids else {**ids, DELETED: IMPLICIT_DELETED}
        """Column → key in the log's images; also of fields left out today, as their values come back with them."""
        self.references = [link for link in self.links if not link.outward and not link.relation.joined]
        """The links whose column is a field of this entity: what its records refer to."""
        self.trees = [link for link in self.references if link.relation.acyclic]
        """The references by which no record may be its own ancestor."""
        self.anchors = {link.own for link in self.links if link.outward} - set(self.key.names)
        """Fields beside the key that records of other entities refer to."""
        self.exclusive = [name for name in self.fields if name not in self.key.names and self._is_exclusive(name)]
        """Fields beside the key whose values no two records may share."""
        self.numbered = numbered_fields(entity)
        """The fields whose values the server numbers."""
        self.is_gapless = any(numbered.field.gapless for numbered in self.numbered)
        self.statements: LRUCache[Hashable, str] = LRUCache(MAX_STATEMENTS)
        """The statements that write to this entity, by shape."""

    def _is_exclusive(self, name: str) -> bool:
        one_to_one = [link.own for link in self.references if link.relation.type == "one_to_one"]
        return self.fields[name].unique or name in one_to_one

    def may_close_cycle(self, values: Mapping[str, Any], is_new: bool) -> bool:
        """Whether a record with these values may become its own ancestor; nothing refers to a new one but itself."""
        return any(
            values.get(link.own) is not None and (not is_new or values.get(link.other) is not None)
            for link in self.trees
        )

    def link(self, name: str) -> Link | None:
        """The link to related records of this name, or None."""
        return find_link(self.links, name)

    def children(self, name: str) -> Link | None:
        """The link of a nested write: by the name of a relation whose source this entity is."""
        return next((link for link in self.links if link.outward and link.relation.name == name), None)

    def parent(self, link: Link) -> tuple[str, str]:
        """Table and liveness (of the row alias `_s`) of the entity that a reference points to."""
        definition = self._schema.entity(link.entity).definition
        alive = f"_s.{quote(DELETED)} IS NULL" if definition.soft_delete else "true"
        return f"records.{quote(definition.table)}", alive

    def profile(self, action: str, roles: tuple[str, ...]) -> Profile | None:
        """What these roles may do by an action, compiled once; None for nothing."""
        try:
            return self._profiles[action, roles]
        except KeyError:
            profile = self._profiles[action, roles] = self._compiled(action, roles)
            return profile

    def _compiled(self, action: str, roles: tuple[str, ...]) -> Profile | None:
        """A profile; an equal one that exists is used again, and with it its statements."""
        roles = (AUTHOR,) if self.name == COMMENTS else roles
        made = compile_profile(self.fields, self.key.names, self.policies, action, roles)
        if made is None:
            return None
        return self._distinct.setdefault(f"{action} {made.signature}", made)

    def column_type(self, name: str) -> str:
        """The PostgreSQL type of a value for this column, without precision."""
        return self.fields[name].column_type.partition("(")[0]

    def columns(self, row: str) -> str:
        """The visible columns of `row`, for a SELECT that becomes a JSON object."""
        return ", ".join(f"{row}.{quote(name)}" for name in self.fields)

    def json(self, row: str) -> str:
        """A record as JSON text. The alias begins with _ as no field does, so it can only name the row."""
        return f"(SELECT row_to_json(_x)::text FROM (SELECT {self.columns(row)}) _x)"

    def alive(self, row: str) -> str:
        """The condition that a row is not soft-deleted."""
        return f"{row}.{quote(DELETED)} IS NULL" if self.soft_delete else "true"

    def slug_of(self, text: str) -> str:
        """Parse the slug in a URL. Raises NOT_FOUND for what can't be one."""
        slug = self.definition.slug
        if slug is None or slug.field not in self.fields:
            raise not_found("Record")
        try:
            return str(parse_text(self.fields[slug.field], text))
        except BadValue:
            raise not_found("Record") from None
