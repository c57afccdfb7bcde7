"""Whom seats mean, by the users that there are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.ids import parse_uuid
from libs.shared.people import PeopleDirectory, Person, look_up

Seat = Mapping[str, Any]
"""A seat as the machine asks about it: with `role`, `people` (ids or addresses) or `named` (these, or a role)."""


async def persons_of(rpc: RpcClient, context: Context, seats: Sequence[Seat]) -> list[dict[str, Any]]:
    """For each seat the active users that it means, its role, and whether nobody can fill it."""
    roles = {role for seat in seats for role in roles_of(seat)}
    names = {name for seat in seats for name in _names(seat)}
    ids = {name for name in names if parse_uuid(name)}
    asking = context.for_user(SYSTEM)
    directory = await look_up(rpc, asking, PeopleDirectory(), roles=roles, ids=ids, emails=names - ids)
    return [resolved(seat, directory) for seat in seats]


def resolved(seat: Seat, directory: PeopleDirectory) -> dict[str, Any]:
    """What a seat means, by users that were looked up. Pure."""
    if roles := roles_of(seat):
        holders = [person for role in roles for person in directory.by_role.get(role, ())]
        # A seat per person names them; else the seat is open to those who have the role when deciding.
        users = _users(holders) if seat.get("each") else []
        return {"role": roles[0], "users": users, "empty": not holders}
    found = [person for name in _names(seat) if (person := directory.named(name)) is not None]
    return {"role": None, "users": _users(found), "empty": not found}


def roles_of(seat: Seat) -> list[str]:
    """The role that a seat means: an expression may name one, as a text that is neither an id nor an address."""
    if seat.get("role"):
        return [str(seat["role"])]
    named = seat.get("named") or []
    return [name for name in named if "@" not in name and parse_uuid(name) is None][:1]


def _names(seat: Seat) -> list[str]:
    if roles_of(seat):
        return []
    return [name for name in (seat.get("people") or seat.get("named") or ()) if "@" in name or parse_uuid(name)]


def _users(people: Sequence[Person]) -> list[dict[str, str]]:
    """Each person once, in the order in which they are meant."""
    return [{"id": each.id, "email": each.email} for each in {person.id: person for person in people}.values()]
