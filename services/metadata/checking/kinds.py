"""The checks of each kind beyond its model. A kind without an entry needs no more. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.schema.kinds import DefinitionKind
from services.metadata.checking import canonical, renames
from services.metadata.checking.expressions import locations, workflow_texts
from services.metadata.checking.expressions.location import Document, ExpressionLocation
from services.metadata.checking.references import (
    dashboards,
    notification_rules,
    permissions,
    rules,
    state_machines,
    webhooks,
    workflows,
)
from services.metadata.checking.references.names import Problem
from services.metadata.model.schema import LiveSchema


@dataclass(frozen=True, slots=True)
class KindChecks:
    """The checks that are specific to a kind of definition."""

    references: Callable[[Any, LiveSchema], Iterable[Problem]] = lambda definition, schema: ()
    """Finds references that do not hold. The entity that the definition is about exists."""
    expressions: Callable[[Document, LiveSchema], Iterable[ExpressionLocation]] = lambda document, schema: ()
    """Finds the expressions, templates and paths of a stored document."""
    complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document
    """Fills in the keys that a replacing document may omit."""
    normalize: Callable[[dict[str, Any], Any], dict[str, Any]] = lambda document, definition: document
    """Makes the document to be stored of one that is kept as sent."""


CHECKS: Mapping[str, KindChecks] = {
    "entities": KindChecks(complete=renames.completed, normalize=canonical.normalized),
    "permissions": KindChecks(permissions.problems_of, locations.of_permission),
    "rules": KindChecks(rules.problems_of, locations.of_rule),
    "state-machines": KindChecks(state_machines.problems_of, locations.of_state_machine),
    "webhooks": KindChecks(webhooks.problems_of, locations.of_webhook),
    "workflows": KindChecks(workflows.problems_of, workflow_texts.of_workflow),
    "dashboards": KindChecks(dashboards.problems_of),
    "notification-rules": KindChecks(notification_rules.problems_of, locations.of_notification_rule),
}
MODEL_ONLY = KindChecks()


def checks_of(kind: DefinitionKind) -> KindChecks:
    """The checks of a kind."""
    return CHECKS.get(kind.name, MODEL_ONLY)
