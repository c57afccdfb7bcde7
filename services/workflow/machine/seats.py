"""The seats of an approval: whom they mean, who may fill them, and what the decisions come to. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.shared.schema.workflows import ApprovalStep, Seat
from libs.shared.schema.workflows.approvals import Majority
from services.workflow.machine.environment import StepFailed, as_json, at_path, evaluated
from services.workflow.machine.inputs import Decider
from services.workflow.machine.state import Json

MAX_PEOPLE = 1_000
"""Persons that the seats of one approval may mean."""


def meant(seat: Seat, environment: Mapping[str, Any]) -> Json:
    """Whom a seat means, by values that are there: `{role}` or `{people: [ids or addresses], roles?}`, with its keys.

    Raises StepFailed.
    """
    keys: Json = {"label": seat.label, "each": seat.each, "veto": seat.veto}
    if seat.role is not None:
        return {**keys, "role": seat.role}
    if seat.user is not None:
        return {**keys, "people": [seat.user]}
    if seat.path is not None:
        return {**keys, "people": _people(at_path(seat.path, environment), seat.path)}
    return {**keys, "named": _people(evaluated(str(seat.expression), environment, "the seat"), "the seat")}


def _people(value: Any, what: str) -> list[str]:
    """Ids and addresses: of a user, of an object with an `id`, or of a list of these."""
    found = [as_json(each) for each in (value if isinstance(value, list) else [value])]
    if len(found) > MAX_PEOPLE:
        raise StepFailed(f"{what} means more than {MAX_PEOPLE} persons")
    named = [each.get("id") if isinstance(each, Mapping) else each for each in found]
    return [str(each) for each in named if isinstance(each, str | int) and not isinstance(each, bool) and each != ""]


def assigned(step: ApprovalStep) -> list[Json]:
    """The one seat of a step without `approvers`: for a role, or for anybody. Admins may fill it."""
    role = step.assignee.role if step.assignee else None
    return [seat_of("1", roles=[role] if role else [], anyone=role is None, admins=True)]


def fixed(wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> tuple[list[Json], list[Json]]:
    """The seats, and warnings about those that nobody can fill.

    `found` has, for each of what is `wanted`, the persons that it means (`users`), its role if it is one, and `empty`:
    whether there is nobody.
    """
    seats: list[Json] = []
    warnings: list[Json] = []
    for each, people in zip(wanted, found, strict=True):
        keys = {"label": each.get("label"), "veto": bool(each.get("veto"))}
        users, role, empty = list(people.get("users") or ()), people.get("role"), bool(people.get("empty"))
        parts = [[user] for user in users] if each.get("each") and users else [[] if role else users]
        for part in parts:
            seat_id = str(len(seats) + 1)
            seat = seat_of(seat_id, roles=[role] if role else [], users=part, admins=empty, both=bool(part and role))
            seats.append({**seat, **keys})
            if empty:
                warnings.append({"seat": seat_id, "message": f"nobody can fill the seat {_name(each)}, so admins may"})
    return seats, warnings


def seat_of(
    seat_id: str, *, roles: Sequence[str] = (), users: Sequence[Any] = (), anyone: bool = False, admins: bool = False,
    both: bool = False,
) -> Json:  # fmt: skip
    """An open seat. `admins`: those may fill it without an override; `both`: its users while they have its role."""
    return {
        "id": seat_id, "label": None, "roles": list(roles), "users": list(users), "anyone": anyone, "admins": admins,
        "both": both, "veto": False, "decision": None,
    }  # fmt: skip


def _name(wanted: Mapping[str, Any]) -> str:
    return str(
        wanted.get("label") or wanted.get("role") or ", ".join(wanted.get("people") or wanted.get("named") or ())
    )


def fits(seat: Mapping[str, Any], person: Decider) -> bool:
    """Whether a person is one of those whom a seat means."""
    has_role, is_named = _matches(seat, person)
    if seat["both"]:
        return (has_role and is_named) or any(_matches(seat.get("also") or _NOBODY, person))
    return bool(seat["anyone"]) or has_role or is_named


def _matches(seat: Mapping[str, Any], person: Decider) -> tuple[bool, bool]:
    """Whether a person has one of the roles, and is one of the users."""
    has_role = any(role in person.roles for role in seat["roles"])
    return has_role, any(user["id"] == person.id for user in seat["users"])


_NOBODY: Json = {"roles": [], "users": []}


def may_fill(seat: Mapping[str, Any], person: Decider) -> bool:
    """Whether a person may fill a seat as it stands, admins included where they may."""
    return fits(seat, person) or (bool(seat["admins"]) and person.is_admin)


def needed(step: ApprovalStep, seats: int) -> int:
    """How many seats must approve. Raises StepFailed where there are too few."""
    match step.mode:
        case "any":
            return 1
        case "all":
            return seats
        case Majority(quorum=int(quorum)):
            if quorum > seats:
                raise StepFailed(f"{quorum} must approve, but there are only {seats} seats")
            return quorum
        case Majority(share=share):
            return max(1, math.ceil(float(share or 0) * seats - 1e-9))
    raise AssertionError("a mode has one of these forms")


def outcome(seats: Iterable[Mapping[str, Any]], enough: int, veto: bool) -> str | None:
    """`approved` or `rejected` as soon as that is certain, else None."""
    approved = still = 0
    for seat in seats:
        if seat["decision"] == "rejected" and (veto or seat["veto"]):
            return "rejected"
        approved += seat["decision"] == "approved"
        still += seat["decision"] is None
    if approved >= enough:
        return "approved"
    return "rejected" if approved + still < enough else None


def involved(seats: Iterable[Mapping[str, Any]]) -> set[str]:
    """The persons that have filled a seat, or in whose place one is filled."""
    return {str(seat[name]) for seat in seats for name in ("by", "on_behalf_of") if seat.get(name)}
