"""The kinds of definitions: what each is called, which model checks it, and who reads it.

All services, the documentation and the tests read this table. metadata adds what it checks and does beside storing a
definition: services/metadata/checking/kinds.py and services/metadata/editing/kinds.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.schema.app_settings import AppSettings
from libs.shared.schema.dashboards import Dashboard
from libs.shared.schema.entities import EntityDefinition
from libs.shared.schema.notification_channels import NotificationChannel
from libs.shared.schema.notification_templates import NotificationTemplate
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.policies import PolicyDefinition
from libs.shared.schema.relations import RelationDefinition
from libs.shared.schema.roles import RoleDefinition
from libs.shared.schema.rules import RuleDefinition
from libs.shared.schema.state_machines import StateMachineDefinition
from libs.shared.schema.strict import Strict
from libs.shared.schema.ui_configs import APP, UiConfig
from libs.shared.schema.webhooks import WebhookDefinition
from libs.shared.schema.workflows import WorkflowDefinition

NAME = ("name",)


def _entity_of(definition: Any) -> str | None:
    return getattr(definition, "entity", None)


@dataclass(frozen=True, slots=True)
class DefinitionKind:
    """One kind of definition."""

    name: str
    """The word in URLs: `/_admin/<name>`."""
    label: str
    """What messages call it."""
    model: type[Strict]
    key: tuple[str, ...] = ()
    """Keys of a document whose values, together, only one definition of this kind may have."""
    identity: tuple[str, ...] = NAME
    """Keys of a document by which an import recognizes a definition."""
    addressed_by_name: bool = False
    """Whether URLs name a definition by `key` instead of its id."""
    columns: tuple[tuple[str, str], ...] | None = None
    """Answers wrap the definition, kept as it was sent, in `definition`; beside it are these keys: (answered name, key
    of the document). None: answers are flat, and documents are kept with their defaults."""
    answered: tuple[str, ...] = ()
    """Keys that answers add to a flat definition, beside its id and times."""
    entity_of: Callable[[Any], str | None] = _entity_of
    """The entity that a definition is about, which must exist."""
    consumes_commits: tuple[str, ...] = ()
    """Path to the entity whose commits a definition reacts to. Empty: it reacts to none."""
    covers_comments: bool = False
    """Whether a definition may be about comments, which are no entity of the app."""
    secrets: tuple[tuple[str, ...], ...] = ()
    """Paths of values that are stored encrypted, shown to nobody and exported to nowhere; `*` is every key."""
    is_in_snapshot: bool = True
    """Whether services read the definitions in schema snapshots."""

    @property
    def is_wrapped(self) -> bool:
        """Whether answers wrap the definition in `definition`."""
        return self.columns is not None

    @property
    def section(self) -> str:
        """The key of the kind's definitions in an exported document."""
        return self.name.replace("-", "_")

    def key_of(self, document: Mapping[str, Any]) -> str | None:
        """The unique key of a stored document, None if the kind has none. No name of an entity holds a slash."""
        return "/".join(str(document[name]) for name in self.key) or None

    def consumed_entity(self, document: Mapping[str, Any]) -> str | None:
        """The entity whose commits a definition of a consuming kind reacts to, if it is about one."""
        value: Any = document
        for name in self.consumes_commits:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else None


KINDS: Mapping[str, DefinitionKind] = {
    kind.name: kind
    for kind in (
        DefinitionKind(
            "entities", "Entity", EntityDefinition, key=NAME, addressed_by_name=True,
            columns=(("table_name", "table"),),
        ),
        DefinitionKind(
            "relations", "Relation", RelationDefinition, key=NAME, addressed_by_name=True,
            columns=(("source", "source"), ("target", "target")),
        ),
        DefinitionKind("permissions", "Permission", PolicyDefinition, identity=("entity", "action")),
        DefinitionKind(
            "notification-channels", "Notification channel", NotificationChannel, key=NAME,
            secrets=(("config", "password"), ("config", "secret"), ("config", "headers", "*")),
        ),
        DefinitionKind("notification-templates", "Notification template", NotificationTemplate, key=NAME),
        DefinitionKind("rules", "Rule", RuleDefinition, identity=("entity", "hook", "type", "definition")),
        DefinitionKind("state-machines", "State machine", StateMachineDefinition, identity=("entity", "field")),
        DefinitionKind(
            "webhooks", "Webhook", WebhookDefinition, identity=("entity", "hook", "url"),
            answered=("secret", "circuit", "failing_since", "next_try_at", "last_error"),
            consumes_commits=("entity",), covers_comments=True,
        ),
        DefinitionKind(
            "workflows", "Workflow", WorkflowDefinition, key=NAME, consumes_commits=("trigger", "entity"),
        ),
        DefinitionKind(
            "ui-configs", "UI config", UiConfig, key=("entity", "scope"), identity=("entity", "scope"),
            entity_of=lambda config: None if config.entity == APP else config.entity, is_in_snapshot=False,
        ),
        DefinitionKind("roles", "Role", RoleDefinition, key=NAME, is_in_snapshot=False),
        DefinitionKind(
            "notification-rules", "Notification rule", NotificationRule, key=NAME, consumes_commits=("entity",),
            covers_comments=True,
        ),
        DefinitionKind("dashboards", "Dashboard", Dashboard, key=NAME),
    )
}  # fmt: skip
"""Every kind by its name, in the order in which documents are exported and imported."""
SETTINGS = DefinitionKind("settings", "Settings", AppSettings)
"""The settings of an app: one document, stored as definitions are, that no document carries to another app."""


def stored_kind(name: str) -> DefinitionKind:
    """The kind of a stored definition."""
    return SETTINGS if name == SETTINGS.name else KINDS[name]
