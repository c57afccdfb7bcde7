"""The instances that requests have started or decided, with their steps, for the graph of what requests have caused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from libs.shared.contracts.causality import MAX_FOUND, FindInstances, Found, FoundEffects
from libs.shared.contracts.context import Context
from libs.shared.ids import parse_uuid
from services.workflow.machine import entries as kinds
from services.workflow.state import State

MAX_ENTRIES = 20_000
"""Entries of histories that are read at once."""
COMMANDS = frozenset({"set_field", "update_record", "create_record", "delete_record", "transition"})
"""Commands whose effects are commits."""
TOLD = [kinds.ENTERED, kinds.LEFT, kinds.FAILED, kinds.NOTED, kinds.DECIDED, kinds.ASKED]
FIND = """
WITH found AS (
    SELECT id FROM workflow.instances WHERE trace_id = ANY($1::text[])
    UNION SELECT id FROM workflow.instances WHERE id = ANY($2::uuid[])
    UNION SELECT id FROM workflow.instances WHERE parent_id = ANY($2::uuid[])
    UNION SELECT instance_id FROM workflow.history
        WHERE kind = 'decided' AND data #>> '{decider,trace_id}' = ANY($1::text[])
)
SELECT id::text, workflow_name AS workflow, status, commit_key, trace_id, parent_id::text, parent_key, entity,
    record_id, to_json(created_at) #>> '{}' AS at
FROM workflow.instances JOIN found USING (id) ORDER BY created_at, id LIMIT $3
"""
# What tells of steps and commands; the data without values of records.
ENTRIES = """
SELECT instance_id::text, kind, scope, step, to_json(at) #>> '{}' AS at, data ->> 'status' AS status,
    data ->> 'visit' AS visit, data ->> 'key' AS key, data #>> '{command,type}' AS command,
    data #>> '{decider,trace_id}' AS trace_id, data ->> 'decision' AS decision
FROM workflow.history WHERE instance_id = ANY($1::uuid[]) AND kind = ANY($2::text[]) ORDER BY instance_id, seq LIMIT $3
"""


async def find_instances(state: State, context: Context, request: FindInstances) -> FoundEffects:
    """The instances of traces, and those of ids with their children."""
    database = state.database(context.the_app)
    ids = [instance_id for text in request.ids if (instance_id := parse_uuid(text))]
    rows = await database.fetch(FIND, request.traces, ids, MAX_FOUND + 1)
    found = [dict(row) for row in rows[:MAX_FOUND]]
    entries = await database.fetch(ENTRIES, [parse_uuid(row["id"]) for row in found], TOLD, MAX_ENTRIES)
    told: dict[str, list[Any]] = defaultdict(list)
    for entry in entries:
        told[entry["instance_id"]].append(entry)
    for row in found:
        row["steps"] = steps_of(told[row["id"]])
        row["effect_keys"] = effect_keys_of(told[row["id"]])
    return FoundEffects(found, len(rows) > MAX_FOUND or len(entries) == MAX_ENTRIES)


def steps_of(entries: Iterable[Any]) -> list[Found]:
    """The visits of steps: `{visit, step, status, at, trace_id}`, with the trace of the last decision. Pure."""
    steps: list[Found] = []
    here: dict[str, Found] = {}
    for entry in entries:
        kind, scope = entry["kind"], entry["scope"]
        if kind == kinds.ENTERED or (kind == kinds.NOTED and entry["step"]):
            visit = int(entry["visit"] or len(steps) + 1)
            entered = {"visit": visit, "step": entry["step"], "status": "running", "at": entry["at"]}
            here[scope] = {**entered, "trace_id": None}
            steps.append(here[scope])
        step = here.get(scope)
        if step is None or step["step"] != entry["step"]:
            continue
        if kind == kinds.DECIDED:
            step["trace_id"] = entry["trace_id"]
        elif kind == kinds.FAILED:
            step["status"] = "failed"
        elif kind in (kinds.LEFT, kinds.NOTED):
            step["status"] = entry["status"] or step["status"]
    return steps


def effect_keys_of(entries: Iterable[Any]) -> list[str]:
    """The keys of the commands whose effects are commits. Pure."""
    asked = (entry for entry in entries if entry["kind"] == kinds.ASKED and entry["command"] in COMMANDS)
    return list(dict.fromkeys(str(entry["key"]) for entry in asked if entry["key"]))
