"""Where definitions of each kind hold expressions, templates and paths, and what these can read. Pure.

Documents are read as they are stored; what is not of the right shape is no place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared.expressions.checking import ANY, Environment, Type, check_path
from libs.shared.expressions.errors import START, Position, position_at
from services.metadata.checking.expressions import environments
from services.metadata.model.schema import Schema

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\}\}", re.ASCII)
"""What services/data/rules/templates.py and services/notify/templates.py fill."""
CONTEXT = "context."
LEFT_TO_THE_SENDER = {"env": ANY}
"""The root of what is filled when a request is sent."""

Key = tuple[str | int, ...]
Document = Mapping[str, Any]
Words = list[tuple[list[str], list[Position]]]


class Form(Enum):
    """What a text is."""

    EXPRESSION = "expression"
    TEMPLATE = "template"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Place:
    """A text of a definition: its keys from the document's root, what it is, and what it can read.

    Where `is_optional`, a name that is not there is null by contract, so it is doubtful but no mistake.
    """

    key: Key
    text: str
    form: Form
    environment: Environment
    is_optional: bool = False

    @property
    def path(self) -> str:
        """The keys as answers name them."""
        return ".".join(map(str, self.key))

    def paths(self) -> Words:
        """The names of each path in a template, or of the path that this is, with their positions."""
        if self.form is Form.PATH:
            return [_names(self.text, self.text, 0)]
        return [_names(self.text, found[1], found.start(1)) for found in PLACEHOLDER.finditer(self.text)]


def places(kind: str, document: Document, schema: Schema) -> Iterator[Place]:
    """All places of a definition."""
    find = KINDS.get(kind)
    for place in find(document, schema) if find else ():
        if place.text.strip():
            yield place


def _rule(document: Document, schema: Schema) -> Iterator[Place]:
    body = document.get("definition")
    if isinstance(body, dict) and document.get("type") in ("expression", "computed"):
        loads = [load for load in body.get("related_load") or () if isinstance(load, dict)]
        environment = environments.of_rule(schema, str(document.get("entity")), loads)
        yield from _expression(document, ("definition", "expression"), environment)


def _machine(document: Document, schema: Schema) -> Iterator[Place]:
    environment = environments.of_rule(schema, str(document.get("entity")))
    transitions = _at(document, ("definition", "transitions"))
    for number, transition in enumerate(transitions if isinstance(transitions, list) else ()):
        here: Key = ("definition", "transitions", number)
        yield from _expression(document, (*here, "guard"), environment)
        actions = transition.get("actions") if isinstance(transition, dict) else None
        for place, action in enumerate(actions if isinstance(actions, list) else ()):
            yield from _templates(action, (*here, "actions", place), {**environment, **LEFT_TO_THE_SENDER})


def _webhook(document: Document, schema: Schema) -> Iterator[Place]:
    environment = environments.of_webhook(schema, str(document.get("entity")), str(document.get("hook")))
    yield from _expression(document, ("condition",), environment)


def _notification(document: Document, schema: Schema) -> Iterator[Place]:
    entity = str(document.get("entity"))
    yield from _expression(document, ("condition",), environments.of_event(schema, entity))
    message = environments.of_message(schema, entity)
    yield from _templates(document.get("template"), ("template",), message)
    recipients = document.get("recipients")
    for number, recipient in enumerate(recipients if isinstance(recipients, list) else ()):
        path = recipient.get("path") if isinstance(recipient, dict) else None
        if isinstance(path, str):
            yield Place(("recipients", number, "path"), path, Form.PATH, message)


def _policy(document: Document, schema: Schema) -> Iterator[Place]:
    environment = environments.of_visibility(schema, str(document.get("entity")))
    visible = document.get("visible_when")
    for name in visible if isinstance(visible, dict) else ():
        yield from _expression(document, ("visible_when", name), environment)


def _workflow(document: Document, schema: Schema) -> Iterator[Place]:
    trigger = environments.of_trigger(schema, str(_at(document, ("trigger", "entity"))))
    context: dict[str, Type] = {}
    paths = document.get("context")
    for name, path in (paths if isinstance(paths, dict) else {}).items():
        place = Place(("context", name), str(path), Form.PATH, trigger, is_optional=True)
        context[name] = type_of(place)
        yield place
    environment = environments.of_context(context)
    steps = document.get("steps")
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        yield from _expression(document, ("steps", number, "expression"), environment)
        actions = step.get("actions") if isinstance(step, dict) else None
        for at, action in enumerate(actions if isinstance(actions, list) else ()):
            record_id = action.get("record_id") if isinstance(action, dict) else None
            if isinstance(record_id, str) and record_id.startswith(CONTEXT):
                yield Place(("steps", number, "actions", at, "record_id"), record_id, Form.PATH, environment)


KINDS: Mapping[str, Callable[[Document, Schema], Iterator[Place]]] = {
    "rules": _rule,
    "state-machines": _machine,
    "webhooks": _webhook,
    "notification-rules": _notification,
    "permissions": _policy,
    "workflows": _workflow,
}


def type_of(place: Place) -> Type:
    """The type of what a path leads to; anything where it leads nowhere."""
    [(names, positions)] = place.paths()
    found = check_path(names, positions, place.environment)
    return ANY if found.mistakes else found.type


def _expression(document: Document, key: Key, environment: Environment) -> Iterator[Place]:
    text = _at(document, key)
    if isinstance(text, str):
        yield Place(key, text, Form.EXPRESSION, environment)


def _templates(value: Any, key: Key, environment: Environment) -> Iterator[Place]:
    """Every string within a value that has a placeholder."""
    match value:
        case dict():
            for name, part in value.items():
                yield from _templates(part, (*key, name), environment)
        case list():
            for number, part in enumerate(value):
                yield from _templates(part, (*key, number), environment)
        case str() if PLACEHOLDER.search(value):
            yield Place(key, value, Form.TEMPLATE, environment)


def _at(document: Any, key: Key) -> Any:
    for part in key:
        match document:
            case dict():
                document = document.get(part)
            case list() if isinstance(part, int) and part < len(document):
                document = document[part]
            case _:
                return None
    return document


def _names(text: str, path: str, start: int) -> tuple[list[str], list[Position]]:
    names, positions = path.split("."), []
    for name in names:
        positions.append(position_at(text, start))
        start += len(name) + 1
    return names, positions or [START]
