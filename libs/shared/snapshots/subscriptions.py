"""Which definitions subscribe to commits: an index by entity and action, at the schema version of each commit.

Webhooks, notification rules and workflows subscribe to commits. A `SubscriptionKind` says how definitions of a kind do;
the rest is the same for all of them. A commit is matched with the definitions of its own version, so what it leads to
does not depend on when it is handled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import structlog
from pydantic import ValidationError

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.expressions import Expression, compile_expression
from libs.shared.schema.snapshot import Snapshot
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import Versions, documents_then

log = structlog.get_logger()

D = TypeVar("D")

IMPORT = "import"
"""The cause of commits of imported records. They are not new, so subscribers are not notified."""


@dataclass(frozen=True, slots=True)
class SubscriptionKind(Generic[D]):
    """How the definitions of a kind subscribe to commits.

    `read` makes a definition of a document and raises ValidationError. `actions` are those that an active definition
    subscribes to, and none of an inactive one. Commits with one of `ignored_causes` concern no definition. Updates and
    deletions of `watched` entities concern the service, whatever the definitions of today say.
    """

    name: str
    read: Callable[[Mapping[str, Any]], D]
    entity: Callable[[D], str]
    actions: Callable[[D], Sequence[str]]
    condition: Callable[[D], str] = lambda _: ""
    ignored_causes: frozenset[str] = frozenset({IMPORT})
    watched: Callable[[Snapshot], frozenset[str]] = lambda _: frozenset()
    always: frozenset[str] = frozenset()
    """Entities whose commits matter without a definition."""


@dataclass(frozen=True, slots=True)
class SubscribedDefinition(Generic[D]):
    """A definition that is ready to be matched. `condition` None: always; `document` is as it is stored."""

    id: str
    definition: D
    condition: Expression | None
    document: Mapping[str, Any]


ByTopic = Mapping[tuple[str, str], Sequence[SubscribedDefinition[D]]]
"""Subscriptions by entity and action."""


@dataclass(frozen=True, slots=True)
class SubscriptionIndex(Generic[D]):
    """The definitions of a kind in an app at one schema version.

    `by_id` has those of today, active or not, and `fields` the fields of today's entities. `deleted` are definitions of
    an older version that have been deleted since: whether they were applied depends on when the commit was handled.
    """

    kind: SubscriptionKind[D]
    version: int
    by_topic: ByTopic[D]
    by_id: Mapping[str, SubscribedDefinition[D]]
    fields: Mapping[str, frozenset[str]]
    deleted: ByTopic[D] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()

    @classmethod
    def of(cls, kind: SubscriptionKind[D], snapshot: Snapshot) -> SubscriptionIndex[D]:
        """The index of a snapshot."""
        read = list(_read(kind, snapshot.documents.get(kind.name, ())))
        fields = {
            name: frozenset(field.name for field in entity.definition.fields)
            for name, entity in snapshot.entities.items()
        }
        by_id = {each.id: each for each in read}
        return cls(kind, snapshot.version, _by_topic(kind, read), by_id, fields, watched=kind.watched(snapshot))

    def past(self, version: int, documents: Iterable[Mapping[str, Any]]) -> SubscriptionIndex[D]:
        """The index of an older version, which had these documents; this one is today's.

        An entity that has another name today is found by both: a commit has the name of when it was published.
        """
        read = list(_read(self.kind, documents))
        kept = [each for each in read if each.id in self.by_id]
        by_topic = _by_topic(self.kind, kept)
        for each in kept:
            name = self.kind.entity(self.by_id[each.id].definition)
            if name != self.kind.entity(each.definition):
                for action in self.kind.actions(each.definition):
                    by_topic.setdefault((name, action), []).append(each)
        deleted = _by_topic(self.kind, (each for each in read if each.id not in self.by_id))
        return replace(self, version=version, by_topic=by_topic, deleted=deleted)

    def matches(self, entity: str, action: str) -> bool:
        """Whether any definition subscribes to commits of an entity with an action."""
        if entity in self.kind.always or (entity, public_action(action)) in self.by_topic:
            return True
        return entity in self.watched and action != "create"

    def watches(self, event: CommitEvent) -> bool:
        """Whether a commit is an update or deletion of a watched entity."""
        return event.entity in self.watched and event.action != "create" and event.cause not in self.kind.ignored_causes

    def candidates(self, event: CommitEvent) -> Sequence[SubscribedDefinition[D]]:
        """The definitions that subscribe to a commit, before their conditions are evaluated."""
        return self._of(self.by_topic, event)

    def deleted_candidates(self, event: CommitEvent) -> Sequence[SubscribedDefinition[D]]:
        """The deleted definitions that did."""
        return self._of(self.deleted, event)

    def _of(self, by_topic: ByTopic[D], event: CommitEvent) -> Sequence[SubscribedDefinition[D]]:
        if event.cause in self.kind.ignored_causes:
            return ()
        return by_topic.get((event.entity, public_action(event.action)), ())


class Subscriptions(Versions[SubscriptionIndex[D]]):
    """The indexes of one kind, of all apps that a process works for."""

    def __init__(self, schemas: Schemas, rpc: RpcClient, kind: SubscriptionKind[D]) -> None:
        async def past(app: AppRef, version: int, today: SubscriptionIndex[D]) -> SubscriptionIndex[D]:
            return today.past(version, await documents_then(rpc, app, kind.name, version))

        super().__init__(schemas, lambda snapshot: SubscriptionIndex.of(kind, snapshot), past)


def public_action(action: str) -> str:
    """create, update or delete. Subscribers see all other changes of a record (restore, undo) as updates."""
    return action if action in ("create", "delete") else "update"


def _by_topic(
    kind: SubscriptionKind[D], subscriptions: Iterable[SubscribedDefinition[D]]
) -> dict[tuple[str, str], list[SubscribedDefinition[D]]]:
    found: dict[tuple[str, str], list[SubscribedDefinition[D]]] = {}
    for each in subscriptions:
        for action in kind.actions(each.definition):
            found.setdefault((kind.entity(each.definition), action), []).append(each)
    return found


def _read(kind: SubscriptionKind[D], documents: Iterable[Mapping[str, Any]]) -> Iterable[SubscribedDefinition[D]]:
    for document in documents:
        try:
            definition = kind.read(document)
        except ValidationError as error:
            # Metadata validates with the same model: only an older Rocket can have stored this.
            log.error("definition.unreadable", kind=kind.name, id=document.get("id"), problems=error.error_count())
            continue
        text = kind.condition(definition).strip()
        yield SubscribedDefinition(
            str(document["id"]), definition, compile_expression(text) if text else None, document
        )
