"""Definitions as types, and the snapshot of all definitions of an app."""

from libs.shared.schema.entities import DELETED, VERSION_COLUMN, EntityDefinition
from libs.shared.schema.fields import FieldDefinition
from libs.shared.schema.policies import Condition, PolicyDefinition
from libs.shared.schema.relations import Relation, RelationDefinition
from libs.shared.schema.snapshot import Entity, Snapshot
from libs.shared.schema.values import BadValue, parse_text, parse_value

__all__ = [
    "DELETED", "VERSION_COLUMN", "BadValue", "Condition", "Entity", "EntityDefinition", "FieldDefinition",
    "PolicyDefinition", "Relation", "RelationDefinition", "Snapshot", "parse_text", "parse_value",
]  # fmt: skip
