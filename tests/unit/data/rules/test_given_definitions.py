"""The sample schemas are read unchanged; what cannot be evaluated in them is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema.kinds import KINDS
from libs.shared.schema.rules import RuleDefinition
from libs.shared.schema.state_machines import StateMachineDefinition
from services.metadata.checking.documents import stored
from services.metadata.checking.parsing import parse
from tests.support.checkout import SAMPLE_SCHEMAS

SCHEMAS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SAMPLE_SCHEMAS.glob("*.json"))]
DOCUMENTS = [(kind, row) for schema in SCHEMAS for kind in ("rules", "state_machines") for row in schema[kind]]


def lenient(kind: str, document: dict[str, Any]) -> Any:
    return parse(KINDS[kind.replace("_", "-")], document, lenient=True)


@pytest.mark.parametrize(("kind", "document"), DOCUMENTS)
def test_given_definitions_are_kept_as_they_are(kind: str, document: dict[str, Any]) -> None:
    definition = lenient(kind, document)
    assert stored(KINDS[kind.replace("_", "-")], document, definition) == document


def test_exactly_the_one_expression_of_another_language_is_not_evaluable() -> None:
    rules = [lenient(kind, document) for kind, document in DOCUMENTS if kind == "rules"]
    assert all(isinstance(rule, RuleDefinition) for rule in rules)
    assert [rule.definition.expression for rule in rules if not rule.definition.evaluable] == [
        "new Date(record.end_date) >= new Date(record.start_date)"
    ]


def test_guards_of_another_language_are_known_as_such() -> None:
    transitions = [{"from": "a", "to": "b", "guard": guard} for guard in (None, "", "true", "new Date(1) > 2")]
    machine = lenient(
        "state_machines",
        {"entity": "e", "field": "f", "definition": {"initial": "a", "transitions": transitions}},
    )
    assert isinstance(machine, StateMachineDefinition)
    assert [transition.evaluable for transition in machine.definition.transitions] == [True, True, True, False]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "expression", "definition": {"expression": "new Date(a)"}},
        {"type": "computed", "definition": {"field": "a", "expression": "a b"}},
        {"type": "field", "definition": {"field": "a", "operator": "pattern", "value": "(?=a)"}},
        {"type": "field", "definition": {"field": "a", "operator": "min"}},
    ],
)
def test_imports_accept_what_cannot_be_evaluated_and_posts_do_not(body: dict[str, Any]) -> None:
    document = {"entity": "e", "hook": "before_write", **body}
    assert not lenient("rules", document).definition.evaluable
    with pytest.raises(RocketError):
        parse(KINDS["rules"], document)
