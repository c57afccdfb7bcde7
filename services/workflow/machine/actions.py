"""Actions made ready: their templates filled and their records named, as commands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.expressions.templates import resolve_header, resolve_url
from libs.shared.schema.state_machines import CreateRecord, DeleteRecord, SendEvent, UpdateRecord, Words
from libs.shared.schema.workflows import (
    CommentAction,
    NotifyAction,
    Recipient,
    SetFieldAction,
    TransitionAction,
    WebhookAction,
)
from services.workflow.machine.environment import StepFailed, as_json, at_path, filled, record_named
from services.workflow.machine.state import Json

ON_RECORDS = (SetFieldAction, CreateRecord, UpdateRecord, DeleteRecord, TransitionAction, CommentAction)
SIGNALLED = frozenset({"webhook", "send_event", "send_notification"})
"""Commands that are signals: committed together with the entry, and carried out by who consumes them. With `wait` their
answer comes back as an `Answer`."""


def prepared(action: Any, environment: Mapping[str, Any]) -> Json:
    """The command of an action: its keys, filled. Raises StepFailed."""
    command: Json = {"type": action.type}
    match action:
        case SetFieldAction():
            command |= {"field": action.field, "value": _value(action.value, environment, "value")}
        case CreateRecord() | UpdateRecord():
            command["fields"] = _value(dict(action.fields), environment, "fields")
        case TransitionAction():
            command |= {"field": action.field, "to": _value(action.to, environment, "to")}
        case WebhookAction():
            command |= _request(action, environment)
        case SendEvent():
            command |= {"event": _value(action.event, environment, "event")}
            command["payload"] = _value(dict(action.payload), environment, "payload")
        case NotifyAction():
            command |= _message(action, environment)
        case CommentAction():
            command["body"] = str(_value(action.body, environment, "body"))
    if isinstance(action, ON_RECORDS):
        command["entity"] = action.entity
        if not isinstance(action, CreateRecord):
            command["record_id"] = record_named(action.record_id, environment)
    return command


def _value(value: Any, environment: Mapping[str, Any], what: str) -> Any:
    return as_json(filled(value, environment, what))


def _request(action: WebhookAction, environment: Mapping[str, Any]) -> Json:
    try:
        url = resolve_url(action.url, environment)
    except ValueError as problem:
        raise StepFailed(f"url could not be filled: {problem}") from None
    has_body = "body" in action.model_fields_set
    body = _value(action.body, environment, "body") if has_body else dict(environment["context"])
    request: Json = {"url": url, "method": action.method, "body": body}
    if action.headers:
        request["headers"] = {name: resolve_header(text, environment) for name, text in action.headers.items()}
    return request | ({"wait": True, "accept": list(action.accept), "sent": True} if action.wait else {})


def _message(action: NotifyAction, environment: Mapping[str, Any]) -> Json:
    template = action.template
    words: Any
    if isinstance(template, Words):
        words = {name: _value(getattr(template, name), environment, name) for name in ("subject", "body")}
    else:
        words = _value(template, environment, "template")
    recipients = [_recipient(each, environment) for each in action.to]
    return {
        "channel": _value(action.channel, environment, "channel"), "template": words,
        "to": [each for each in recipients if each],
    }  # fmt: skip


def _recipient(recipient: Recipient, environment: Mapping[str, Any]) -> Json:
    """A recipient whose path is followed: to a user's id, an address, or a list of these."""
    if recipient.initiator:
        return {"user": environment["initiator"].get("id")}
    if recipient.path is not None:
        found = at_path(recipient.path, environment)
        return {"path": recipient.path, "people": as_json(found)} if found else {}
    return recipient.model_dump(exclude_none=True)
