"""Apps and their definitions: what the metadata service answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from libs.shared.contracts.app_bodies import AppBody, NewAppBody, RestoreBody
from libs.shared.contracts.messages import Announcement, Request, Response, Writes
from libs.shared.parameters import PAGES, taking

Pairs = list[tuple[str, str]]
LARGEST_IMPORT = 64_000_000
"""Bytes of the largest document that can be imported."""
IMPORT_TIMEOUT_S = 120.0
"""Seconds that an import may take."""
DRY_RUN = taking("dry_run")


@dataclass(frozen=True, slots=True)
class CreateApp(Request[Response]):
    """A new app, with its own database."""

    service, name = "metadata", "apps.create"
    writes = Writes.PLATFORM
    body_model = NewAppBody
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListApps(Request[Response]):
    """All apps."""

    service, name = "metadata", "apps.list"


@dataclass(frozen=True, slots=True)
class GetApp(Request[Response]):
    """One app by name."""

    service, name = "metadata", "apps.get"
    app_name: str


@dataclass(frozen=True, slots=True)
class ChangeApp(Request[Response]):
    """Another `display_name`, or other `cors_origins`; what is left out stays."""

    service, name = "metadata", "apps.change"
    writes = Writes.PLATFORM
    body_model = AppBody
    app_name: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class DeleteApp(Request[Response]):
    """The end of an app and of all its data."""

    service, name = "metadata", "apps.delete"
    writes = Writes.PLATFORM
    app_name: str


@dataclass(frozen=True, slots=True)
class AppList:
    """Apps as `[id, name, database, server]`."""

    apps: list[tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class FindApps(Request[AppList]):
    """Apps by name or id; both empty means all active ones."""

    service, name, reply = "metadata", "apps.find", AppList
    by_services = True
    app_name: str = ""
    app_id: str = ""


@dataclass(frozen=True, slots=True)
class Origins:
    """Origins whose pages may call an app."""

    origins: list[str]


@dataclass(frozen=True, slots=True)
class FindOrigins(Request[Origins]):
    """The origins whose pages may call the app in the context."""

    service, name, reply = "metadata", "apps.origins", Origins


@dataclass(frozen=True, slots=True)
class ListDefinitions(Request[Response]):
    """All definitions of a kind (entities, permissions, webhooks, …)."""

    service, name = "metadata", "definitions.list"
    kind: str


@dataclass(frozen=True, slots=True)
class GetDefinition(Request[Response]):
    """One definition by id, or by name for named kinds, with its version as ETag; `version=n` in `query` reads an
    old one."""

    service, name = "metadata", "definitions.get"
    parameters = taking("version")
    kind: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListVersions(Request[Response]):
    """The versions of a definition, newest first: when, by whom, and what each has changed."""

    service, name = "metadata", "definitions.versions"
    parameters = taking(*PAGES)
    kind: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RestoreDefinition(Request[Response]):
    """A definition as it was at the `version` in `body`. `dry_run=true` in `query` answers the plan of it."""

    service, name = "metadata", "definitions.restore"
    writes = Writes.APP
    body_model = RestoreBody
    parameters = DRY_RUN
    kind: str
    id: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class CreateDefinition(Request[Response]):
    """A new definition from the JSON object in `body`. `dry_run=true` in `query` answers the plan of it."""

    service, name = "metadata", "definitions.create"
    parameters = DRY_RUN
    writes = Writes.APP
    kind: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ReplaceDefinition(Request[Response]):
    """The whole definition anew. `dry_run=true` in `query` answers the plan of it."""

    service, name = "metadata", "definitions.replace"
    parameters = DRY_RUN
    writes = Writes.APP
    kind: str
    id: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class PatchDefinition(Request[Response]):
    """A definition with other values for the keys that are sent. `dry_run=true` in `query` answers the plan of it."""

    service, name = "metadata", "definitions.patch"
    writes = Writes.APP
    parameters = DRY_RUN
    kind: str
    id: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class DeleteDefinition(Request[Response]):
    """The end of a definition; an entity's rows are kept aside. `dry_run=true` in `query` answers the plan of it."""

    service, name = "metadata", "definitions.delete"
    parameters = DRY_RUN
    writes = Writes.APP
    kind: str
    id: str
    query: Pairs = field(default_factory=list)
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class ListUiConfigs(Request[Response]):
    """What UIs are told about entities: the ui-configs of scope `default`."""

    service, name = "metadata", "ui_configs.list"


@dataclass(frozen=True, slots=True)
class GetUiConfig(Request[Response]):
    """What UIs are told about one entity, or about the app (`_app`): the ui-config of scope `default`, or null."""

    service, name = "metadata", "ui_configs.get"
    entity_name: str


@dataclass(frozen=True, slots=True)
class ExportApp(Request[Response]):
    """All definitions of an app as one document."""

    service, name = "metadata", "apps.export"


@dataclass(frozen=True, slots=True)
class ImportApp(Request[Response]):
    """The definitions, and sample records, of the document in `body`; those that are there stay as they are."""

    service, name = "metadata", "apps.import"
    writes, max_body_bytes, timeout = Writes.APP, LARGEST_IMPORT, IMPORT_TIMEOUT_S
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class PlanSchema(Request[Response]):
    """What it would take to make an app's definitions those of the document in `body`; nothing is changed."""

    service, name = "metadata", "schema.plan"
    writes, max_body_bytes, timeout = Writes.APP, LARGEST_IMPORT, IMPORT_TIMEOUT_S
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ApplySchema(Request[Response]):
    """Make an app's definitions those of the document in `body`; with `prune` there, others are deleted."""

    service, name = "metadata", "schema.apply"
    writes, max_body_bytes, timeout = Writes.APP, LARGEST_IMPORT, IMPORT_TIMEOUT_S
    body: bytes = b""


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
class AppsChanged(Announcement):
    """An app was created or deleted."""

    name = "apps.changed"
    app_id: str
    app_name: str


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
