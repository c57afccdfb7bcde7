"""Asks the services in turn for what a trace has led to, until nothing new is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from libs.shared.contracts.causality import (
    FindCommits,
    FindDeliveries,
    FindInstances,
    FindNotifications,
    Found,
    FoundEffects,
)
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request
from services.events import store
from services.events.causality.graph import CausalityGraph, instances_named
from services.events.state import State

MAX_ROUNDS = 16
"""How often services are asked: as deep as causes may be nested."""


@dataclass(slots=True)
class _Frontier:
    """What is to be asked about, each thing once."""

    new: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def add(self, *things: str) -> None:
        self.new |= set(things) - self.known

    def take(self) -> list[str]:
        taken = sorted(self.new)
        self.known |= self.new
        self.new = set()
        return taken


class CausalityLoader:
    """The search for the effects of one trace."""

    def __init__(self, state: State, context: Context, trace_id: str) -> None:
        self._state = state
        self._context = context
        self._traces, self._keys, self._instances = _Frontier({trace_id}), _Frontier(), _Frontier()
        self._waiting: dict[str, list[Found]] = {}
        """Rows whose cause is not in the graph (yet), by what they are."""
        self.graph = CausalityGraph(context.the_app.id, trace_id)

    async def load(self) -> CausalityGraph:
        """The graph. Raises SERVICE_UNAVAILABLE where a service can't be asked: half a graph would mislead."""
        database = self._state.database(self._context.the_app)
        self.graph.begin(await store.load_request(database, self.graph.trace_id))
        for _ in range(MAX_ROUNDS):
            if not (self._traces.new or self._keys.new or self._instances.new):
                return self.graph
            await self._ask(self._traces.take(), self._keys.take(), self._instances.take())
            self._link()
        self.graph.is_cut = True
        return self.graph

    async def _ask(self, traces: list[str], keys: list[str], instances: list[str]) -> None:
        names = ("commits", "instances", "deliveries", "notifications")
        answers = await asyncio.gather(
            self._found(FindCommits(traces, keys)),
            self._found(FindInstances(traces, instances)),
            self._found(FindDeliveries(traces)),
            self._found(FindNotifications(traces)),
        )
        for name, answer in zip(names, answers, strict=True):
            self._waiting.setdefault(name, []).extend(answer.rows)
            self.graph.is_cut = self.graph.is_cut or answer.is_cut
        events = await store.load_business(self._state.database(self._context.the_app), traces)
        self._waiting.setdefault("events", []).extend(events)

    async def _found(self, request: Request[FoundEffects]) -> FoundEffects:
        return await self._state.core.rpc.request(request, self._context)

    def _link(self) -> None:
        """Take in all rows whose cause is in the graph, as long as there are any."""
        graph = self.graph
        takers: dict[str, Callable[[Found], bool]] = {
            "commits": self._commit, "events": graph.take_event, "instances": self._instance,
            "deliveries": graph.take_delivery, "notifications": graph.take_notification,
        }  # fmt: skip
        size = -1
        while size != len(graph.nodes):
            size = len(graph.nodes)
            for name, take in takers.items():
                self._waiting[name] = [row for row in self._waiting.get(name, []) if not take(row)]
        # What waits may belong to an instance that another trace has started, and this one has decided.
        self._instances.add(*instances_named(row["effect_key"] for row in self._waiting["commits"]))
        self._instances.add(*instances_named(row["commit_key"] for row in self._waiting["deliveries"]))
        self._instances.add(*(row["instance_id"] for row in self._waiting["notifications"] if row["instance_id"]))

    def _commit(self, row: Found) -> bool:
        taken = self.graph.take_commit(row)
        if taken:
            self._traces.add(row["trace_id"])
        return taken

    def _instance(self, row: Found) -> bool:
        taken = self.graph.take_instance(row)
        if taken:
            visits = {f"{row['id']}/{step['visit']}" for step in self.graph.steps[row["id"]]}
            self._keys.add(*(key for key in row["effect_keys"] if "/".join(key.split("/")[:2]) in visits))
            self._traces.add(*(step["trace_id"] for step in self.graph.steps[row["id"]] if step["trace_id"]))
            self._instances.add(row["id"])
        return taken
