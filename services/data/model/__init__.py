"""A schema compiled for SQL: entities, their keys and their relations, made once per schema version."""

from libs.shared.schema.links import Link
from services.data.model.entity import IMPLICIT_DELETED, EntityModel
from services.data.model.keys import Key, KeyValue
from services.data.model.model import Model, Models
from services.data.model.naming import quote
from services.data.model.parameters import StatementParameters
from services.data.model.statements import PointStatement

__all__ = [
    "IMPLICIT_DELETED",
    "EntityModel",
    "Key",
    "KeyValue",
    "Link",
    "Model",
    "Models",
    "PointStatement",
    "StatementParameters",
    "quote",
]
