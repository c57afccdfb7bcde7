"""The document: what is published where, in which form, and how one gets at it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import (
    PARTITIONS,
    POSITION,
    QUIET,
    REFERENCE,
    SCHEMA,
    SPANS,
    CommitEvent,
    SignalEvent,
    SpanEvent,
    commit_subject,
    signal_subject,
    telemetry_subject,
)
from services.gateway.asyncapi.schemas import schema_of

VERSION = "3.0.0"
ACTIONS = ("create", "update", "delete", "restore")
ANY_APP = "{app_id}"
USAGE_TEXT = (
    "Every change of a record is an event, in the order of the commit log and none twice. Messages are CloudEvents 1.0 "
    "in NATS binary mode. An admin of an app grants credentials with POST /api/{app}/_admin/subscribers; they come "
    "with a durable consumer per stream, to pull from and to acknowledge. The images in events are unfiltered."
)


def build(app: AppRef | None, entities: Collection[str], url: str) -> dict[str, Any]:
    """The streams of an app with these entities, or of any app; `url` is where NATS is, empty if it is not set."""
    app_id = app.id if app else ANY_APP
    document: dict[str, Any] = {
        "asyncapi": VERSION,
        "info": {"title": f"Events of {app.name if app else 'Rocket'}", "version": "1.0.0", "description": USAGE_TEXT},
        "defaultContentType": "application/json",
        "channels": _channels(app_id, entities),
        "operations": {
            name: {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}
            for name, channel, summary in OPERATIONS
        },
        "components": _components(),
    }
    if address := urlsplit(url).netloc:
        login = [{"$ref": "#/components/securitySchemes/subscriber"}]
        document["servers"] = {"nats": {"host": address, "protocol": "nats", "security": login}}
    return document


PARTITION = f"The number is the same for all events of one record; {QUIET} behind it: no definition waits for this one"
OPERATIONS = (
    ("publishCommits", "commits", "Every change of a record, once, in order"),
    ("publishSignals", "signals", "What the services have done"),
    ("publishTelemetry", "telemetry", "Spans and business events, in batches; may lose"),
)


def _channels(app_id: str, entities: Collection[str]) -> dict[str, Any]:
    app = {"app_id": {"description": "The app's id, which outlives its name"}} if app_id == ANY_APP else {}
    entity: dict[str, Any] = {"description": "The entity, or the join table of a pair"}
    if entities:
        entity["examples"] = sorted(entities)
    partitions = [f"{number:02d}{ending}" for ending in ("", QUIET) for number in range(PARTITIONS)]
    commits = commit_subject(app_id, "{entity}", "{action}", "").rpartition(".")[0]
    return {
        "commits": {
            "address": f"{commits}.{{partition}}",
            "title": "Changes of records",
            "messages": {"commit": {"$ref": "#/components/messages/commit"}},
            "parameters": {
                **app,
                "entity": entity,
                "action": {"enum": list(ACTIONS), "description": "What was done to the record"},
                "partition": {"enum": partitions, "description": PARTITION},
            },
        },
        "signals": {
            "address": signal_subject(app_id, "{service}", "{what}"),
            "title": "What services have done",
            "messages": {"signal": {"$ref": "#/components/messages/signal"}},
            "parameters": {
                **app,
                "service": {"description": "The service that tells"},
                "what": {"description": "What it has done, in the past tense"},
            },
        },
        "telemetry": {
            "address": telemetry_subject(app_id),
            "title": "Spans",
            "messages": {"spans": {"$ref": "#/components/messages/spans"}},
            **({"parameters": app} if app else {}),
        },
    }


def _components() -> dict[str, Any]:
    spans = {"type": "array", "items": schema_of(SpanEvent)}
    return {
        "messages": {
            "commit": _message("commit", "A changed record", schema_of(CommitEvent), COMMIT_HEADERS),
            "signal": _message("signal", "Something a service has done", schema_of(SignalEvent), {POSITION: TEXT}),
            "spans": _message("spans", "A batch of spans", spans, {"ce-type": {"const": SPANS}}),
        },
        "securitySchemes": {
            "subscriber": {"type": "userPassword", "description": "As POST /_admin/subscribers has answered"},
        },
    }


def _message(name: str, title: str, payload: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    properties = {**dict.fromkeys(ATTRIBUTES, TEXT), "ce-specversion": {"const": "1.0"}, **headers}
    return {
        "name": name,
        "title": title,
        "contentType": "application/json",
        "headers": {"type": "object", "properties": properties, "required": list(ATTRIBUTES)},
        "payload": payload,
    }


TEXT = {"type": "string"}
ATTRIBUTES = ("ce-specversion", "ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "ce-datacontenttype")
COMMIT_HEADERS = {
    POSITION: {"type": "string", "description": "<position in the log>.<number within the commit>"},
    SCHEMA: {"type": "string", "description": "The schema version that the record was written under"},
    REFERENCE: {"type": "string", "description": "Set where the images were too large to be published"},
}
