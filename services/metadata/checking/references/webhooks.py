"""Webhooks: the fields that their payloads are narrowed to. Pure."""

from __future__ import annotations

from libs.shared.schema.webhooks import WebhookDefinition
from services.metadata.checking.references.names import Problems, unknown_field
from services.metadata.model.schema import LiveSchema


def problems_of(webhook: WebhookDefinition, schema: LiveSchema) -> Problems:
    """The fields exist."""
    entity = schema.definition(webhook.entity)
    for number, name in enumerate(webhook.fields or ()):
        if wrong := unknown_field(entity, name):
            yield f"fields.{number}", wrong
