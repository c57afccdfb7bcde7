"""The kinds of definitions there are, and what is particular to each. Everything else is generic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from libs.shared import exact
from libs.shared.errors import RocketError, detail_of, invalid, invalid_field, not_found, sentence
from libs.shared.schema import EntityDefinition, PolicyDefinition, RelationDefinition
from libs.shared.schema.formulas import LENIENT
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.roles import RoleDefinition
from libs.shared.schema.rules import RuleDefinition
from libs.shared.schema.state_machines import StateMachineDefinition
from libs.shared.schema.strict import Strict
from libs.shared.schema.ui_configs import APP, UiConfig
from libs.shared.schema.validation_errors import errors_in
from libs.shared.schema.values import MAX_DEPTH, deeper_than, place_of_nul
from libs.shared.schema.webhooks import WebhookDefinition
from libs.shared.schema.workflows import WorkflowDefinition
from services.metadata.checking.documents import of_flat_row, of_wrapped_row
from services.metadata.checking.references import machines, notifications, policies, rules, workflows
from services.metadata.checking.references.names import Problem, unknown_entity
from services.metadata.editing.entities import EntityHooks
from services.metadata.editing.hooks import Hooks
from services.metadata.editing.relations import RelationHooks
from services.metadata.editing.state_machines import MachineHooks
from services.metadata.editing.ui_configs import UiConfigHooks
from services.metadata.editing.webhooks import WebhookHooks
from services.metadata.model.schema import Schema
from services.metadata.store.definitions import Definition


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of definition. `name` is the word in URLs; `named` kinds are addressed by name.

    Kinds kept `as_sent` are answered whole under `definition`, beside the keys of `columns` (answered
    name, key of the document).
    """

    name: str
    label: str
    model: type[Strict]
    key: Callable[[Any], str | None]
    entity_of: Callable[[Any], str | None]
    named: bool = False
    as_sent: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    references: Callable[[Any, Schema], Iterable[Problem]] | None = None
    """Names what a definition refers to that does not hold; the entity that it is about is there."""
    unique: tuple[str, ...] = ("name",)
    """The keys of a document that no two definitions of this kind share, where `key` answers anything."""
    same: tuple[str, ...] = ("name",)
    """The keys of a document that an import tells definitions of this kind apart by."""

    def parse(self, document: dict[str, Any], lenient: bool = False) -> Any:
        """The checked definition. Raises VALIDATION_FAILED with a detail per mistake.

        `lenient`, for imports, accepts rules and guards that can't be evaluated; they never are.
        """
        if deeper_than(document, MAX_DEPTH):
            raise invalid(f"{self.label} is nested more than {MAX_DEPTH} levels deep")
        if (place := place_of_nul(document)) is not None:
            raise invalid_field(place, f"{place} must not hold the character NUL")
        try:
            return self.model.model_validate(document, context=LENIENT if lenient else None)
        except ValidationError as error:
            raise _refusal(self.label, errors_in(error, self.model, document)) from None

    def problems(self, definition: Any, schema: Schema) -> list[Problem]:
        """Where a definition refers to what is not there, or to what does not fit."""
        entity = self.entity_of(definition)
        if entity is not None and (wrong := unknown_entity(schema, entity)):
            return [("entity", wrong)]
        return list(self.references(definition, schema)) if self.references else []

    def check(self, definition: Any, schema: Schema) -> None:
        """Everything that a definition refers to is there. Raises VALIDATION_FAILED with a detail per mistake."""
        if problems := self.problems(definition, schema):
            raise _refusal(self.label, problems)

    def stored(self, document: dict[str, Any], definition: Any) -> dict[str, Any]:
        """The document that is kept: as sent for some kinds, with its defaults for the rest."""
        return self.hooks.kept(document, definition) if self.as_sent else exact.document(definition)

    def plain(self, sent: dict[str, Any], old: Definition | None = None) -> dict[str, Any]:
        """The definition in what was sent: that itself, or the row that GET answers. Raises VALIDATION_FAILED."""
        if self.as_sent:
            return of_wrapped_row(sent, self.columns, old)
        return of_flat_row(sent, self.hooks.beside, old)

    def completed(self, sent: dict[str, Any], old: Definition) -> dict[str, Any]:
        """A replacing document; the name of a named kind may be left out, as the URL gives it."""
        document = self.plain(sent, old)
        return self.hooks.completed({"name": old.key, **document} if self.named else document)

    def shown(self, row: Definition) -> dict[str, Any]:
        """A definition as GET answers it."""
        times = {"created_at": row.created_at, "updated_at": row.updated_at}
        if self.as_sent:
            shown = {name: row.document[key] for name, key in self.columns}
            return {"name": row.key, **shown, "definition": row.document, **times}
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


def _refusal(label: str, mistakes: Sequence[tuple[str, str]]) -> RocketError:
    details = [detail_of(path, message) if path else {"message": message} for path, message in mistakes]
    return RocketError("VALIDATION_FAILED", f"{label} is not valid: {sentence(*mistakes[0])}", details)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "entities", "Entity", EntityDefinition, lambda d: d.name, lambda d: None,
            named=True, as_sent=True, columns=(("table_name", "table"),), hooks=EntityHooks(),
        ),
        Kind(
            "relations", "Relation", RelationDefinition, lambda d: d.name, lambda d: None,
            named=True, as_sent=True, columns=(("source", "source"), ("target", "target")), hooks=RelationHooks(),
        ),
        Kind(
            "permissions", "Permission", PolicyDefinition, lambda d: None, lambda d: d.entity,
            references=policies.problems_of, same=("entity", "action"),
        ),
        Kind(
            "rules", "Rule", RuleDefinition, lambda d: None, lambda d: d.entity,
            references=rules.problems_of, same=("entity", "hook", "type", "definition"),
        ),
        Kind(
            "state-machines", "State machine", StateMachineDefinition, lambda d: None, lambda d: d.entity,
            references=machines.problems_of, hooks=MachineHooks(), same=("entity", "field"),
        ),
        Kind(
            "webhooks", "Webhook", WebhookDefinition, lambda d: None, lambda d: d.entity,
            hooks=WebhookHooks(), same=("entity", "hook", "url"),
        ),
        Kind(
            "workflows", "Workflow", WorkflowDefinition, lambda d: d.name, lambda d: None,
            references=workflows.problems_of,
        ),
        Kind(
            "ui-configs", "UI config", UiConfig, lambda d: d.key, lambda d: None if d.entity == APP else d.entity,
            unique=("entity", "scope"), same=("entity", "scope"), hooks=UiConfigHooks(),
        ),
        Kind("roles", "Role", RoleDefinition, lambda d: d.name, lambda d: None),
        Kind(
            "notification-rules", "Notification rule", NotificationRule, lambda d: d.name, lambda d: d.entity,
            references=notifications.problems_of,
        ),
    )
}  # fmt: skip
"""Every kind, by its name."""
