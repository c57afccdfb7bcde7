"""State machines: which transition a change of state takes, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from libs.shared.contracts.context import Identity
from libs.shared.errors import Detail, RocketError, detail_of
from libs.shared.expressions import EvaluationError, Expression
from libs.shared.schema import FieldDefinition, Snapshot
from libs.shared.schema.formulas import compiled
from libs.shared.schema.state_machines import Action, StateMachineDefinition, Transition

if TYPE_CHECKING:
    from services.data.rules.attempt import Attempt


@dataclass(frozen=True, slots=True)
class Way:
    """A transition, ready to be tried. A guard that can't be evaluated lets nobody pass."""

    to: str
    roles: frozenset[str]
    guard: Expression | None
    guarded: bool
    actions: Sequence[Action]

    def is_for(self, caller: Identity) -> bool:
        """Whether the caller's roles may take it."""
        return not self.roles or not self.roles.isdisjoint(caller.roles)


@dataclass(frozen=True, slots=True)
class Step:
    """A transition that is taken."""

    machine: Machine
    origin: str | None
    to: str
    actions: Sequence[Action]


class Machine:
    """An active state machine, with its ways by the states they lead from and to."""

    def __init__(self, machine_id: str, definition: StateMachineDefinition, snapshot: Snapshot) -> None:
        self.id = machine_id
        self.field = definition.field
        self.initial = definition.definition.initial
        self._snapshot = snapshot
        self._ways: dict[tuple[str, str], list[Way]] = {}
        for transition in definition.definition.transitions:
            for origin in transition.origins:
                self._ways.setdefault((origin, transition.to), []).append(_way(transition))

    def target_field(self, entity: str, name: str) -> FieldDefinition | None:
        """A field of any entity, as its actions may set it."""
        found = self._snapshot.entities.get(entity)
        return next((field for field in found.definition.fields if field.name == name), None) if found else None

    def begin(self, state: Any) -> None:
        """Check the state of a new record. Raises Stuck."""
        if state != self.initial:
            raise Stuck(self, f"must begin as {self.initial}")

    def move(self, origin: Any, to: Any, attempt: Attempt, environment: Mapping[str, Any]) -> Step | None:
        """The transition from one state to another; None where the record enters the machine or stays.

        Raises Stuck where there is none or its guard is false, FORBIDDEN where it is for other roles.
        """
        if origin == to or (origin is None and to == self.initial):
            return None
        ways = self._ways.get((origin, to), [])
        if not ways:
            raise Stuck(self, self._no_way(origin, to, attempt))
        allowed = [way for way in ways if way.is_for(attempt.caller)]
        if not allowed:
            detail = detail_of(self.field, self._no_way(origin, to, attempt, "for your roles"), "state_machine")
            raise RocketError("FORBIDDEN", f"Your roles may not change {self.field} to {to}", [detail])
        for way in allowed:
            if self._passes(way, environment):
                return Step(self, origin, way.to, way.actions)
        raise Stuck(self, f"can't change to {to}: the transition's guard does not hold")

    def _no_way(self, origin: Any, to: Any, attempt: Attempt, why: str = "") -> str:
        """That a state does not lead to another, and where it does lead for the caller, who may see it."""
        if origin is None:
            return f"must begin as {self.initial}"
        refused = " ".join(filter(None, (f"to {to}", why)))
        if not attempt.sees(self.field):
            return f"can't change from its present state {refused}"
        onward = [
            target
            for (state, target), ways in self._ways.items()
            if state == origin and any(way.is_for(attempt.caller) for way in ways)
        ]
        allowed = f"allowed from {origin}: {', '.join(onward)}" if onward else f"nothing is allowed from {origin}"
        return f"can't change from {origin} {refused}; {allowed}"

    def is_open(self, origin: Any, to: Any, caller: Identity) -> bool:
        """Whether there is a transition between two states that the caller's roles may take, guards aside."""
        return any(way.is_for(caller) for way in self._ways.get((origin, to), ()))

    def _passes(self, way: Way, environment: Mapping[str, Any]) -> bool:
        if not way.guarded:
            return True
        try:
            return way.guard is not None and way.guard.test(environment)
        except EvaluationError as problem:
            raise Stuck(self, f"can't change: the transition's guard can't be evaluated: {problem.message}") from None


class Stuck(Exception):
    """A machine refuses a state."""

    def __init__(self, machine: Machine, message: str) -> None:
        super().__init__(message)
        self.detail: Detail = {"field": machine.field, "rule": "state_machine", "message": message}


def _way(transition: Transition) -> Way:
    guard = None if transition.guard is None else compiled(transition.guard)
    return Way(transition.to, frozenset(transition.roles), guard, transition.guard is not None, transition.actions)
