"""Apps and their definitions: what the metadata service answers."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.app_bodies import AppBody, NewAppBody
from libs.shared.contracts.messages import Announcement, Request, Response, Writes

MAX_IMPORT_BYTES = 64_000_000
"""Bytes of the largest document that can be imported."""
IMPORT_TIMEOUT_S = 120.0
"""Seconds that an import may take."""


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
class ExportApp(Request[Response]):
    """All definitions of an app as one document."""

    service, name = "metadata", "apps.export"


@dataclass(frozen=True, slots=True)
class ImportApp(Request[Response]):
    """The definitions, and sample records, of the document in `body`; those that are there stay as they are."""

    service, name = "metadata", "apps.import"
    writes, max_body_bytes, timeout = Writes.APP, MAX_IMPORT_BYTES, IMPORT_TIMEOUT_S
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class PlanSchema(Request[Response]):
    """What it would take to make an app's definitions those of the document in `body`; nothing is changed."""

    service, name = "metadata", "schema.plan"
    writes, max_body_bytes, timeout = Writes.APP, MAX_IMPORT_BYTES, IMPORT_TIMEOUT_S
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ApplySchema(Request[Response]):
    """Make an app's definitions those of the document in `body`; with `prune` there, others are deleted."""

    service, name = "metadata", "schema.apply"
    writes, max_body_bytes, timeout = Writes.APP, MAX_IMPORT_BYTES, IMPORT_TIMEOUT_S
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class AppsChanged(Announcement):
    """An app was created or deleted."""

    name = "apps.changed"
    app_id: str
    app_name: str
