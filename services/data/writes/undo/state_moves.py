"""Which states an undo moves records between, and whether the caller's roles may make these moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from services.data.model import Model
from services.data.rules.machines import Machine
from services.data.writes.undo.inverses import Before, Inverse, InverseKind

Move = tuple[Machine, Any, Any]
"""A state machine, the state that a record has now, and the one that it gets."""


def refuse_moves(model: Model, caller: Identity, steps: Sequence[Inverse], before: Before) -> None:
    """Raises FORBIDDEN where the steps together move a state as the caller's roles may not.

    Guards are rules, and so are not asked. Admins may make every move, also where there is no such transition.
    """
    if caller.is_admin:
        return
    for machine, origin, to in moves(model, steps, before):
        if not machine.is_open(origin, to, caller):
            raise RocketError("FORBIDDEN", f"Your roles may not change {machine.field} back")


def moves(model: Model, steps: Iterable[Inverse], before: Before) -> Iterator[Move]:
    """What the steps, in their order, come to for each record and machine. Records that end up deleted don't count."""
    own: dict[tuple[str, str], list[Inverse]] = {}
    for step in steps:
        if not step.is_pair and model.rules(step.entity.name).machines:
            own.setdefault((step.entity.name, step.record_id), []).append(step)
    for of_record in own.values():
        if of_record[-1].kind is not InverseKind.DELETE:
            for machine in model.rules(of_record[0].entity.name).machines:
                origin, to = _ends(machine.field, of_record, before)
                if origin != to:
                    yield machine, origin, to


def _ends(field: str, steps: Sequence[Inverse], before: Before) -> tuple[Any, Any]:
    """The state before a record's steps, and behind them. What is inserted begins in the state it was deleted in."""
    first = steps[0]
    stored = before.get(first.entity.name, {}).get(first.key)
    origin = stored.record.get(field) if stored else first.document.get(field)
    to = origin
    for step in steps:
        if step.kind is InverseKind.UPDATE:
            to = step.document.get(field, to)
    return origin, to
