"""The graph of causes: effects are joined to what has caused them, in whatever order they are found."""

from __future__ import annotations

import itertools
from typing import Any

from libs.shared.contracts.causality import Found
from services.events.causality.graph import MAX_NODES, CausalityGraph, instances_named

TRACE, OTHER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
INSTANCE = "019f0000-0000-7000-8000-000000000001"
AT = "2026-11-30T10:00:00Z"


def about(**values: Any) -> Found:
    return {"entity": "order", "record_id": "1", "at": AT, "status": "ok", "trace_id": TRACE, **values}


def commit(position: int, key: str | None = None, **more: Any) -> Found:
    return about(position=position, commit_id=f"c{position}", effect_key=key, action="update", records=1, **more)


def instance(key: str, *steps: tuple[int, str, str | None], **more: Any) -> Found:
    visits = [{"visit": v, "step": s, "status": "completed", "at": AT, "trace_id": t} for v, s, t in steps]
    return about(id=INSTANCE, workflow="ship", commit_key=key, parent_id=None, parent_key=None, steps=visits,
                 effect_keys=[], **more)  # fmt: skip


def delivery(name: str, key: str, **more: Any) -> Found:
    return about(id=name, commit_key=key, hook="after_write", url="https://x.example", **more)


def notification(name: str, **more: Any) -> Found:
    return about(**{"id": name, "channel": "email", "rule": "r", "position": None, "n": None, "instance_id": None,
                    "step": None, **more})  # fmt: skip


def begun() -> CausalityGraph:
    graph = CausalityGraph("app", TRACE)
    graph.begin({"label": "PUT /order/1", "status": "ok", "at": AT})
    return graph


def causes(graph: CausalityGraph) -> dict[str, str]:
    return {edge["to"]: edge["from"] for edge in graph.document()["edges"]}


def test_every_effect_hangs_under_what_caused_it() -> None:
    graph = begun()
    assert graph.take_commit(commit(7))
    assert graph.take_instance(instance("7.1", (1, "mark", None), (2, "tell", None)))
    # Days later and in another trace: known by the key of its step.
    assert graph.take_commit(commit(9, f"{INSTANCE}/1/0", trace_id=OTHER))
    assert graph.take_delivery(delivery("own", "7.1"))
    assert graph.take_delivery(delivery("late", "9.1", trace_id=OTHER))
    assert graph.take_delivery(delivery("again", "redelivery/7.1"))
    assert graph.take_delivery(delivery("step", f"{INSTANCE}/2/0"))
    assert graph.take_delivery(delivery("asked", "c7/0"))
    assert graph.take_notification(notification("ruled", position=7, n=1))
    assert graph.take_notification(notification("told", instance_id=INSTANCE, step="tell"))
    assert causes(graph) == {
        "commit:7": f"request:{TRACE}",
        f"instance:{INSTANCE}": "commit:7",
        f"step:{INSTANCE}/1": f"instance:{INSTANCE}",
        f"step:{INSTANCE}/2": f"step:{INSTANCE}/1",
        "commit:9": f"step:{INSTANCE}/1",
        "delivery:own": "commit:7",
        "delivery:late": "commit:9",
        "delivery:again": "commit:7",
        "delivery:step": f"step:{INSTANCE}/2",
        "delivery:asked": "commit:7",
        "notification:ruled": "commit:7",
        "notification:told": f"step:{INSTANCE}/2",
    }
    assert graph.document()["nodes"][0]["kind"] == "request"


def test_what_others_have_caused_is_left_out() -> None:
    graph = begun()
    assert not graph.take_commit(commit(1, trace_id=OTHER))
    assert not graph.take_commit(commit(2, f"{INSTANCE}/1/0"))
    assert not graph.take_delivery(delivery("d", "1.1", trace_id=OTHER))
    assert not graph.take_delivery(delivery("d", "1.1"))
    assert not graph.take_notification(notification("n", position=1, n=1))
    assert not graph.take_instance(instance("1.1", (1, "mark", None), trace_id=OTHER))
    assert list(graph.nodes) == [f"request:{TRACE}"]


def test_a_decision_leads_to_what_follows_it_and_not_to_what_came_before() -> None:
    graph = begun()
    steps = [(1, "ask", None), (2, "decide", TRACE), (3, "pay", None)]
    assert graph.take_instance(instance("1.1", *steps, trace_id=OTHER))
    assert not graph.take_commit(commit(3, f"{INSTANCE}/1/0", trace_id=OTHER)) or causes(graph)["commit:3"]
    assert graph.take_commit(commit(4, f"{INSTANCE}/3/0"))
    assert f"step:{INSTANCE}/1" not in graph.nodes
    assert causes(graph)["commit:4"] == f"step:{INSTANCE}/3"


def test_comments_and_commits_of_many_records_are_one_node_each() -> None:
    graph = begun()
    graph.take_commit(commit(1, entity="_comments") | {"action": "create"})
    graph.take_commit(commit(2) | {"records": 3})
    kinds = {node["id"]: (node["kind"], node["label"]) for node in graph.document()["nodes"]}
    assert kinds["commit:1"] == ("comment", "create _comments")
    assert kinds["commit:2"] == ("commit", "update order +2")


def test_events_are_known_by_what_sends_them() -> None:
    graph = begun()
    graph.take_commit(commit(1))
    sent = next(key for key, node in graph.event_ids.items() if node == "commit:1")
    assert graph.take_event(about(key=sent, action="paid"))
    assert graph.take_event(about(key="own", action="told"))
    assert not graph.take_event(about(key="others", action="told", trace_id=OTHER))
    assert graph.take_instance(instance("event/own"))
    assert causes(graph)[f"event:{sent}"] == "commit:1"
    assert causes(graph)[f"instance:{INSTANCE}"] == "event:own"


def test_a_graph_is_bounded_and_says_so() -> None:
    graph = begun()
    taken = [graph.take_commit(commit(n)) for n in itertools.islice(itertools.count(1), MAX_NODES)]
    assert sum(taken) == MAX_NODES - 1 and graph.document()["truncated"]


def test_keys_name_instances() -> None:
    assert list(instances_named([f"{INSTANCE}/1/0", None, "7.1", "job/1"])) == [INSTANCE]
