"""Definitions of an app, by kind: what the metadata service answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.app_bodies import RestoreBody
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

DRY_RUN = taking("dry_run")


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
