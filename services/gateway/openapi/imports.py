"""Import jobs: what their routes take and answer."""

from __future__ import annotations

from typing import get_args

from libs.shared.contracts.imports import MAX_COLUMNS, Format
from libs.shared.schema import Snapshot
from services.gateway.openapi.components import Schema, answer, enveloped, json_body, ref
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, ROWS, TEXT, TIME, UUID, shaped
from services.gateway.openapi.visible_fields import VisibleEntity

STATUS: Schema = {"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled"]}
KIND: Schema = {"type": "string", "enum": ["import", "undo"]}
FORMAT: Schema = {"type": "string", "enum": list(get_args(Format))}
CHOICE: Schema = {"type": "string", "enum": ["true", "false"]}
SHORT: Schema = {"type": "string", "maxLength": 100}
TIME_OR_NOT: Schema = {"type": ["string", "null"], "format": "date-time"}
TEXT_OR_NOT: Schema = {"type": ["string", "null"]}
COUNTS: Schema = {"type": "object", "additionalProperties": NUMBER}
JOB_KEYS = (
    "id", "kind", "entity", "status", "dry_run", "rows", "done", "created", "updated", "refused", "undone",
    "errors_url", "owner", "created_at", "started_at", "finished_at", "error", "effects", "undo_id", "undoes",
)  # fmt: skip
EFFECTS: Schema = {**shaped(workflows=COUNTS, webhooks=COUNTS, notifications=COUNTS), "type": ["object", "null"]}
FAILURE: Schema = {**shaped(("code", "message"), code=TEXT, message=TEXT, details=ROWS), "type": ["object", "null"]}
JOB = shaped(
    JOB_KEYS,
    id=UUID, kind=KIND, entity=TEXT, status=STATUS, dry_run=FLAG, filename=TEXT_OR_NOT,
    size={"type": ["integer", "null"]}, columns={"type": "array", "items": TEXT}, format=TEXT_OR_NOT,
    mapping={"type": ["object", "null"]}, key=TEXT_OR_NOT, empty=TEXT_OR_NOT, rows={"type": ["integer", "null"]},
    done=NUMBER, created=NUMBER, updated=NUMBER, refused=NUMBER, undone=NUMBER, errors_url=TEXT,
    owner=shaped(("id", "email"), id=TEXT, email=TEXT), created_at=TIME, started_at=TIME_OR_NOT,
    finished_at=TIME_OR_NOT, error=FAILURE, effects=EFFECTS, undo_id=TEXT_OR_NOT, undoes=TEXT_OR_NOT,
)  # fmt: skip
PREVIEW = shaped(
    filename=TEXT, size=NUMBER, format=TEXT, delimiter=TEXT_OR_NOT, encoding=TEXT_OR_NOT, header=FLAG,
    columns={"type": "array", "items": TEXT, "maxItems": MAX_COLUMNS}, rows=ROWS, mapping=OBJECT,
)  # fmt: skip
OPTIONS: dict[str, Schema] = {
    "format": FORMAT, "mapping": TEXT, "key": SHORT, "empty": {"type": "string", "enum": ["skip", "null"]},
    "dry_run": CHOICE, "header": CHOICE, "delimiter": SHORT, "encoding": SHORT, "sheet": SHORT,
    "decimal": {"type": "string", "enum": [".", ","]}, "dates": {"type": "string", "enum": ["iso", "dmy", "mdy"]},
    "timezone": SHORT, "preview": CHOICE,
}  # fmt: skip
BINARY: Schema = {"schema": {"type": "string", "format": "binary"}}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def begin(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """`_import`: a file, or its head."""
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {**shaped(("file",), file=file), "description": "Options may be parts, too, before or behind the file"}
    content = {
        "multipart/form-data": {"schema": form}, "text/csv": BINARY, "text/tab-separated-values": BINARY,
        "application/x-ndjson": BINARY, XLSX: BINARY, **json_body(ROWS),
    }  # fmt: skip
    return {
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in OPTIONS.items()],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": answer("With preview: the head of the file, and a mapping that may fit", enveloped(PREVIEW)),
            "202": answer("The job", enveloped(JOB), "Idempotency-Replayed"),
        },
    }


def jobs(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """The list of jobs."""
    named = [{"name": name, "in": "query", "schema": schema} for name, schema in (("status", STATUS), ("kind", KIND))]
    return {
        "parameters": [*named, ref("parameters", "Page"), ref("parameters", "PerPage")],
        "responses": {"200": answer("Jobs, newest first", enveloped({"type": "array", "items": JOB}, meta=True))},
    }


def job(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """One job, looked at or cancelled."""
    return {"responses": {"200": answer("The job", enveloped(JOB))}}


def job_again(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """A job that goes on, or undoes another one."""
    return {"responses": {"202": answer("The job", enveloped(JOB), "Idempotency-Replayed")}}


def refused(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    """The refused rows of a job."""
    row = shaped(("row", "reasons", "values"), row=NUMBER, reasons=ROWS, values=OBJECT)
    content = {"text/csv": {"schema": TEXT}, **json_body(enveloped({"type": "array", "items": row}, meta=True))}
    form: Schema = {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["csv", "json"]}}
    return {
        "parameters": [form, ref("parameters", "Page"), ref("parameters", "PerPage")],
        "responses": {"200": {"description": "The refused rows", "content": content}},
    }
