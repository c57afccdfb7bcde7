"""Finds the states between which an undo moves records, and refuses moves that the caller's roles may not make."""

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
    """Raises FORBIDDEN where the inverses together move a state in a way that the caller's roles may not.

    Guards are rules, and so are not evaluated. Admins may make every move, even without a transition.
    """
    if caller.is_admin:
        return
    for machine, origin, to in moves(model, steps, before):
        if not machine.is_open(origin, to, caller):
            raise RocketError("FORBIDDEN", f"Your roles may not change {machine.field} back")


def moves(model: Model, steps: Iterable[Inverse], before: Before) -> Iterator[Move]:
    """The move of each record and machine that the inverses result in, except of records that end up deleted."""
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
    """A record's state before and after its inverses. An inserted record begins in the state of its deletion."""
    first = steps[0]
    stored = before.get(first.entity.name, {}).get(first.key)
    origin = stored.record.get(field) if stored else first.document.get(field)
    to = origin
    for step in steps:
        if step.kind is InverseKind.UPDATE:
            to = step.document.get(field, to)
    return origin, to
