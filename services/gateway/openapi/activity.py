"""What happens in an app: workflows, notifications, deliveries, events, audit, dead letters, whole documents."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared.contracts.events import AUDIT_FILTERS
from libs.shared.contracts.notifications import LOG_FILTERS
from services.gateway.openapi.components import Schema, answer, enveloped, ref
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, ROWS, TEXT, TIME, UUID, gives, shaped

TEXT_OR_NOT: Schema = {"type": ["string", "null"]}
TIME_OR_NOT: Schema = {"type": ["string", "null"], "format": "date-time"}
NUMBER_OR_NOT: Schema = {"type": ["integer", "null"]}
AMOUNT: Schema = {"type": "number"}
AMOUNT_OR_NOT: Schema = {"type": ["number", "null"]}


def rows_of(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def page_of(item: Schema, *filters: str, **others: Schema) -> Schema:
    """An operation that lists a page of rows, with these parameters beside those of the page."""
    named = [{"name": name, "in": "query", "schema": TEXT} for name in filters]
    named += [{"name": name, "in": "query", "schema": schema} for name, schema in others.items()]
    page = [ref("parameters", "Page"), ref("parameters", "PerPage")]
    return {
        "parameters": [*named, *page],
        "responses": {"200": answer("A page", enveloped(rows_of(item), meta=True))},
    }


GONE = gives(shaped(("id",), id=TEXT, deleted=FLAG))
INSTANCE = shaped(
    ("id", "workflow_id", "workflow_name", "status", "context", "history", "created_at", "updated_at"),
    id=UUID, workflow_id=UUID, workflow_name=TEXT, status={"enum": ["running", "completed", "failed", "cancelled"]},
    current_step=TEXT_OR_NOT, current_step_deadline=TIME_OR_NOT, context=OBJECT, created_at=TIME, updated_at=TIME,
    history=rows_of(shaped(("status",), step=TEXT_OR_NOT, status=TEXT, by=TEXT_OR_NOT, at=TIME, comment=TEXT_OR_NOT)),
)  # fmt: skip
DELEGATION = shaped(("id",), id=UUID, to=TEXT, until=TIME, reason=TEXT_OR_NOT)
DELEGATION["properties"]["from"] = TEXT
STARTABLE = shaped(
    ("name",), name=TEXT, description=TEXT_OR_NOT, entity=TEXT_OR_NOT, form={}, inputs={},
)  # fmt: skip
INBOX_ROW = shaped(
    ("id", "type", "subject", "body", "created_at", "read_at"),
    id=UUID, type=TEXT, subject=TEXT, body=TEXT, entity=TEXT_OR_NOT, record_id=TEXT_OR_NOT, metadata=OBJECT,
    link=TEXT_OR_NOT, created_at=TIME, read_at=TIME_OR_NOT, archived_at=TIME_OR_NOT,
)  # fmt: skip
NOTIFICATION = shaped(
    ("id", "channel", "recipient", "subject", "status", "created_at"),
    id=UUID, channel=TEXT, channel_id=TEXT_OR_NOT, recipient=TEXT, user_id=TEXT_OR_NOT, subject=TEXT, body=TEXT,
    status={"enum": ["pending", "sent", "failed", "skipped", "digested"]}, reason=TEXT_OR_NOT, type=TEXT, origin=TEXT,
    metadata=OBJECT, entity=TEXT_OR_NOT, record_id=TEXT_OR_NOT, attempts=NUMBER, error=TEXT_OR_NOT,
    digest_id=TEXT_OR_NOT, due_at=TIME_OR_NOT, history=ROWS,
    trace_id=TEXT_OR_NOT, created_at=TIME, sent_at=TIME_OR_NOT, read_at=TIME_OR_NOT, next_retry_at=TIME_OR_NOT,
)  # fmt: skip
PREVIEW = shaped(("subject", "text", "unknown"), subject=TEXT, text=TEXT, html=TEXT_OR_NOT, unknown=rows_of(TEXT))
PREFERENCES = shaped(("channels", "muted"), channels=OBJECT, muted=ROWS, locale=TEXT)
DELIVERY = shaped(
    ("id", "webhook_id", "entity", "hook", "url", "method", "status", "attempt", "max_attempts", "created_at"),
    id=UUID, webhook_id=UUID, entity=TEXT, record_id=TEXT_OR_NOT, hook=TEXT, url=TEXT, method=TEXT,
    request_headers=OBJECT, request_body={}, response_status=NUMBER_OR_NOT, response_body=TEXT_OR_NOT,
    status={"enum": ["delivered", "retrying", "failed", "pending"]}, attempt=NUMBER, max_attempts=NUMBER,
    next_retry_at=TIME_OR_NOT, error=TEXT_OR_NOT, idempotency_key=TEXT, trace_id=TEXT_OR_NOT, origin=TEXT,
    attempted_at=TIME_OR_NOT, duration_ms=AMOUNT_OR_NOT, created_at=TIME, updated_at=TIME, attempts=ROWS,
)  # fmt: skip
REDELIVERY = shaped(("id", "status"), id=UUID, status=TEXT, created_at=TIME)
TESTED = shaped(delivered=FLAG, response_status=NUMBER_OR_NOT, response_body=TEXT_OR_NOT, error=TEXT_OR_NOT)
EVENT = shaped(
    ("id", "event_type", "source", "component", "action", "status", "metadata", "created_at"),
    id=UUID, trace_id=TEXT_OR_NOT, span_id=TEXT_OR_NOT, parent_span_id=TEXT_OR_NOT, event_type=TEXT, source=TEXT,
    component=TEXT, action=TEXT, entity=TEXT_OR_NOT, record_id=TEXT_OR_NOT, user_id=TEXT_OR_NOT,
    duration_ms=AMOUNT_OR_NOT, status=TEXT, metadata=OBJECT, created_at=TIME,
)  # fmt: skip
NEW_EVENT = shaped(
    ("id", "trace_id", "event_type", "action", "created_at"),
    id=UUID, trace_id=UUID, span_id=TEXT, event_type=TEXT, action=TEXT, entity=TEXT_OR_NOT, record_id=TEXT_OR_NOT,
    created_at=TIME,
)  # fmt: skip
TRACE = shaped(
    ("trace_id", "root_span", "span_count", "total_duration_ms"),
    trace_id=UUID, root_span=EVENT, span_count=NUMBER, total_duration_ms=AMOUNT_OR_NOT,
)  # fmt: skip
NODE_KINDS = (
    "request", "commit", "delivery", "notification", "workflow_instance", "workflow_step", "comment", "event",
)  # fmt: skip
NODE = shaped(
    ("id", "kind", "label", "status", "at"),
    id=TEXT, kind={"enum": list(NODE_KINDS)}, label=TEXT, status=TEXT, at=TIME_OR_NOT, entity=TEXT, record_id=TEXT,
)  # fmt: skip
EDGE = shaped(("from", "to"), to=TEXT)
EDGE["properties"]["from"] = TEXT
CAUSALITY = shaped(("nodes", "edges", "truncated"), nodes=rows_of(NODE), edges=rows_of(EDGE), truncated=FLAG)
GROUP = shaped(
    ("count", "avg_duration_ms", "p95_duration_ms", "error_rate", "error_count"),
    count=NUMBER, avg_duration_ms=AMOUNT, p95_duration_ms=AMOUNT, error_rate=AMOUNT, error_count=NUMBER,
    source=TEXT, entity=TEXT, action=TEXT,
)  # fmt: skip
WINDOW = shaped(("from", "to"), to=TIME)
WINDOW["properties"]["from"] = TIME
STATS = shaped(
    ("window", "summary", "by_source", "slowest_traces"),
    window=WINDOW,
    summary=shaped(
        ("total_events", "total_traces", "avg_duration_ms", "error_rate", "p95_duration_ms"),
        total_events=NUMBER, total_traces=NUMBER, avg_duration_ms=AMOUNT, error_rate=AMOUNT, p95_duration_ms=AMOUNT,
    ),
    total_events=NUMBER, avg_latency_ms=AMOUNT, p95_latency_ms=AMOUNT, error_rate=AMOUNT,
    by_source=rows_of(GROUP), by_entity=rows_of(GROUP), by_action=rows_of(GROUP),
    slowest_traces=rows_of(shaped(("trace_id", "duration_ms"), trace_id=UUID, duration_ms=AMOUNT, action=TEXT,
                                  entity=TEXT_OR_NOT, created_at=TIME)),
    series=rows_of(shaped(("at", "count", "errors", "p50", "p95"), at=TIME, count=NUMBER, errors=NUMBER,
                          p50=AMOUNT_OR_NOT, p95=AMOUNT_OR_NOT)),
)  # fmt: skip
AUDIT = shaped(
    ("id", "entity", "record_id", "action", "changed_fields", "timestamp", "source"),
    id=UUID, entity=TEXT, record_id=TEXT, action=TEXT, old_data={"type": ["object", "null"]},
    new_data={"type": ["object", "null"]}, changed_fields=rows_of(TEXT), user_id=TEXT_OR_NOT, user_email=TEXT_OR_NOT,
    on_behalf_of=TEXT_OR_NOT, cause=TEXT_OR_NOT, ip_address=TEXT_OR_NOT, trace_id=TEXT_OR_NOT, timestamp=TIME,
    source=TEXT, position=NUMBER, n=NUMBER, version=NUMBER,
)  # fmt: skip
LETTER = shaped(
    ("id", "service", "consumer", "record_key", "subject", "payload", "error", "attempts", "parked_at"),
    id=NUMBER, service=TEXT, consumer=TEXT, record_key=TEXT, key=TEXT, subject=TEXT, payload=TEXT, error=TEXT,
    attempts=NUMBER, parked_at=TIME,
)  # fmt: skip
CHANGE = shaped(("action", "kind"), action=TEXT, kind=TEXT, name=TEXT, id=UUID)
PLAN = shaped(
    ("changes", "statements", "warnings", "violations"),
    changes=rows_of(CHANGE), statements=rows_of(TEXT), warnings=rows_of(TEXT), violations=ROWS,
)  # fmt: skip
EXPORTED: Schema = {
    **shaped(("version", "exported_at"), version=NUMBER, exported_at=TIME), "additionalProperties": ROWS,
}  # fmt: skip
COUNTS: Schema = {"type": "object", "additionalProperties": NUMBER}
IMPORTED = shaped(
    ("message", "summary", "imported", "errors", "records"),
    message=TEXT, summary=COUNTS, imported=COUNTS, errors=rows_of({}), records=NUMBER,
)  # fmt: skip
DOCUMENT = {"requestBody": {"required": True, "content": {"application/json": {"schema": OBJECT}}}}
"""A document of definitions: sections by kind, as an export has them."""
APP, ADMIN = "/api/{app}", "/api/{app}/_admin"

DETAILS: Mapping[tuple[str, str], Schema] = {
    ("GET", f"{ADMIN}/webhook-logs"): page_of(DELIVERY, "webhook_id", "status", "entity"),
    ("GET", f"{ADMIN}/webhook-logs/{{id}}"): gives(DELIVERY),
    ("POST", f"{ADMIN}/webhook-logs/{{id}}/retry"): gives(DELIVERY),
    ("POST", f"{ADMIN}/webhooks/{{id}}/test"): gives(TESTED),
    ("POST", f"{ADMIN}/webhooks/{{id}}/replay"): gives(REDELIVERY, 202, "It has begun"),
    ("GET", f"{ADMIN}/webhooks/{{id}}/replays"): page_of(REDELIVERY),
    ("GET", f"{ADMIN}/notifications"): page_of(NOTIFICATION, *LOG_FILTERS, "sort"),
    ("GET", f"{ADMIN}/notifications/{{id}}"): gives(NOTIFICATION),
    ("POST", f"{ADMIN}/notifications/retry"): gives(shaped(("retried",), retried=NUMBER)),
    ("POST", f"{ADMIN}/notification-channels/{{id}}/test"): gives(
        shaped(("status",), status={"enum": ["sent", "failed"]}, error=TEXT)
    ),
    ("POST", f"{ADMIN}/notification-templates/preview"): gives(PREVIEW),
    ("POST", f"{ADMIN}/notification-templates/{{id}}/preview"): gives(PREVIEW),
    ("POST", f"{ADMIN}/notifications/{{id}}/retry"): gives(NOTIFICATION),
    ("GET", f"{ADMIN}/audit-logs"): page_of(AUDIT, *AUDIT_FILTERS, "sort", "cursor", **{"from": TIME, "to": TIME}),
    ("GET", f"{ADMIN}/audit-logs/_export"): {
        "parameters": [{"name": name, "in": "query", "schema": TEXT} for name in (*AUDIT_FILTERS, "from", "to", "sort")]
        + [{"name": "format", "in": "query", "schema": {"enum": ["csv", "json", "ndjson", "xlsx"]}}],
        "responses": {"200": {"description": "The file", "content": {"*/*": {"schema": TEXT}}}},
    },
    ("DELETE", f"{ADMIN}/subscribers/{{id}}"): GONE,
    ("GET", f"{ADMIN}/dead-letters"): {
        "responses": {"200": answer("All of them, newest first", enveloped(rows_of(LETTER), meta=True))}
    },
    ("POST", f"{ADMIN}/dead-letters/{{service}}/{{id}}/replay"): gives(
        shaped(("id", "replayed"), id=TEXT, replayed=NUMBER)
    ),
    ("DELETE", f"{ADMIN}/dead-letters/{{service}}/{{id}}"): gives(
        shaped(("id", "discarded"), id=TEXT, discarded=FLAG, behind=NUMBER)
    ),
    ("GET", f"{ADMIN}/export"): gives(EXPORTED),
    ("POST", f"{ADMIN}/import"): {**DOCUMENT, **gives(IMPORTED)},
    ("POST", f"{ADMIN}/schema/plan"): {**DOCUMENT, **gives(PLAN)},
    ("POST", f"{ADMIN}/schema/apply"): {**DOCUMENT, **gives(shaped(("changes",), changes=rows_of(CHANGE)))},
    ("POST", f"{APP}/_events"): gives(NEW_EVENT, 201),
    ("GET", f"{APP}/_events/trace/{{trace_id}}"): gives(TRACE),
    ("GET", f"{APP}/_events/causality/{{trace_id}}"): gives(CAUSALITY),
    ("GET", f"{APP}/_workflows"): page_of(INSTANCE, "status", "workflow", "record"),
    ("GET", f"{APP}/_workflows/pending"): page_of(INSTANCE, assignee={"enum": ["me"]}),
    ("POST", f"{APP}/_workflows/start"): gives(INSTANCE, 201),
    ("GET", f"{APP}/_workflows/startable"): {
        "parameters": [{"name": "entity", "in": "query", "schema": TEXT}],
        **gives(rows_of(STARTABLE)),
    },
    ("GET", f"{APP}/_workflows/delegations"): gives(rows_of(DELEGATION)),
    ("POST", f"{APP}/_workflows/delegations"): gives(DELEGATION, 201),
    ("DELETE", f"{APP}/_workflows/delegations/{{id}}"): GONE,
    ("DELETE", f"{APP}/_workflows/{{id}}"): GONE,
    ("GET", f"{APP}/_notifications"): page_of(INBOX_ROW, "unread", "archived", "type"),
    ("GET", f"{APP}/_notifications/preferences"): gives(PREFERENCES),
    ("PUT", f"{APP}/_notifications/preferences"): gives(PREFERENCES),
    ("GET", f"{APP}/_notifications/unsubscribe"): {
        "responses": {
            "302": {"description": "To the person's preferences in the Admin UI"},
            "200": {"description": "Where that leads", "content": {"text/html": {"schema": TEXT}}},
        }
    },
    ("POST", f"{APP}/_notifications/unsubscribe"): gives(shaped(("muted",), muted=OBJECT)),
    ("POST", f"{APP}/_notifications/{{id}}/archive"): gives(INBOX_ROW),
    ("GET", f"{APP}/_notifications/unread-count"): gives(shaped(("count",), count=NUMBER)),
    ("POST", f"{APP}/_notifications/read-all"): gives(shaped(("updated",), updated=NUMBER)),
    ("POST", f"{APP}/_notifications/{{id}}/read"): gives(INBOX_ROW),
    ("POST", f"{APP}/_notifications/{{id}}/unread"): gives(INBOX_ROW),
}
"""(method, path) → parameters, requestBody and responses of an operation."""
