"""Where stored documents of each kind hold expressions, templates and paths. Pure.

Parts of the wrong shape are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from libs.shared.expressions.checking import ANY, Environment
from services.metadata.checking.expressions import environments
from services.metadata.checking.expressions.location import PLACEHOLDER, Document, ExpressionLocation, Key, TextForm
from services.metadata.model.schema import LiveSchema

FILLED_BY_SENDER = {"env": ANY}
"""The root of the paths that are filled when a request is sent."""

Locations = Iterator[ExpressionLocation]


def of_rule(document: Document, schema: LiveSchema) -> Locations:
    body = document.get("definition")
    if isinstance(body, dict) and document.get("type") in ("expression", "computed"):
        loads = [load for load in body.get("related_load") or () if isinstance(load, dict)]
        environment = environments.of_rule(schema, str(document.get("entity")), loads)
        yield from expression_at(document, ("definition", "expression"), environment)


def of_state_machine(document: Document, schema: LiveSchema) -> Locations:
    environment = environments.of_rule(schema, str(document.get("entity")))
    for number, transition in numbered(value_at(document, ("definition", "transitions"))):
        here: Key = ("definition", "transitions", number)
        yield from expression_at(document, (*here, "guard"), environment)
        for action_number, action in numbered(value_at(transition, ("actions",))):
            seen = {**environment, **FILLED_BY_SENDER}
            yield from templates_in(action, (*here, "actions", action_number), seen)


def of_webhook(document: Document, schema: LiveSchema) -> Locations:
    environment = environments.of_webhook(schema, str(document.get("entity")), str(document.get("hook")))
    yield from expression_at(document, ("condition",), environment)


def of_notification_rule(document: Document, schema: LiveSchema) -> Locations:
    condition, message = _of_notification_source(document, schema)
    yield from expression_at(document, ("condition",), condition)
    yield from templates_in(document.get("template"), ("template",), message)
    for number, recipient in numbered(document.get("recipients")):
        path = value_at(recipient, ("path",))
        if isinstance(path, str):
            yield ExpressionLocation(("recipients", number, "path"), path, TextForm.PATH, message)


def _of_notification_source(document: Document, schema: LiveSchema) -> tuple[Environment, Environment]:
    """What the condition of a rule can read, and what its template and paths can."""
    for key, make in (("event", environments.of_business_event), ("workflow", environments.of_workflow_occasion)):
        if isinstance(document.get(key), str):
            seen = make(schema, document[key])
            return seen, seen
    entity = str(document.get("entity"))
    return environments.of_event(schema, entity), environments.of_message(schema, entity)


def of_permission(document: Document, schema: LiveSchema) -> Locations:
    environment = environments.of_visibility(schema, str(document.get("entity")))
    visible = document.get("visible_when")
    for name in visible if isinstance(visible, dict) else ():
        yield from expression_at(document, ("visible_when", name), environment)


def expression_at(document: Document, key: Key, environment: Environment) -> Locations:
    """The expression at a key, if there is one."""
    text = value_at(document, key)
    if isinstance(text, str):
        yield ExpressionLocation(key, text, TextForm.EXPRESSION, environment)


def templates_in(value: Any, key: Key, environment: Environment) -> Locations:
    """Every string within a value that has a placeholder."""
    match value:
        case dict():
            for name, part in value.items():
                yield from templates_in(part, (*key, name), environment)
        case list():
            for number, part in enumerate(value):
                yield from templates_in(part, (*key, number), environment)
        case str() if PLACEHOLDER.search(value):
            yield ExpressionLocation(key, value, TextForm.TEMPLATE, environment)


def numbered(value: Any) -> Iterator[tuple[int, Any]]:
    """The elements of a list with their numbers; none for anything else."""
    yield from enumerate(value if isinstance(value, list) else ())


def value_at(document: Any, key: Key) -> Any:
    """The value at a key; None if there is none."""
    for part in key:
        match document:
            case dict():
                document = document.get(part)
            case list() if isinstance(part, int) and part < len(document):
                document = document[part]
            case _:
                return None
    return document
