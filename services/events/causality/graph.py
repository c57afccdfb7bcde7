"""The graph of what a trace has led to, from the rows that services have found. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.causality import Found
from services.events.business_events import workflow_event_id

MAX_NODES = 2_000
"""Nodes of a graph; `truncated` says that there would be more."""
MAX_TRANSITION_EVENTS = 10
"""Events of one record's transitions that are looked for."""
COMMENTS = "_comments"
UUID_CHARACTERS = 36
Node = dict[str, Any]


@dataclass(slots=True)
class CausalityGraph:
    """Nodes by id and edges. An effect is taken in when what has caused it is in the graph; else it waits for that."""

    app_id: str
    trace_id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    is_cut: bool = False
    commit_ids: dict[str, str] = field(default_factory=dict)
    """Commit id → node."""
    steps: dict[str, list[Found]] = field(default_factory=dict)
    """Instance id → its steps in the graph."""
    event_ids: dict[str, str] = field(default_factory=dict)
    """The id that an event of a commit or a step would have → the node of what sends it."""

    @property
    def root(self) -> str:
        return f"request:{self.trace_id}"

    def begin(self, request: Found | None) -> None:
        """The request itself; what it was is known as long as its span is kept."""
        said = request or {"label": "request", "status": "unknown", "at": None}
        self._add(self.root, "request", None, **said)

    def take_commit(self, row: Found) -> bool:
        """A commit: of the request, or of a workflow's step."""
        parent = self._of_effect(row["effect_key"]) if row["effect_key"] else self._of_trace(row["trace_id"])
        node_id = f"commit:{row['position']}"
        kind = "comment" if row["entity"] == COMMENTS else "commit"
        more = f" +{row['records'] - 1}" if row["records"] > 1 else ""
        if parent is None or not self._add(
            node_id, kind, parent, label=f"{row['action']} {row['entity'] or '?'}{more}", status="ok", at=row["at"],
            entity=row["entity"], record_id=row["record_id"],
        ):  # fmt: skip
            return False
        self.commit_ids[row["commit_id"]] = node_id
        for n in range(1, min(row["records"], MAX_TRANSITION_EVENTS) + 1):
            for number in range(MAX_TRANSITION_EVENTS):
                key = f"{self.app_id}/{row['position']}.{n}/{number}"
                self.event_ids[str(uuid.uuid5(uuid.NAMESPACE_OID, key))] = node_id
        return True

    def take_instance(self, row: Found) -> bool:
        """An instance with its steps; of one that another trace has started, those from the request's decision on."""
        node_id, steps = f"instance:{row['id']}", row["steps"]
        parent = self._starter_of(row)
        if parent is None:
            decided = next((n for n, step in enumerate(steps) if step["trace_id"] == self.trace_id), None)
            if decided is None:
                return False
            parent, steps = self.root, steps[decided:]
        if not self._add(
            node_id, "workflow_instance", parent, label=row["workflow"], status=row["status"], at=row["at"],
            entity=row["entity"] or None, record_id=row["record_id"] or None,
        ):  # fmt: skip
            return False
        self.steps[row["id"]] = steps
        before = node_id
        for step in steps:
            step_id = f"step:{row['id']}/{step['visit']}"
            if self._add(
                step_id, "workflow_step", before, label=step["step"], status=step["status"], at=step["at"],
                entity=row["entity"] or None, record_id=row["record_id"] or None,
            ):  # fmt: skip
                before = step_id
            for action in range(MAX_TRANSITION_EVENTS):
                self.event_ids[workflow_event_id(self.app_id, f"{row['id']}/{step['visit']}/{action}")] = step_id
        return True

    def take_delivery(self, row: Found) -> bool:
        """A delivery of a commit, of a step, or to a synchronous webhook before the commit."""
        parent = self._of_key(row["commit_key"], row["trace_id"])
        return parent is not None and self._add(
            f"delivery:{row['id']}", "delivery", parent, label=f"{row['hook']} {row['url']}", status=row["status"],
            at=row["at"], entity=row["entity"] or None, record_id=row["record_id"] or None,
        )  # fmt: skip

    def take_notification(self, row: Found) -> bool:
        """A notification of a commit or of an instance."""
        if row["instance_id"]:
            parent = self._of_step(row["instance_id"], row["step"])
        elif row["position"] is not None:
            parent = self._known(f"commit:{row['position']}")
        else:
            parent = self._of_trace(row["trace_id"])
        return parent is not None and self._add(
            f"notification:{row['id']}", "notification", parent, label=f"{row['channel']} {row['rule'] or ''}".strip(),
            status=row["status"], at=row["at"], entity=row["entity"], record_id=row["record_id"],
        )  # fmt: skip

    def take_event(self, row: Found) -> bool:
        """A business event: of a transition, of a step, or of the caller."""
        parent = self.event_ids.get(row["key"]) or self._of_trace(row["trace_id"])
        return parent is not None and self._add(
            f"event:{row['key']}", "event", parent, label=row["action"], status=row["status"], at=row["at"],
            entity=row["entity"], record_id=row["record_id"],
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """`{nodes, edges, truncated}` in the order of time."""
        nodes = sorted(self.nodes.values(), key=lambda node: (node["id"] != self.root, node["at"] or "", node["id"]))
        edges = [{"from": origin, "to": target} for origin, target in self.edges]
        return {"nodes": nodes, "edges": edges, "truncated": self.is_cut}

    def _add(self, node_id: str, kind: str, parent: str | None, **said: Any) -> bool:
        """Add a node below another one; False where it is known already, or there are too many."""
        if node_id in self.nodes:
            return False
        if len(self.nodes) >= MAX_NODES:
            self.is_cut = True
            return False
        self.nodes[node_id] = {"id": node_id, "kind": kind, **{k: v for k, v in said.items() if k in REQUIRED or v}}
        if parent is not None:
            self.edges[parent, node_id] = None
        return True

    def _known(self, node_id: str) -> str | None:
        return node_id if node_id in self.nodes else None

    def _of_trace(self, trace_id: str) -> str | None:
        """The request, for what is of its trace and has no nearer cause."""
        return self.root if trace_id == self.trace_id else None

    def _of_key(self, key: str, trace_id: str) -> str | None:
        """What a delivery's key names: a commit by place, perhaps behind a redelivery, a commit by id, or a step."""
        if (asked := self.commit_ids.get(key.partition("/")[0])) is not None:
            return asked
        for place in key.split("/")[:2]:
            position, dot, n = place.partition(".")
            if dot and position.isdigit() and n.isdigit():
                return self._known(f"commit:{position}")
        return self._of_effect(key) or self._of_trace(trace_id)

    def _of_effect(self, key: str) -> str | None:
        """The step whose effect has this key."""
        instance_id, _, rest = key.partition("/")
        visit = rest.partition("/")[0]
        return self._known(f"step:{instance_id}/{visit}") or self._known(f"instance:{instance_id}")

    def _of_step(self, instance_id: str, name: str | None) -> str | None:
        """The last visit of a step, else its instance."""
        visits = [step["visit"] for step in self.steps.get(instance_id, ()) if step["step"] == name]
        if visits and (step := self._known(f"step:{instance_id}/{visits[-1]}")):
            return step
        return self._known(f"instance:{instance_id}")

    def _starter_of(self, row: Found) -> str | None:
        key = str(row["commit_key"])
        if row["parent_id"]:
            return self._of_effect(key.removeprefix("parent/"))
        if key.startswith("event/"):
            return self._known(f"event:{key.removeprefix('event/')}") or self._of_trace(row["trace_id"])
        position = key.partition(".")[0]
        return self._known(f"commit:{position}") or self._of_trace(row["trace_id"])


REQUIRED = ("label", "status", "at")


def instances_named(rows: Iterable[str | None]) -> Iterator[str]:
    """The instances that effect keys name."""
    for key in rows:
        head = (key or "").partition("/")[0]
        if len(head) == UUID_CHARACTERS:
            yield head
