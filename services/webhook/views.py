"""The delivery log as it is answered: its rows hold what is sent, of which hidden values are masked.

Bodies are kept whole, as each attempt sends the same; what may be shown is decided by today's definitions. Where a
hidden value stands in a URL, a header or an answer, it is masked there, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.schema import EntityDefinition, Snapshot
from libs.shared.schema.secrecy import MASK, definition_of, hidden_texts, masked, without
from services.webhook.actions import HOOK as WORKFLOW
from services.webhook.header_templates import shown

Row = dict[str, Any]
Record = Mapping[str, Any]
TEXTS = ("url", "response_body", "error")
"""Columns in which values of records may stand."""
ENDS = ("old", "new")


def visible(rows: bytes, schema: Snapshot) -> list[Row]:
    """Rows of the log, read from JSON with all digits of their numbers, as they may be seen."""
    return [_visible(row, schema) for row in exact.loads(rows)]


def _visible(row: Row, schema: Snapshot) -> Row:
    headers = {name: shown(value) for name, value in row["request_headers"].items()}
    row = {**row, "request_headers": headers}
    definition = definition_of(schema, row["entity"])
    body = row["request_body"]
    if not isinstance(body, dict):
        return row
    if row["hook"] == WORKFLOW:
        paths = _paths(schema, row["webhook_id"])
        hidden = set(_hidden_in_context(body, paths, definition))
        body = _context(body, paths, definition)
    else:
        hidden = set(_hidden_in_payload(body, definition))
        body = _payload(body, definition)
    return {**_concealed(row, hidden), "request_body": body}


def _payload(body: Record, definition: EntityDefinition | None) -> Row:
    """A payload with the hidden values of its records masked."""
    found = dict(body)
    for part in ("record", "old"):
        if isinstance(body.get(part), dict):
            found[part] = _masked(body[part], definition)
    if isinstance(body.get("changes"), dict):
        ends = {end: _masked(_end(body["changes"], end), definition) for end in ENDS}
        found["changes"] = {name: {end: ends[end].get(name) for end in ENDS} for name in body["changes"]}
    return found


def _hidden_in_payload(body: Record, definition: EntityDefinition | None) -> Iterator[str]:
    if definition is not None:
        for part in ("record", "old"):
            if isinstance(body.get(part), dict):
                yield from hidden_texts(body[part], definition)


def _end(changes: Record, end: str) -> Row:
    return {name: change.get(end) for name, change in changes.items() if isinstance(change, dict)}


def _masked(record: Record, definition: EntityDefinition | None) -> Row:
    """A record's hidden values replaced; all of them, where no definition says that they are harmless."""
    if definition is None:
        return {name: None if value is None else MASK for name, value in record.items()}
    return masked(record, definition) or {}


def _paths(schema: Snapshot, workflow_id: str) -> Mapping[str, str]:
    """Where the values of a workflow's contexts come from; nothing of one that is gone."""
    documents = schema.documents.get("workflows", ())
    return next((document.get("context") or {} for document in documents if document["id"] == workflow_id), {})


def _context(body: Record, paths: Mapping[str, str], definition: EntityDefinition | None) -> Row:
    """A context with hidden values masked, whatever their paths begin with."""
    return {key: _part(value, paths.get(key, ""), definition) for key, value in body.items()}


def _part(value: Any, path: str, definition: EntityDefinition | None) -> Any:
    names = path.split(".")
    while names[0] == "trigger" and len(names) > 1:
        names = names[1:]
    if value is None or names == ["record_id"]:
        return value
    if names == ["trigger"] and isinstance(value, dict):
        return {name: _part(each, name, definition) for name, each in value.items()}
    if names[0] == "record" and isinstance(value, dict) and len(names) == 1:
        return _masked(value, definition)
    if names[0] == "record" and len(names) > 1:
        return value if _masked({names[1]: 0}, definition)[names[1]] != MASK else MASK
    return MASK


def _hidden_in_context(body: Record, paths: Mapping[str, str], definition: EntityDefinition | None) -> Iterator[str]:
    for key, value in body.items():
        names = [name for name in paths.get(key, "").split(".") if name != "trigger"]
        record = value.get("record", value) if isinstance(value, dict) else {names[-1]: value} if names else {}
        if definition is not None and isinstance(record, dict):
            yield from hidden_texts(record, definition)


def _concealed(row: Row, hidden: Collection[str]) -> Row:
    """A row whose texts have masks in place of hidden values."""
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
