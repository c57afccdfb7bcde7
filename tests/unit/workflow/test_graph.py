"""The graph of an instance: where it is, where it was, which ways it took."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.workflow.machine.inputs import Return
from services.workflow.views.graph import graph_of
from tests.unit.workflow.machine.builders import act, fork, loop, rest
from tests.unit.workflow.machine.world import PEOPLE, World, workflow


def drawn(world: World) -> tuple[dict[str, Any], dict[tuple[str, str, str], bool]]:
    """The nodes by id, and whether each edge was taken."""
    graph = graph_of(world.plan, world.history, world.state)
    nodes = {node["id"]: node for node in graph["nodes"]}
    return nodes, {(edge["from"], edge["to"], edge["label"]): edge["taken"] for edge in graph["edges"]}


def test_nodes_tell_where_an_instance_is_was_and_will_not_be() -> None:
    look = {"id": "look", "type": "condition", "expression": "record.amount > 1", "on_true": {"goto": "ask"},
            "on_false": {"goto": "pay"}}  # fmt: skip
    ask = {"id": "ask", "type": "approval", "on_approve": {"goto": "pay"}, "on_reject": {"goto": "no"}}
    world = World(workflow(look, ask, act("pay", 1), act("no", 2)))
    world.wait(timedelta(hours=2))
    nodes, edges = drawn(world)
    assert [nodes[name]["status"] for name in ("look", "ask", "pay", "no", "end")] == [
        "done", "waiting", "open", "open", "open"]  # fmt: skip
    assert edges["look", "ask", "on_true"] and not edges["look", "pay", "on_false"]
    assert ("ask", "end", "on_timeout") not in edges, "an approval without a timeout does not time out"
    world.decide("dan")
    nodes, edges = drawn(world)
    assert nodes["ask"]["seconds"] == 7200 and nodes["ask"]["visits"] == 1
    assert [nodes[name]["status"] for name in ("ask", "pay", "no", "end")] == ["done", "done", "skipped", "done"]
    assert edges["ask", "pay", "on_approve"] and edges["pay", "end", "then"] and not edges["ask", "no", "on_reject"]


def test_branches_and_rounds_are_named_and_those_that_were_cancelled_are_skipped() -> None:
    world = World(workflow(
        fork("f", "any", a=[rest("slow", "5h")], b=[rest("quick")]) | {"then": {"goto": "each"}},
        loop("each", act("x", 1)),
    ), items=[1, 2])  # fmt: skip
    world.wait(timedelta(hours=1))
    nodes, edges = drawn(world)
    assert (nodes["slow"]["parent"], nodes["x"]["parent"]) == ("f/a", "each")
    assert (nodes["slow"]["status"], nodes["quick"]["status"], nodes["x"]["visits"]) == ("skipped", "done", 2)
    assert edges["f", "each", "then"] and not [edge for edge in edges if edge[0] in ("slow", "quick", "x")]


def test_a_failure_stands_where_it_happened_and_returns_are_edges() -> None:
    failed = World(workflow(act("a", 1)), refusing=["f1"])
    assert drawn(failed)[0]["a"]["status"] == "failed"
    first = {"id": "first", "type": "approval", "on_approve": {"goto": "second"}}
    world = World(workflow(first, {"id": "second", "type": "approval", "returns_to": ["first"]}))
    world.decide("dan")
    world.give(Return(PEOPLE["ann"], "first", "once more"))
    nodes, edges = drawn(world)
    assert edges["second", "first", "returned"] and nodes["first"]["status"] == "waiting"
    assert nodes["first"]["visits"] == 2
