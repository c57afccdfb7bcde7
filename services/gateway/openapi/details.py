"""What routes that are the same in every app take and answer, where the routing table does not say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.contracts.events import EVENT_FILTERS
from libs.shared.schema.app_settings import AppSettings
from libs.shared.schema.dashboards import Dashboard
from services.gateway.openapi import activity, identity, sso, workflows
from services.gateway.openapi.activity import EVENT, STATS, TEXT_OR_NOT, TIME_OR_NOT, page_of
from services.gateway.openapi.bodies import inline_schema
from services.gateway.openapi.components import Schema, answer, enveloped, ref
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, ROWS, TEXT, TIME, UUID, gives, shaped, takes

APP = shaped(
    name=TEXT, display_name=TEXT, db_name=TEXT, db_driver=TEXT, server={"type": ["string", "null"]},
    cors_origins={"type": "array", "items": TEXT}, status=TEXT, created_at=TIME, updated_at=TIME,
)  # fmt: skip
STREAM: Schema = {"enum": ["commits", "signals", "telemetry"]}
ENTITY_NAMES: Schema = {
    "type": "array", "maxItems": 50, "items": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,62}$"},
}  # fmt: skip
SUBSCRIBER = shaped(
    id=TEXT, name=TEXT, streams={"type": "array", "items": STREAM}, entities=ENTITY_NAMES,
    expires_at={"type": ["string", "null"]}, created_at=TIME, created_by=TEXT, url={"type": ["string", "null"]},
    user=TEXT, password=TEXT, inbox_prefix=TEXT,
    consumers={"type": "array", "items": shaped(stream=TEXT, durable=TEXT)},
)  # fmt: skip
FILE = shaped(id=UUID, filename=TEXT, size=NUMBER, mime_type=TEXT, url=TEXT)
LISTED_FILE = shaped(
    ("id", "filename", "mime_type", "size", "created_at"), id=UUID, filename=TEXT, mime_type=TEXT, size=NUMBER,
    uploaded_by=TEXT_OR_NOT, created_at=TIME,
)  # fmt: skip
UPLOAD: Schema = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": shaped(("file",), file={"type": "string", "contentMediaType": "application/octet-stream"})
            }
        },
    },
    "responses": {"201": answer("The file's description", enveloped(FILE))},
}
BYTES: Schema = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
DOWNLOAD: Schema = {
    "parameters": [
        {"name": "Range", "in": "header", "schema": {"type": "string", "pattern": "^bytes=[0-9]{1,9}-[0-9]{0,9}$"}},
    ],
    "responses": {
        "200": {"description": "The bytes", "content": BYTES},
        "206": {"description": "The part asked for", "content": BYTES},
        "304": {"description": "The copy is still good"},
    },
}
FILE_REMOVAL: Schema = {
    "parameters": [
        {
            "name": "force",
            "in": "query",
            "schema": {"type": "string", "enum": ["true", "false"]},
            "description": "true: records that hold the file have it cleared, in one commit; else they are named (409)",
        }
    ],
    "responses": {"200": answer("It is gone", enveloped(shaped(("id",), id=UUID, deleted=FLAG)))},
}
TRIAL = shaped(
    ("entity",), entity=TEXT, hook=TEXT, type=TEXT, definition=OBJECT, guard=TEXT, field=TEXT, to=TEXT,
    limit={"type": "integer", "minimum": 1, "maximum": 100}, as_of=TEXT, record=OBJECT,
)  # fmt: skip
TRIED = shaped(violating=NUMBER, looked_at=NUMBER, complete=FLAG, ids={"type": "array", "items": {}})

IDS: Schema = {"type": "array", "items": {}}
MACHINE_TRIAL = shaped(("entity", "field", "definition"), entity=TEXT, field=TEXT, definition=OBJECT, active=FLAG)
TRIED_MOVE = shaped(to=TEXT, records=NUMBER, refused={"type": ["integer", "null"]}, ids=IDS, complete=FLAG)
TRIED_MOVE["properties"]["from"] = {"type": "array", "items": TEXT}
MACHINE_TRIED = shaped(
    ("records", "states", "unknown", "transitions", "complete"),
    records=NUMBER, complete=FLAG, unknown=shaped(records=NUMBER, ids=IDS),
    states={"type": "array", "items": shaped(state=TEXT_OR_NOT, records=NUMBER, known=FLAG)},
    transitions={"type": "array", "items": TRIED_MOVE},
)  # fmt: skip
EXPLANATION = shaped(
    ("verdict", "reason", "policies"),
    verdict={"enum": ["allowed", "masked", "denied", "depends"]}, reason=TEXT, entity=TEXT, action=TEXT,
    roles={"type": "array", "items": TEXT}, policies=ROWS, record=OBJECT, field=OBJECT, records=ROWS,
    list=shaped(listed=FLAG, checks=ROWS),
)  # fmt: skip

LEVEL: Schema = {"enum": ["none", "some", "all", "masked"]}
COUNT_OR_NOT: Schema = {"type": ["integer", "null"]}
EFFECT = shaped(
    ("role", "entity", "action", "before", "after", "records", "gained", "lost"),
    role=TEXT, entity=TEXT, action=TEXT, field=TEXT, before=LEVEL, after=LEVEL, records=COUNT_OR_NOT,
    gained=COUNT_OR_NOT, lost=COUNT_OR_NOT,
)  # fmt: skip

AFTER: Schema = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 2**53}}
LIVE: Schema = {
    "parameters": [
        AFTER,
        {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string", "pattern": "^[0-9]{1,15}$"}},
    ],
    "responses": {
        "200": {"description": "Server-sent events, endless", "content": {"text/event-stream": {"schema": TEXT}}}
    },
    "security": [{"bearer": []}, {"ticket": []}],
}
WATCHED: list[Schema] = [{"name": name, "in": "query", "schema": TEXT} for name in EVENT_FILTERS]
ENTITIES: Schema = {"name": "entities", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}
TICKET = shaped(("ticket", "expires_in"), ticket=TEXT, expires_in=NUMBER)

CHANGED_RECORD = shaped(entity=TEXT, record_id=TEXT, version=NUMBER, action=TEXT, changed=OBJECT)
COMMIT = shaped(
    commit_id=UUID, position=NUMBER, at=TIME, user=shaped(id=TEXT, email=TEXT), cause=TEXT, trace_id=UUID,
    on_behalf_of=TEXT, records={"type": "array", "items": CHANGED_RECORD},
)  # fmt: skip
GET_COMMIT: Schema = {
    "parameters": [ref("parameters", "Page")],
    "responses": {"200": answer("The commit", enveloped(COMMIT, meta=True))},
}
UNDONE = shaped(commit_id=UUID, position=NUMBER, records={"type": "array", "items": CHANGED_RECORD}, size=NUMBER)
UNDO: Schema = {"responses": {"200": answer("What was done", enveloped(UNDONE), "X-Commit", "Idempotency-Replayed")}}

REPLAY = shaped(
    id=UUID, projection=TEXT, kind={"enum": ["verify", "rebuild"]}, requested_by=TEXT, only=TEXT,
    status={"enum": ["waiting", "running", "done", "failed"]}, error={"type": ["string", "null"]},
    checked=NUMBER, total=NUMBER, position=NUMBER, hash=TEXT, differences=NUMBER, first_differences=ROWS, equal=FLAG,
    created_at=TIME, updated_at=TIME, finished_at={"type": ["string", "null"], "format": "date-time"},
)  # fmt: skip
REPLAYED = gives(REPLAY, 202, "Begun behind the scenes")
MAYBE_REPLAY: Schema = {"anyOf": [REPLAY, {"type": "null"}]}
ENTRY = shaped(
    position=NUMBER,
    n=NUMBER,
    entity=TEXT,
    record_id=TEXT,
    version=NUMBER,
    faults={"type": "array", "items": TEXT},
    reason=TEXT_OR_NOT,
)
REPAIRED = shaped(
    repaired={"type": "array", "items": ENTRY},
    left={"type": "array", "items": ENTRY},
    checked=NUMBER,
    dry_run=FLAG,
    next=TEXT_OR_NOT,
)
PROJECTION = shaped(
    name=TEXT, service=TEXT, position=NUMBER, lag=NUMBER, hash={"type": ["string", "null"]}, verify=MAYBE_REPLAY,
    rebuild=MAYBE_REPLAY, stalled={"anyOf": [shaped(("since", "reason"), since=TIME, reason=TEXT), {"type": "null"}]},
)  # fmt: skip
CIRCUIT: Schema = {"enum": ["closed", "open", "half_open", "disabled", None]}
VERSION = shaped(
    ("version", "at", "user", "changed"), version=NUMBER, at=TIME, user=shaped(id=TEXT, email=TEXT),
    changed={"type": "array", "items": TEXT},
)  # fmt: skip
WEBHOOK = shaped(id=UUID, circuit=CIRCUIT, failing_since=TIME_OR_NOT, next_try_at=TIME_OR_NOT, last_error=TEXT_OR_NOT)

PAGE: dict[str, Any] = {"responses": {"200": {"description": "The Admin UI, a file of it, or what keeps it away"}}}
VIEW = shaped(
    ("id", "entity", "name", "scope", "state", "owner", "editable", "created_at", "updated_at"),
    id=UUID, entity=TEXT, name=TEXT, scope=TEXT, state=OBJECT, owner=shaped(("id", "email"), id=UUID, email=TEXT),
    editable=FLAG, created_at=TIME, updated_at=TIME,
)  # fmt: skip
VIEW_DELETED = shaped(("id", "deleted"), id=UUID, deleted=FLAG)
FIGURE = shaped(
    ("count", "link"), count={"type": ["integer", "null"]}, link=TEXT, estimated=FLAG,
    by_entity={"type": "object", "additionalProperties": NUMBER},
    error=shaped(("code", "message"), code=TEXT, message=TEXT),
)  # fmt: skip
FIGURES = (
    "entities", "records", "users", "pending_approvals", "failed_deliveries", "failed_notifications",
    "failed_instances", "dead_letters", "lag",
)  # fmt: skip
OVERVIEW = shaped(FIGURES, **dict.fromkeys(FIGURES, FIGURE))
LINK = shaped(("label", "url"), label=TEXT, url=TEXT)
BRANDING = shaped(
    ("name", "logo", "colour", "links"), name=TEXT, logo=TEXT_OR_NOT, colour=TEXT_OR_NOT,
    links={"type": "array", "items": LINK},
)  # fmt: skip
DASHBOARD = shaped(
    ("id", "name", "description", "roles"), id=UUID, name=TEXT, description=TEXT_OR_NOT,
    roles={"anyOf": [{"type": "array", "items": TEXT}, {"type": "null"}]},
)  # fmt: skip
WIDGET_DATA = shaped(
    data={"type": "array", "items": OBJECT}, meta=OBJECT, error=shaped(("code", "message"), code=TEXT, message=TEXT)
)
DASHBOARD_DATA = shaped(
    ("widgets", "as_of"), widgets={"type": "object", "additionalProperties": WIDGET_DATA},
    as_of={"type": ["string", "integer"]},
)  # fmt: skip
SETTINGS = inline_schema(AppSettings)
CHANGED_SETTINGS: Schema = {**takes(SETTINGS), **gives(SETTINGS)}
UI_CONFIG = shaped(id=UUID, entity=TEXT, scope=TEXT, config=OBJECT, created_at=TIME, updated_at=TIME)

DETAILS: Mapping[tuple[str, str], Schema] = {
    **identity.DETAILS,
    **sso.DETAILS,
    **activity.DETAILS,
    ("GET", "/health"): {"responses": {"200": answer("Alive", shaped(("status",), status=TEXT))}},
    ("GET", "/healthz"): {"responses": {"200": answer("Alive", shaped(("status",), status=TEXT))}},
    ("GET", "/readyz"): {
        "responses": {
            "200": answer("Ready", OBJECT),
            "503": answer("Not ready: says what is missing", OBJECT),
        }
    },
    ("GET", "/metrics"): {
        "responses": {"200": {"description": "Prometheus' text format", "content": {"text/plain": {"schema": TEXT}}}}
    },
    ("GET", "/api/_platform/apps"): gives({"type": "array", "items": APP}),
    ("POST", "/api/_platform/apps"): gives(APP, 201),
    ("PUT", "/api/_platform/apps/{app_name}"): gives(APP),
    ("PATCH", "/api/_platform/apps/{app_name}"): gives(APP),
    ("GET", "/api/_platform/apps/{app_name}"): gives(APP),
    ("DELETE", "/api/_platform/apps/{app_name}"): gives(shaped(("name", "deleted"), name=TEXT, deleted=FLAG)),
    ("GET", "/api/{app}/_admin/subscribers"): gives({"type": "array", "items": SUBSCRIBER}),
    ("POST", "/api/{app}/_admin/subscribers"): gives(SUBSCRIBER, 201),
    ("GET", "/api/{app}/_admin/webhooks"): gives({"type": "array", "items": WEBHOOK}),
    ("GET", "/api/{app}/_admin/webhooks/{id}"): gives(WEBHOOK),
    ("POST", "/api/{app}/_admin/webhooks/{id}/enable"): gives(WEBHOOK),
    ("POST", "/api/{app}/_admin/webhooks/{id}/rotate-secret"): gives(
        shaped(id=UUID, secret=TEXT, previous_valid_until=TIME)
    ),
    ("POST", "/api/{app}/_admin/rules/try"): {**takes(TRIAL), **gives(TRIED)},
    ("POST", "/api/{app}/_admin/state-machines/try"): {**takes(MACHINE_TRIAL), **gives(MACHINE_TRIED)},
    ("POST", "/api/{app}/_admin/explain"): gives(EXPLANATION),
    ("POST", "/api/{app}/_admin/permissions/effect"): gives({"type": "array", "items": EFFECT}),
    ("GET", "/api/{app}/_admin/projections"): gives({"type": "array", "items": PROJECTION}),
    ("POST", "/api/{app}/_admin/projections/{name}/verify"): REPLAYED,
    ("POST", "/api/{app}/_admin/projections/{name}/rebuild"): REPLAYED,
    ("GET", "/api/{app}/_admin/projections/{name}/replays/{id}"): gives(REPLAY),
    ("POST", "/api/{app}/_admin/log/repair"): gives(REPAIRED),
    ("GET", "/api/{app}/_events"): page_of(
        EVENT, "source", "component", "action", "entity", "event_type", "trace_id", "user_id", "status", "sort",
        **{"from": TIME, "to": TIME},
    ),
    ("GET", "/api/{app}/_events/stats"): {**gives(STATS), "parameters": [
        {"name": name, "in": "query", "schema": TEXT} for name in (*EVENT_FILTERS, "from", "to", "group_by", "interval")
    ]},
    ("GET", "/api/{app}/_ui/configs"): gives({"type": "array", "items": UI_CONFIG}),
    ("GET", "/api/{app}/_ui/config/{entity_name}"): gives({"anyOf": [UI_CONFIG, {"type": "null"}]}),
    ("GET", "/api/{app}/_admin/overview"): gives(OVERVIEW),
    ("GET", "/api/{app}/_admin/settings"): {
        "parameters": [{"name": "version", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
        **gives(SETTINGS),
    },
    ("PUT", "/api/{app}/_admin/settings"): CHANGED_SETTINGS,
    ("PATCH", "/api/{app}/_admin/settings"): CHANGED_SETTINGS,
    ("POST", "/api/{app}/_admin/settings/restore"): gives(SETTINGS),
    ("GET", "/api/{app}/_admin/settings/versions"): page_of(VERSION),
    ("GET", "/api/{app}/_ui/branding"): gives(BRANDING),
    ("GET", "/api/{app}/_dashboards"): gives({"type": "array", "items": DASHBOARD}),
    ("GET", "/api/{app}/_dashboards/{id}"): gives(shaped(id=UUID, **inline_schema(Dashboard)["properties"])),
    ("GET", "/api/{app}/_dashboards/{id}/data"): {
        "parameters": [
            {"name": name, "in": "query", "schema": TEXT} for name in ("widget", "from", "to", "as_of", "min_commit")
        ],
        **gives(DASHBOARD_DATA),
    },
    ("GET", "/api/{app}/_views"): {
        "parameters": [{"name": "entity", "in": "query", "schema": TEXT}], **gives({"type": "array", "items": VIEW}),
    },
    ("POST", "/api/{app}/_views"): gives(VIEW, 201),
    ("GET", "/api/{app}/_views/{id}"): gives(VIEW),
    ("PUT", "/api/{app}/_views/{id}"): gives(VIEW),
    ("PATCH", "/api/{app}/_views/{id}"): gives(VIEW),
    ("DELETE", "/api/{app}/_views/{id}"): gives(VIEW_DELETED),
    ("POST", "/api/{app}/_files/upload"): UPLOAD,
    ("GET", "/api/{app}/_files"): gives({"type": "array", "items": LISTED_FILE}),
    ("GET", "/api/{app}/_files/{id}"): DOWNLOAD,
    ("HEAD", "/api/{app}/_files/{id}"): {"responses": {"200": {"description": "As GET, without the bytes"}}},
    ("DELETE", "/api/{app}/_files/{id}"): FILE_REMOVAL,
    **workflows.DETAILS,
    ("GET", "/api/{app}/_commits"): page_of(COMMIT, "entity", "user_id", **{"from": TIME, "to": TIME}),
    ("GET", "/api/{app}/_commits/{commit_id}"): GET_COMMIT,
    ("POST", "/api/{app}/_commits/{commit_id}/undo"): UNDO,
    ("GET", "/api/{app}/_live"): {**LIVE, "parameters": [ENTITIES, *LIVE["parameters"]]},
    ("POST", "/api/{app}/_live/ticket"): gives(TICKET, 201),
    ("GET", "/api/{app}/_notifications/_live"): LIVE,
    ("GET", "/api/{app}/_events/_live"): {**LIVE, "parameters": [*WATCHED, *LIVE["parameters"]]},
    ("GET", "/openapi.json"): {"responses": {"200": answer("An OpenAPI 3.1 document", OBJECT)}},
    ("GET", "/api/{app}/openapi.json"): {"responses": {"200": answer("An OpenAPI 3.1 document", OBJECT)}},
    ("GET", "/"): {"responses": {"302": {"description": "To the Admin UI, for browsers"}}},
    ("GET", "/admin"): PAGE,
    ("GET", "/admin/{path}"): PAGE,
    ("GET", "/api/{app}/_schema"): {"responses": {"200": answer("What the caller may use", OBJECT, "ETag")}},
    ("GET", "/asyncapi.json"): {"responses": {"200": answer("An AsyncAPI 3 document", OBJECT)}},
    ("GET", "/api/{app}/asyncapi.json"): {"responses": {"200": answer("An AsyncAPI 3 document", OBJECT)}},
    ("GET", "/api/{app}/docs"): {
        "responses": {"200": {"description": "A page to read and try it", "content": {"text/html": {"schema": TEXT}}}}
    },
}  # fmt: skip
"""(method, path) → parameters, requestBody and responses of an operation."""


def detail(method: str, path: str) -> dict[str, Any]:
    """What is known of a route; of one that is not in the table, that it answers JSON."""
    return dict(DETAILS.get((method, path), {}))
