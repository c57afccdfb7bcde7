"""State machines: which transition a change of state takes, and whether the caller may take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.errors import Detail, RocketError, detail_of
from libs.shared.expressions import EvaluationError, Expression
from libs.shared.schema import FieldDefinition, Snapshot
from libs.shared.schema.formulas import compiled
from libs.shared.schema.state_machines import Action, StateMachineDefinition, Transition
from services.data.rules.attempt import AttemptedWrite


@dataclass(frozen=True, slots=True)
class CompiledTransition:
    """A transition with its guard compiled. A guard that does not compile refuses every transition."""

    to: str
    roles: frozenset[str]
    guard: Expression | None
    text: str
    """The guard as it was written; "" without one."""
    actions: Sequence[Action]

    def is_for(self, caller: Identity) -> bool:
        """Whether the caller's roles may take it."""
        return not self.roles or not self.roles.isdisjoint(caller.roles)


@dataclass(frozen=True, slots=True)
class TakenTransition:
    """A transition that is taken."""

    machine: Machine
    origin: str | None
    to: str
    actions: Sequence[Action]


class Machine:
    """An active state machine, with its transitions by the states they lead from and to."""

    def __init__(self, machine_id: str, definition: StateMachineDefinition, snapshot: Snapshot) -> None:
        self.id = machine_id
        self.field = definition.field
        self.initial = definition.definition.initial
        self._snapshot = snapshot
        self._transitions: dict[tuple[str, str], list[CompiledTransition]] = {}
        for transition in definition.definition.transitions:
            for origin in transition.origins:
                self._transitions.setdefault((origin, transition.to), []).append(_compiled(transition))

    def target_field(self, entity: str, name: str) -> FieldDefinition | None:
        """A field of any entity, as its actions may set it."""
        found = self._snapshot.entities.get(entity)
        return next((field for field in found.definition.fields if field.name == name), None) if found else None

    @property
    def moves(self) -> Mapping[tuple[str, str], Sequence[CompiledTransition]]:
        """All transitions by the states they lead from and to."""
        return self._transitions

    @property
    def states(self) -> frozenset[str]:
        """The states that a record can be moved to."""
        return frozenset(to for _, to in self._transitions)

    def begin(self, state: Any) -> None:
        """Check the state of a new record. Raises TransitionRefused."""
        if state != self.initial:
            raise TransitionRefused(self, f"must begin as {self.initial}")

    def move(
        self, origin: Any, to: Any, attempt: AttemptedWrite, environment: Mapping[str, Any]
    ) -> TakenTransition | None:
        """The transition from one state to another; None where the record enters the machine or stays.

        Raises TransitionRefused where there is none or its guard is false, FORBIDDEN where it is for other roles.
        """
        if origin == to or (origin is None and to == self.initial):
            return None
        transitions = self._transitions.get((origin, to), [])
        if not transitions:
            raise TransitionRefused(self, self._refusal(origin, to, attempt))
        allowed = [each for each in transitions if not attempt.asks_roles or each.is_for(attempt.caller)]
        if not allowed:
            detail = detail_of(self.field, self._refusal(origin, to, attempt, "for your roles"), "state_machine")
            raise RocketError("FORBIDDEN", f"Your roles may not change {self.field} to {to}", [detail])
        for transition in allowed:
            if self._passes(transition, environment):
                return TakenTransition(self, origin, transition.to, transition.actions)
        raise TransitionRefused(self, f"can't change to {to}: the transition's guard does not hold")

    def _refusal(self, origin: Any, to: Any, attempt: AttemptedWrite, why: str = "") -> str:
        """The message that a transition does not exist, with those that do, if the caller may see the state."""
        if origin is None:
            return f"must begin as {self.initial}"
        refused = " ".join(filter(None, (f"to {to}", why)))
        if not attempt.sees(self.field):
            return f"can't change from its present state {refused}"
        onward = [
            target
            for (state, target), transitions in self._transitions.items()
            if state == origin and any(not attempt.asks_roles or each.is_for(attempt.caller) for each in transitions)
        ]
        allowed = f"allowed from {origin}: {', '.join(onward)}" if onward else f"nothing is allowed from {origin}"
        return f"can't change from {origin} {refused}; {allowed}"

    def is_open(self, origin: Any, to: Any, caller: Identity) -> bool:
        """Whether the caller's roles may take a transition between two states. Guards are not evaluated."""
        return any(transition.is_for(caller) for transition in self._transitions.get((origin, to), ()))

    def _passes(self, transition: CompiledTransition, environment: Mapping[str, Any]) -> bool:
        if not transition.text:
            return True
        try:
            return transition.guard is not None and transition.guard.test(environment)
        except EvaluationError as problem:
            message = f"can't change: the transition's guard can't be evaluated: {problem.message}"
            raise TransitionRefused(self, message) from None


class TransitionRefused(Exception):
    """A machine refuses a state."""

    def __init__(self, machine: Machine, message: str) -> None:
        super().__init__(message)
        self.detail: Detail = {"field": machine.field, "rule": "state_machine", "message": message}


def _compiled(transition: Transition) -> CompiledTransition:
    guard = None if transition.guard is None else compiled(transition.guard)
    roles = frozenset(transition.roles)
    return CompiledTransition(transition.to, roles, guard, transition.guard or "", transition.actions)
