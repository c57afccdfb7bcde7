"""The kinds of definitions there are, and what is particular to each. Everything else is generic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.schema import EntityDefinition, PolicyDefinition
from libs.shared.schema.formulas import LENIENT
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.rules import RuleDefinition
from libs.shared.schema.state_machines import StateMachineDefinition
from libs.shared.schema.webhooks import WebhookDefinition
from libs.shared.schema.workflows import WorkflowDefinition
from services.metadata import references, tables
from services.metadata.store import Definition, Schema

if TYPE_CHECKING:
    from services.metadata.changes import Change


class Hooks:
    """What a kind does in the transaction of a change, beside being stored. Nothing, usually."""

    async def created(self, change: Change, row: Definition, definition: Any) -> None:
        """After the definition was stored for the first time."""

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: Any) -> None:
        """After the definition was stored anew."""

    async def deleted(self, change: Change, old: Definition) -> None:
        """After the definition was taken away."""


class EntityHooks(Hooks):
    """Entities have tables."""

    async def created(self, change: Change, row: Definition, definition: EntityDefinition) -> None:
        row.ids = tables.number_fields({}, definition)
        await change.run(tables.plan_create(row.number, row.ids, definition))
        await change.remember_ids(row)

    async def replaced(self, change: Change, old: Definition, row: Definition, definition: EntityDefinition) -> None:
        row.ids = tables.number_fields(old.ids, definition)
        before = EntityDefinition.model_validate(old.document)
        await change.run(tables.plan_change(row.number, old.ids, row.ids, before, definition))
        await change.remember_ids(row)

    async def deleted(self, change: Change, old: Definition) -> None:
        await change.run(tables.plan_retire(old.number, EntityDefinition.model_validate(old.document)))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of definition. `name` is the word in URLs and exports; `named` kinds are addressed by name."""

    name: str
    label: str
    model: type[BaseModel]
    key: Callable[[Any], str | None]
    entity_of: Callable[[Any], str | None]
    named: bool = False
    as_sent: bool = False
    hooks: Hooks = field(default_factory=Hooks)
    check_more: Callable[[Any, Schema], None] | None = None

    def parse(self, document: dict[str, Any], lenient: bool = False) -> Any:
        """The checked definition. Raises VALIDATION_FAILED with a detail per mistake.

        `lenient`, for imports, accepts rules and guards that can't be evaluated; they never are.
        """
        try:
            return self.model.model_validate(document, context=LENIENT if lenient else None)
        except ValidationError as error:
            raise _refusal(self.label, error) from None

    def check(self, definition: Any, schema: Schema, lenient: bool = False) -> None:
        """References to entities must hold; unless `lenient`, those to fields too. Raises VALIDATION_FAILED."""
        entity = self.entity_of(definition)
        if entity is not None and entity not in schema.entities:
            raise invalid_field("entity", f"Unknown entity: {entity}")
        if self.check_more is not None and not lenient:
            self.check_more(definition, schema)

    def stored(self, document: dict[str, Any], definition: Any) -> dict[str, Any]:
        """The document that is kept: as sent for entities, with its defaults for the rest."""
        return document if self.as_sent else definition.model_dump(mode="json")

    def completed(self, document: dict[str, Any], old: Definition) -> dict[str, Any]:
        """A replacing document; the name of a named kind may be left out, as the URL gives it."""
        return {"name": old.key, **document} if self.named else document

    def shown(self, row: Definition) -> dict[str, Any]:
        """A definition as GET answers it."""
        times = {"created_at": row.created_at, "updated_at": row.updated_at}
        if self.as_sent:
            return {"name": row.key, "table_name": row.document["table"], "definition": row.document, **times}
        return {"id": row.id, **row.document, **times}

    def acknowledged(self, row: Definition) -> dict[str, Any]:
        """A definition as POST and PUT answer it."""
        return row.document if self.as_sent else {"id": row.id, **row.document}


def kind_named(name: str) -> Kind:
    """The kind of this name. Raises NOT_FOUND."""
    kind = KINDS.get(name)
    if kind is None:
        raise not_found("Kind of definition")
    return kind


def _refusal(label: str, error: ValidationError) -> RocketError:
    details = []
    for problem in error.errors():
        path = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        detail = {"message": f"{path}: {message}" if path else message}
        details.append({"field": path, **detail} if path else detail)
    return RocketError("VALIDATION_FAILED", f"{label} is not valid: {details[0]['message']}", details)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "entities", "Entity", EntityDefinition, lambda d: d.name, lambda d: None,
            named=True, as_sent=True, hooks=EntityHooks(),
        ),
        Kind("permissions", "Permission", PolicyDefinition, lambda d: None, lambda d: d.entity),
        Kind(
            "rules", "Rule", RuleDefinition, lambda d: None, lambda d: d.entity,
            check_more=references.check_rule,
        ),
        Kind(
            "state-machines", "State machine", StateMachineDefinition, lambda d: None, lambda d: d.entity,
            check_more=references.check_machine,
        ),
        Kind("webhooks", "Webhook", WebhookDefinition, lambda d: None, lambda d: d.entity),
        Kind("workflows", "Workflow", WorkflowDefinition, lambda d: d.name, lambda d: None),
        Kind("notification-rules", "Notification rule", NotificationRule, lambda d: d.name, lambda d: d.entity),
    )
}  # fmt: skip
"""Every kind, by its name."""
