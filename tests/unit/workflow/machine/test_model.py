"""Generated definitions against a small independent model: the same waits, the same ends, nothing stuck, effects once.

A definition is a tree of lists; every leaf waits until the test says what comes of it. The model below runs the same
tree with callbacks, and knows nothing of histories, frames or commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.workflow.machine.generated import LEAVES, Node, Quiet, lists, named, steps_of
from tests.unit.workflow.machine.world import workflow


class Model:
    """An independent model that runs a tree of steps: the steps that wait, and the result when all have ended."""

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
        """Complete a step that the model waits at."""
        self.waits.pop(key)(good)


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
