"""What carries commands out: one short function per type. Each is idempotent by its effect key.

A performer returns what the instance is told: an `Answer`, or `TakenOver` where the answer comes later. It raises
RocketError where the command is refused, or can't be carried out now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.comments import AddComment
from libs.shared.contracts.context import Context
from libs.shared.contracts.effects import (
    AddRecord,
    Effected,
    FetchedRecords,
    FetchRecords,
    MoveState,
    RemoveRecord,
    SetFields,
)
from libs.shared.contracts.messages import Request
from libs.shared.errors import RocketError, not_found
from services.workflow.history.instances import StoredInstance
from services.workflow.machine.inputs import Answer, Input
from services.workflow.running import children
from services.workflow.running.persons import persons_of
from services.workflow.running.related import add_related
from services.workflow.state import State

NOW = "now"
"""The value that means the current time."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A command to carry out: for which instance, under which key, in whose name (`context`)."""

    state: State
    context: Context
    instance: StoredInstance
    key: str
    command: Mapping[str, Any]

    @property
    def paths(self) -> frozenset[tuple[str, ...]]:
        """The paths that the step of the command reads of the record."""
        frame = self.instance.state.frames.get(self.command["scope"])
        return self.instance.plan.reading.get(str(frame.step), frozenset()) if frame else frozenset()

    async def ask(self, request: Request[Effected]) -> Effected:
        """Ask the data service."""
        return await self.state.core.rpc.request(request, self.context)


Performer = Callable[[Effect], Awaitable[Input]]


async def perform(effect: Effect) -> Input:
    """Carry out a command. Raises RocketError."""
    performer = PERFORMERS.get(effect.command["type"])
    if performer is None:
        raise RocketError("VALIDATION_FAILED", f"{effect.command['type']} can't be done here")
    return await performer(effect)


def _values(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values, and the fields that take the current time."""
    now = [name for name, value in values.items() if value == NOW]
    return {name: value for name, value in values.items() if name not in now}, now


def _done(effect: Effect, effected: Effected) -> Answer:
    if effected.record is None:
        raise not_found("Record")
    return Answer(effect.key, {"record_id": effected.record_id, "record": effected.record})


async def _set_field(effect: Effect) -> Input:
    command = effect.command
    values, now = _values({command["field"]: command["value"]})
    return _done(effect, await effect.ask(SetFields(command["entity"], command["record_id"], values, effect.key, now)))


async def _update(effect: Effect) -> Input:
    command = effect.command
    values, now = _values(command["fields"])
    return _done(effect, await effect.ask(SetFields(command["entity"], command["record_id"], values, effect.key, now)))


async def _create(effect: Effect) -> Input:
    values, now = _values(effect.command["fields"])
    return _done(effect, await effect.ask(AddRecord(effect.command["entity"], values, effect.key, now)))


async def _delete(effect: Effect) -> Input:
    command = effect.command
    effected = await effect.ask(RemoveRecord(command["entity"], command["record_id"], effect.key))
    return Answer(effect.key, {"record_id": command["record_id"], "record": effected.record})


async def _move(effect: Effect) -> Input:
    command = effect.command
    field = command.get("field") or ""
    return _done(
        effect, await effect.ask(MoveState(command["entity"], command["record_id"], command["to"], effect.key, field))
    )


async def _comment(effect: Effect) -> Input:
    """A comment in the name of the person that the instance acts for."""
    command = effect.command
    asked = AddComment(command["entity"], command["record_id"], command["body"], effect.key)
    return Answer(effect.key, {"comment_id": (await effect.ask(asked)).record_id})


async def _read(effect: Effect) -> Input:
    """The record that the instance is about, as it is now, with those that the step's paths lead to; None if it is
    gone."""
    origin = effect.instance.origin
    if not origin.entity or not origin.record_id:
        return Answer(effect.key, {"record": None})

    async def ask(request: FetchRecords) -> FetchedRecords:
        return await effect.state.core.rpc.request(request, effect.context)

    [record] = (await ask(FetchRecords([(origin.entity, origin.record_id)]))).records
    paths = [path for path in effect.paths if len(path) > 1 or path[:1] not in {(name,) for name in record or ()}]
    if record is not None and any(paths):
        schema = await effect.state.core.schemas.get(effect.context.the_app)
        record = await add_related(ask, schema, origin.entity, record, paths)
    return Answer(effect.key, {"record": record})


async def _find_persons(effect: Effect) -> Input:
    seats = await persons_of(effect.state.core.rpc, effect.context, effect.command["seats"])
    return Answer(effect.key, {"seats": seats})


async def _start_child(effect: Effect) -> Input:
    return await children.start(effect.state, effect.context.the_app, effect.instance, effect.key, effect.command)


PERFORMERS: Mapping[str, Performer] = {
    "set_field": _set_field,
    "update_record": _update,
    "create_record": _create,
    "delete_record": _delete,
    "transition": _move,
    "add_comment": _comment,
    "read_record": _read,
    "resolve_seats": _find_persons,
    "start_child": _start_child,
}
"""Type of command → what carries it out."""
