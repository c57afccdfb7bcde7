"""What the entries of an approval change: its seats, and who fills them. Part of `folding`. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.state import DECIDING, Frame, InstanceState, Json


def seated(state: InstanceState, entry: HistoryEntry) -> None:
    """The seats of an approval are fixed."""
    state.pending.pop(entry.data.get("key", ""), None)
    sit(state, state.frames[entry.scope], entry.data)


def sit(state: InstanceState, frame: Frame, data: Mapping[str, Any]) -> None:
    """Wait for decisions in these seats."""
    frame.phase = DECIDING
    seats: list[Json] = copy.deepcopy(data["seats"])
    frame.data.update(seats=seats, needed=data["needed"], deadline=data["deadline"], escalated=[])
    for key, at in (data.get("timers") or {}).items():
        state.timers[key] = {"at": at, "scope": frame.path}
    state.warnings += data.get("warnings") or []


def decided(state: InstanceState, entry: HistoryEntry) -> None:
    """A seat is filled."""
    frame, data = state.frames[entry.scope], entry.data
    seat = next(each for each in frame.data["seats"] if each["id"] == data["seat_id"])
    kept = ("decision", "by", "by_email", "on_behalf_of", "on_behalf_of_email", "override", "comment", "form")
    seat.update({name: data[name] for name in kept if data.get(name) is not None}, at=entry.at)
    state.decider = data["decider"]
    known = state.deciders.setdefault(str(entry.step), [])
    known += [each for each in (data["by"], data.get("on_behalf_of")) if each and each not in known]


def reminded(state: InstanceState, entry: HistoryEntry) -> None:
    """A reminder was sent: its time is over."""
    state.timers.pop(entry.data["key"], None)


def escalated(state: InstanceState, entry: HistoryEntry) -> None:
    """Open seats are for others, too, or instead."""
    frame, data = state.frames[entry.scope], entry.data
    state.pending.pop(data["key"], None)
    for seat in frame.data["seats"]:
        if seat["decision"] is None:
            _take_over(seat, data, bool(data.get("replace")))
    frame.data["escalated"].append({"at": entry.at, "to": data["to"], "replace": bool(data.get("replace"))})


def reassigned(state: InstanceState, entry: HistoryEntry) -> None:
    """A seat is for others instead."""
    frame, data = state.frames[entry.scope], entry.data
    seat = next(each for each in frame.data["seats"] if each["id"] == data["seat_id"])
    _take_over(seat, data, replace=True)


def _take_over(seat: Json, data: Json, replace: bool) -> None:
    """Others may fill a seat, too, or instead. Who is named for a seat with a role needs that role; they do not."""
    if replace:
        seat.update(roles=[], users=[], anyone=False, both=False)
    elif seat["both"]:
        seat = seat.setdefault("also", {"roles": [], "users": []})
    seat["roles"] = [*seat["roles"], *(role for role in data["roles"] if role not in seat["roles"])]
    known = {user["id"] for user in seat["users"]}
    seat["users"] = [*seat["users"], *(user for user in data["users"] if user["id"] not in known)]
