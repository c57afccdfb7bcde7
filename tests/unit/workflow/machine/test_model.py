"""Generated definitions against a small independent model: the same waits, the same ends, nothing stuck, effects once.

A definition is a tree of lists; every leaf waits until the test says what comes of it. The model below runs the same
tree with callbacks, and knows nothing of histories, frames or commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.workflow.machine.inputs import Answer, Decide, Fire, Look, Refusal
from tests.unit.workflow.machine.builders import act, fork, loop, rest
from tests.unit.workflow.machine.world import PEOPLE, World, workflow

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
    """The tree with an id for every step."""
    return [
        Node(
            node.kind, node.handled, node.needed, node.parallel, node.items,
            [named(inner, f"{prefix}{number}{place}") for place, inner in enumerate(node.lists)], f"{prefix}{number}",
        )
        for number, node in enumerate(nodes)
    ]  # fmt: skip


def steps_of(nodes: list[Node]) -> list[dict[str, Any]]:
    """The list as a definition has it: every step leads to the next."""
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


class Model:
    """The tree run by callbacks: what waits, by scope and step, and how it has ended."""

    def __init__(self, nodes: list[Node]) -> None:
        self.waits: dict[str, Callable[[bool], None]] = {}
        self.status = "running"
        self.run(nodes, 0, "", self._end)

    def _end(self, done: bool) -> None:
        self.status = "completed" if done else "failed"

    def run(self, nodes: list[Node], number: int, scope: str, end: Callable[[bool], None]) -> None:
        """Run a list from a step on."""
        if number == len(nodes):
            end(True)
            return
        node = nodes[number]

        def finish(done: bool) -> None:
            if done or node.handled:
                self.run(nodes, number + 1, scope, end)
            else:
                end(False)

        if node.kind == "ask":
            self._wait(scope, node, lambda yes: finish(True) if yes else end(True))
        elif node.kind in LEAVES:
            self._wait(scope, node, finish)
        elif node.kind == "fork":
            paths = [self._within(scope, f"{node.id}/b{place}") for place in range(len(node.lists))]
            self._side_by_side(list(zip(paths, node.lists, strict=True)), node.needed, finish)
        else:
            self._loop(node, scope, finish)

    def _loop(self, node: Node, scope: str, finish: Callable[[bool], None]) -> None:
        rounds = [(self._within(scope, f"{node.id}[{index}]"), node.lists[0]) for index in range(node.items)]
        if node.parallel and rounds:
            self._side_by_side(rounds, len(rounds), finish)
            return

        def go(index: int) -> None:
            if index == len(rounds):
                finish(True)
            else:
                path, inner = rounds[index]
                self.run(inner, 0, path, lambda done: go(index + 1) if done else finish(False))

        go(0)

    def _side_by_side(self, parts: list[tuple[str, list[Node]]], needed: int, finish: Callable[[bool], None]) -> None:
        counts = {"done": 0, "open": len(parts), "over": 0}

        def ended(done: bool) -> None:
            counts["open"] -= 1
            counts["done"] += done
            enough, too_few = counts["done"] >= needed, counts["done"] + counts["open"] < needed
            if not counts["over"] and (enough or too_few):
                counts["over"] = 1
                for path, _ in parts:
                    self._cancel(path)
                finish(enough)

        for path, inner in parts:
            if not counts["over"]:
                self.run(inner, 0, path, ended)

    def _wait(self, scope: str, node: Node, then: Callable[[bool], None]) -> None:
        self.waits[f"{scope}|{node.id}"] = then

    def _cancel(self, path: str) -> None:
        gone = [key for key in self.waits if key.split("|")[0] == path or key.startswith(f"{path}/")]
        for key in gone:
            del self.waits[key]

    @staticmethod
    def _within(scope: str, name: str) -> str:
        return f"{scope}/{name}" if scope else name

    def tell(self, key: str, good: bool) -> None:
        """Something that was waited for has come."""
        self.waits.pop(key)(good)


class Quiet(World):
    """A world in which nothing happens by itself, except that long stretches go on."""

    def settle(self) -> None:
        while self.running and "pause" in self.state.timers:
            self.tell(Look())

    @property
    def waits(self) -> set[str]:
        """What the instance waits for, by scope and step."""
        return {f"{frame.path}|{frame.step}" for frame in self.state.frames.values() if frame.phase != "inner"}

    def come(self, key: str, good: bool) -> None:
        """What is waited for comes, well or badly."""
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


@settings(max_examples=300, deadline=None)
@given(lists(2).map(named), st.data())
def test_generated_definitions_run_as_the_model_says(nodes: list[Node], data: st.DataObject) -> None:
    context = {f"items{count}": [{"n": n} for n in range(count)] for count in range(4)}
    world, model = Quiet(workflow(*steps_of(nodes)), **context), Model(nodes)
    for _ in range(1_000):
        assert world.state.status == model.status
        if not world.running:
            break
        assert world.waits == set(model.waits), "an instance that runs waits for something"
        key = data.draw(st.sampled_from(sorted(model.waits)))
        # A timer only ever comes.
        good = ("rest" in key) or data.draw(st.booleans())
        good = good or _kind(nodes, key.split("|")[1]) == "rest"
        model.tell(key, good)
        world.come(key, good)
    else:
        raise AssertionError("it does not end")
    assert all(count == 1 for count in Counter(world.effects).values())
    if world.state.status == "completed":
        assert not world.state.pending and not world.state.timers and not world.state.frames


def _kind(nodes: list[Node], step: str) -> str:
    for node in nodes:
        if node.id == step:
            return node.kind
        for inner in node.lists:
            if kind := _kind(inner, step):
                return kind
    return ""
