"""Masks hidden values in the delivery log.

Bodies are stored unmasked, as each attempt sends the same bytes. Today's definitions decide which values are hidden;
they are masked in URLs, headers and responses, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.schema import EntityDefinition, Snapshot
from libs.shared.schema.secrecy import definition_of, hidden_texts, masked_record, without
from libs.shared.schema.secret_contexts import hidden_in_context, masked_context
from services.webhook.header_templates import to_text
from services.webhook.workflow_actions import HOOK as WORKFLOW

Row = dict[str, Any]
Record = Mapping[str, Any]
TEXTS = ("url", "response_body", "error")
"""Columns that may contain values of records."""
CHANGE_KEYS = ("old", "new")


def visible(rows: bytes, schema: Snapshot) -> list[Row]:
    """The masked rows of the log, parsed from JSON without loss of digits."""
    return [_visible(row, schema) for row in exact.loads(rows)]


def _visible(row: Row, schema: Snapshot) -> Row:
    headers = {name: to_text(value) for name, value in row["request_headers"].items()}
    row = {**row, "request_headers": headers}
    definition = definition_of(schema, row["entity"])
    body = row["request_body"]
    if not isinstance(body, dict):
        return row
    if row["hook"] == WORKFLOW:
        paths = _paths(schema, row["webhook_id"])
        hidden = hidden_in_context(body, paths, definition)
        body = masked_context(body, paths, definition)
    else:
        hidden = set(_hidden_in_payload(body, definition))
        body = _payload(body, definition)
    return {**_concealed(row, hidden), "request_body": body}


def _payload(body: Record, definition: EntityDefinition | None) -> Row:
    """A payload with the hidden values of its records masked."""
    found = dict(body)
    for part in ("record", "old"):
        if isinstance(body.get(part), dict):
            found[part] = masked_record(body[part], definition)
    if isinstance(body.get("changes"), dict):
        ends = {end: masked_record(_end(body["changes"], end), definition) for end in CHANGE_KEYS}
        found["changes"] = {name: {end: ends[end].get(name) for end in CHANGE_KEYS} for name in body["changes"]}
    return found


def _hidden_in_payload(body: Record, definition: EntityDefinition | None) -> Iterator[str]:
    for part in ("record", "old"):
        if isinstance(body.get(part), dict):
            yield from hidden_texts(body[part], definition)


def _end(changes: Record, end: str) -> Row:
    return {name: change.get(end) for name, change in changes.items() if isinstance(change, dict)}


def _paths(schema: Snapshot, workflow_id: str) -> Mapping[str, str]:
    """The origins of the values of a workflow's contexts; empty for a deleted workflow."""
    documents = schema.documents.get("workflows", ())
    return next((document.get("context") or {} for document in documents if document["id"] == workflow_id), {})


def _concealed(row: Row, hidden: Collection[str]) -> Row:
    """A row with the hidden values in its texts masked."""
    if not hidden:
        return row
    row = {**row, "request_headers": {name: _without(text, hidden) for name, text in row["request_headers"].items()}}
    row |= {name: _without(row[name], hidden) for name in TEXTS}
    if "attempts" in row:
        answered = [name for name in TEXTS if name != "url"]
        row["attempts"] = [each | {name: _without(each[name], hidden) for name in answered} for each in row["attempts"]]
    return row


def _without(text: str | None, hidden: Collection[str]) -> str | None:
    return text and without(text, hidden)
