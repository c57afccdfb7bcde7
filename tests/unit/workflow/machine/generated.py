"""Generated definitions, and a simulated world in which only the test causes events.

A definition is a tree of lists; every leaf waits until the test says what comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from services.workflow.machine.inputs import Answer, Decide, Fire, Look, Refusal
from tests.unit.workflow.machine.builders import act, fork, loop, rest
from tests.unit.workflow.machine.world import PEOPLE, World

LEAVES = ("act", "ask", "rest", "sub")


@dataclass(slots=True)
class Node:
    """A step: a leaf, a fork or a loop. `handled`: a failure goes on with the next step of its list."""

    kind: str
    handled: bool
    needed: int = 0
    parallel: bool = False
    items: int = 0
    lists: list[list[Node]] = field(default_factory=list)
    id: str = ""


def lists(depth: int) -> st.SearchStrategy[list[Node]]:
    leaf = st.builds(Node, st.sampled_from(LEAVES), st.booleans())
    if depth == 0:
        return st.lists(leaf, min_size=1, max_size=2)
    inner = lists(depth - 1)
    forks = st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda branches: st.builds(
            Node, st.just("fork"), st.booleans(), st.integers(1, len(branches)), lists=st.just(branches)
        )
    )
    loops = st.builds(
        Node,
        st.just("loop"),
        st.booleans(),
        parallel=st.booleans(),
        items=st.integers(0, 3),
        lists=st.tuples(inner).map(list),
    )
    return st.lists(st.one_of(leaf, forks, loops), min_size=1, max_size=3)


def named(nodes: list[Node], prefix: str = "s") -> list[Node]:
    """The same tree with an id for every step."""
    return [
        Node(
            node.kind, node.handled, node.needed, node.parallel, node.items,
            [named(inner, f"{prefix}{number}{place}") for place, inner in enumerate(node.lists)], f"{prefix}{number}",
        )
        for number, node in enumerate(nodes)
    ]  # fmt: skip


def steps_of(nodes: list[Node]) -> list[dict[str, Any]]:
    """The steps of a list as a definition has them: each leads to the next."""
    found = []
    for number, node in enumerate(nodes):
        following: Any = {"goto": nodes[number + 1].id} if number + 1 < len(nodes) else "end"
        step = _step_of(node, following)
        found.append(step | {"on_failure": following} if node.handled else step)
    return found


def _step_of(node: Node, following: Any) -> dict[str, Any]:
    match node.kind:
        case "act":
            return act(node.id, 1, then=following)
        case "ask":
            return {"id": node.id, "type": "approval", "on_approve": following, "on_reject": "end"}
        case "rest":
            return rest(node.id, then=following)
        case "sub":
            return {"id": node.id, "type": "sub_workflow", "workflow": "other", "then": following}
        case "fork":
            branches = {f"b{place}": steps_of(inner) for place, inner in enumerate(node.lists)}
            return fork(node.id, {"quorum": node.needed}, **branches) | {"then": following}
    over: dict[str, Any] = {"over": f"context.items{node.items}", "parallel": node.parallel}
    return loop(node.id, *steps_of(node.lists[0]), **over, then=following)


class Quiet(World):
    """A world in which nothing is carried out automatically, except that paused instances continue."""

    def settle(self) -> None:
        while self.running and "pause" in self.state.timers:
            self.tell(Look())

    @property
    def waits(self) -> set[str]:
        """The steps that the instance waits at, as `scope|step`."""
        return {f"{frame.path}|{frame.step}" for frame in self.state.frames.values() if frame.phase != "inner"}

    def come(self, key: str, good: bool) -> None:
        """Complete the step that is waited at: successfully (`good`), or with a failure."""
        scope, step = key.split("|")
        for command, each in self.state.pending.items():
            if each["scope"] == scope:
                ending: dict[str, Any] = {"status": "completed" if good else "failed", "context": {}}
                sub = each["type"] == "start_child"
                self.effects[command] += 1
                self.give(Answer(command, ending if sub else {}) if good or sub else Refusal(command, "no"))
                return
        for timer, each in self.state.timers.items():
            if each["scope"] == scope:
                self.now += timedelta(days=1)
                self.give(Fire(timer))
                return
        self.give(Decide(good, PEOPLE["ann"], step=scope or step))
