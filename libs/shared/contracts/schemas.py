"""The schema of an app as other services read it, at present and at earlier versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from libs.shared.contracts.messages import Announcement, Request


@dataclass(frozen=True, slots=True)
class SchemaSnapshot:
    """All definitions of an app at one schema version, as `libs.shared.schema.Snapshot` reads them."""

    values_in_head: ClassVar[bool] = True
    version: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GetSchema(Request[SchemaSnapshot]):
    """The current schema of the app in the context."""

    service, name, reply = "metadata", "schema.get", SchemaSnapshot
    by_services = True


@dataclass(frozen=True, slots=True)
class DefinitionsThen:
    """Definitions of one kind, each with its id, as they were at a version of the schema."""

    values_in_head: ClassVar[bool] = True
    documents: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class GetDefinitionsAsOf(Request[DefinitionsThen]):
    """The definitions of a kind that there were at a version of the schema, from their history."""

    service, name, reply = "metadata", "definitions.as_of", DefinitionsThen
    by_services = True
    kind: str
    version: int


@dataclass(frozen=True, slots=True)
class SchemaChanged(Announcement):
    """The schema of an app has reached `version`."""

    name = "schema.changed"
    app_id: str
    version: int


@dataclass(frozen=True, slots=True)
class NamesEver:
    """What an app's entities, join tables and fields are called, and were: events tell them by the name of their time.

    `titles` is today's name → all names that the same thing had; `fields` its name → all names of its fields.
    """

    titles: dict[str, list[str]]
    fields: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class ListNames(Request[NamesEver]):
    """All names there are and were."""

    service, name, reply = "metadata", "schema.names", NamesEver
    by_services = True
