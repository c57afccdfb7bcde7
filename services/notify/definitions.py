"""The channels and templates of an app at one version of its schema. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef
from libs.shared.schema import Snapshot
from libs.shared.schema.notification_channels import BUILT_IN, NotificationChannel
from libs.shared.schema.notification_templates import NotificationTemplate
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import Versions, documents_then

log = structlog.get_logger()

CHANNELS, TEMPLATES = "notification-channels", "notification-templates"
Documents = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel with its id; "" for one that every app has, before its definition is known."""

    id: str
    definition: NotificationChannel

    @property
    def name(self) -> str:
        """The name by which notifications know it."""
        return self.definition.name

    @property
    def type(self) -> str:
        """How it reaches people."""
        return self.definition.type


@dataclass(frozen=True, slots=True)
class NotificationDefinitions:
    """Channels and templates by id, and by name."""

    version: int
    channels: Mapping[str, Channel] = field(default_factory=dict)
    templates: Mapping[str, NotificationTemplate] = field(default_factory=dict)

    @classmethod
    def of(cls, version: int, channels: Documents, templates: Documents) -> NotificationDefinitions:
        """The definitions in these documents."""
        by_handle = {name: Channel("", NotificationChannel(name=name, type=name)) for name in BUILT_IN}  # type: ignore[arg-type]
        for document in channels:
            if (channel := _read(NotificationChannel, document)) is not None:
                found = Channel(str(document["id"]), channel)
                by_handle |= {found.id: found, found.name: found}
        templates_by_handle: dict[str, NotificationTemplate] = {}
        for document in templates:
            if (template := _read(NotificationTemplate, document)) is not None:
                templates_by_handle |= {str(document["id"]): template, template.name: template}
        return cls(version, by_handle, templates_by_handle)


def _read(model: type[Any], document: Mapping[str, Any]) -> Any | None:
    try:
        return model.stored(document)
    except ValidationError as error:
        # Metadata validates with the same model: only an older Rocket can have stored this.
        log.error("definition.unreadable", id=document.get("id"), problems=error.error_count())
        return None


def of_snapshot(snapshot: Snapshot) -> NotificationDefinitions:
    """The definitions of today."""
    documents = snapshot.documents
    return NotificationDefinitions.of(snapshot.version, documents.get(CHANNELS, ()), documents.get(TEMPLATES, ()))


def versions_of(schemas: Schemas, rpc: RpcClient) -> Versions[NotificationDefinitions]:
    """The definitions of all apps that a process works for, also of older versions."""

    async def past(app: AppRef, version: int, today: NotificationDefinitions) -> NotificationDefinitions:
        channels = await documents_then(rpc, app, CHANNELS, version)
        templates = await documents_then(rpc, app, TEMPLATES, version)
        return NotificationDefinitions.of(version, channels, templates)

    return Versions(schemas, of_snapshot, past)
