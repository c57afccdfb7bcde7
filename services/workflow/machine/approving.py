"""Approvals: their seats are fixed, people decide, hand on, send back; time reminds, escalates, ends. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import clock
from libs.shared.errors import RocketError
from libs.shared.schema.workflows import ApprovalStep, parse_timeout
from services.workflow.machine import entries as kinds
from services.workflow.machine import seats
from services.workflow.machine.environment import StepFailed
from services.workflow.machine.forms import filled_form
from services.workflow.machine.inputs import Decide, Decider, Reassign, Return
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import DECIDING, Frame, InstanceState, Json
from services.workflow.machine.walking import Walk

INITIATOR = "initiator"


def begin(walk: Walk, frame: Frame, step: ApprovalStep) -> None:
    """Fix the seats at once, or ask first whom they mean."""
    if step.approvers is None:
        _seat(walk, frame, step, seats.assigned(step), [])
        return
    environment = walk.environment(frame)
    wanted = [seats.meant(seat, environment) for seat in step.approvers]
    command = {"type": "resolve_seats", "seats": wanted}
    key = walk.effect_key(frame)
    walk.note(kinds.ASKED, frame.path, step.id, key=f"{key}/seats", command=command, **{"for": "seats"})


def resolved(walk: Walk, frame: Frame, command: Mapping[str, Any], output: Mapping[str, Any], key: str) -> None:
    """The persons of seats are known: of all, or of an escalation."""
    step = walk.plan.steps[str(frame.step)]
    if frame.phase != DECIDING:
        found, warnings = seats.fixed(command["seats"], output["seats"])
        _seat(walk, frame, step, found, warnings, key)
        return
    [who], _ = seats.fixed(command["seats"], output["seats"])
    rung = step.escalation[command["escalation"]]
    walk.note(
        kinds.ESCALATED, frame.path, step.id, key=key, roles=who["roles"], users=who["users"], replace=rung.replace,
        to={"roles": who["roles"], "users": who["users"], "label": who["label"]},
    )  # fmt: skip


def _seat(walk: Walk, frame: Frame, step: ApprovalStep, found: list[Json], warnings: list[Json], key: str = "") -> None:
    enough = seats.needed(step, len(found))
    deadline = clock.iso(walk.now + step.time_limit) if step.time_limit else None
    times = {f"{walk.effect_key(frame)}/deadline": deadline} if deadline else {}
    for name, lengths in (("reminder", step.reminders), ("escalation", [rung.after for rung in step.escalation])):
        for number, length in enumerate(lengths):
            times[f"{walk.effect_key(frame)}/{name}/{number}"] = clock.iso(walk.now + parse_timeout(length))
    told = [{"step": step.id, **each} for each in warnings]
    walk.note(
        kinds.SEATED, frame.path, step.id, key=key, seats=found, needed=enough, deadline=deadline, timers=times,
        warnings=told,
    )  # fmt: skip


def decide(walk: Walk, decision: Decide) -> None:
    """A decision, if this person may make it. Raises FORBIDDEN, INVALID_STATE, VALIDATION_FAILED."""
    frame, seat = _place(walk, decision)
    step = walk.plan.steps[str(frame.step)]
    form = filled_form(step.form, decision.form, "approve" if decision.approved else "reject")
    if decision.override and not decision.comment.strip():
        raise _wrong("comment", "an override needs a comment")
    by, behalf = decision.by, decision.on_behalf_of
    several = len(frame.data["seats"]) > 1
    verdict = "approved" if decision.approved else "rejected"
    said = {
        "by_email": by.email, "on_behalf_of": behalf.id if behalf else None,
        "on_behalf_of_email": behalf.email if behalf else None, "comment": decision.comment or None,
        "form": form or None, "override": decision.override or None,
    }  # fmt: skip
    said = {name: value for name, value in said.items() if value is not None}
    shown = {"status": f"seat_{verdict}", "seat": seat["label"] or seat["id"]} if several else {}
    walk.note(
        kinds.DECIDED, frame.path, step.id, seat_id=seat["id"], decision=verdict, by=by.id, decider=by.to_dict(),
        **said, **shown,
    )  # fmt: skip
    result = seats.outcome(frame.data["seats"], frame.data["needed"], step.veto)
    if result is not None:
        _conclude(walk, frame, step, result, by.id, said)


def _conclude(walk: Walk, frame: Frame, step: ApprovalStep, result: str, by: str, said: Mapping[str, Any]) -> None:
    """The outcome is certain: the step ends."""
    told = {name: said[name] for name in ("on_behalf_of", "comment", "override") if name in said}
    forms = [seat.get("form") or {} for seat in sorted(frame.data["seats"], key=lambda seat: seat.get("at") or "")]
    form = {name: value for each in forms for name, value in each.items()}
    output = {"decision": result, "by": by, **told, "form": form, "seats": [shown_seat(s) for s in frame.data["seats"]]}
    # Of several seats, each has told its own form.
    own = said.get("form") if len(frame.data["seats"]) == 1 else None
    target = step.on_approve if result == "approved" else step.on_reject
    walk.leave(frame, result, target, output, by=by, **told, form=own)


def _place(walk: Walk, decision: Decide) -> tuple[Frame, Json]:
    """The approval and the seat that a decision is about."""
    frames = _waiting(walk, decision.step)
    if decision.visits is not None:
        frames = [frame for frame in frames if frame.visit in decision.visits]
        if not frames:
            raise RocketError("INVALID_STATE", "The decision is about a step that the workflow is not at")
    problems: list[RocketError] = []
    for frame in frames:
        try:
            return frame, _seat_for(walk, frame, decision)
        except RocketError as problem:
            problems.append(problem)
    # The error of a step that they may decide says more.
    raise next((each for each in problems if each.code != "FORBIDDEN"), problems[0])


def _waiting(walk: Walk, step: str | None) -> list[Frame]:
    frames = walk.state.waiting
    if not frames:
        raise RocketError("INVALID_STATE", "The workflow does not wait for a decision")
    if step is not None:
        frames = [frame for frame in frames if step and step in (frame.step, frame.path)]
        if not frames:
            raise RocketError("INVALID_STATE", "The decision is about a step that the workflow is not at")
    return frames


def _seat_for(walk: Walk, frame: Frame, decision: Decide) -> Json:
    step, places = walk.plan.steps[str(frame.step)], frame.data["seats"]
    person = decision.on_behalf_of or decision.by
    persons = [decision.by, *([decision.on_behalf_of] if decision.on_behalf_of else [])]
    meant = [seat for seat in places if _may(seat, person, decision)]
    if not meant:
        raise RocketError("FORBIDDEN", "You do not have the role for this decision")
    barred = barred_by(walk.state, step)
    if any(each.id in barred for each in persons):
        raise RocketError("FORBIDDEN", "Who started the workflow, or decided before, may not decide here")
    if seats.involved(places) & {each.id for each in persons}:
        raise RocketError("INVALID_STATE", "You have decided this step already")
    deadline = frame.data["deadline"]
    if deadline is not None and walk.now >= clock.parse(deadline):
        raise RocketError("INVALID_STATE", "The time for this decision has passed")
    still = [seat for seat in meant if seat["decision"] is None]
    if decision.seat is not None:
        _check_seat(places, meant, decision.seat)
        still = [seat for seat in still if seat["id"] == decision.seat]
    if not still:
        raise RocketError("INVALID_STATE", "This has been decided already")
    # A seat of their own first, so that one for a role stays free for others.
    found: Json = min(
        still, key=lambda seat: (bool(seat["roles"] or seat["anyone"]) and not seat["users"], int(seat["id"]))
    )
    return found


def _may(seat: Mapping[str, Any], person: Decider, decision: Decide) -> bool:
    if decision.override:
        return decision.by.is_admin
    return seats.may_fill(seat, person)


def _check_seat(places: list[Json], meant: list[Json], seat_id: str) -> None:
    if seat_id not in {seat["id"] for seat in places}:
        raise RocketError("INVALID_STATE", f"There is no seat {seat_id}")
    if seat_id not in {seat["id"] for seat in meant}:
        raise RocketError("FORBIDDEN", "This is not your seat")


def barred_by(state: InstanceState, step: ApprovalStep) -> set[str]:
    """Who may not decide a step, as they started the workflow or decided another step."""
    barred: set[str] = set()
    for name in step.separation:
        if name == INITIATOR:
            barred.add(str(state.initiator.get("id")))
        else:
            barred.update(state.deciders.get(name, ()))
    return barred


def check_holder(state: InstanceState, person: Decider) -> None:
    """Raises INVALID_STATE where nothing waits, FORBIDDEN for who neither holds a seat that waits nor is an admin."""
    if not state.waiting:
        raise RocketError("INVALID_STATE", "The workflow does not wait for a decision")
    if not person.is_admin and not any(_fitting(frame, person) for frame in state.waiting):
        raise RocketError("FORBIDDEN", "This is not your seat")


def check_approver(plan: StepPlan, state: InstanceState, persons: Sequence[Decider]) -> None:
    """Raises INVALID_STATE where nothing waits, FORBIDDEN where none of these persons may decide."""
    if not state.waiting:
        raise RocketError("INVALID_STATE", "The workflow does not wait for a decision")
    for frame in state.waiting:
        barred = barred_by(state, plan.steps[str(frame.step)])
        may = any(seats.may_fill(seat, person) for seat in frame.data["seats"] for person in persons)
        if may and persons[0].id not in barred:
            return
    raise RocketError("FORBIDDEN", "You do not have the role for this decision")


def _fitting(frame: Frame, person: Decider) -> bool:
    return any(seat["decision"] is None and seats.fits(seat, person) for seat in frame.data["seats"])


def reassign(walk: Walk, change: Reassign) -> None:
    """Hand a seat on. Raises FORBIDDEN and INVALID_STATE."""
    problem: RocketError | None = None
    for frame in _waiting(walk, change.step):
        try:
            seat = _seat_to_hand_on(walk, frame, change)
        except RocketError as refused:
            problem = problem or refused
            continue
        to = {"role": change.role} if change.role else {"user": change.users[0]}
        walk.note(
            kinds.REASSIGNED, frame.path, frame.step, seat_id=seat["id"], seat=seat["label"] or seat["id"], to=to,
            roles=[change.role] if change.role else [], users=[dict(user) for user in change.users], by=change.by.id,
            reason=change.reason or None,
        )  # fmt: skip
        return
    assert problem is not None
    raise problem


def _seat_to_hand_on(walk: Walk, frame: Frame, change: Reassign) -> Json:
    still = [seat for seat in frame.data["seats"] if seat["decision"] is None]
    if change.seat is not None:
        _check_seat(frame.data["seats"], frame.data["seats"], change.seat)
        still = [seat for seat in still if seat["id"] == change.seat]
        if not still:
            raise RocketError("INVALID_STATE", "This has been decided already")
    if not change.by.is_admin:
        if not walk.plan.steps[str(frame.step)].may_reassign:
            raise RocketError("FORBIDDEN", "Seats of this step are not handed on")
        still = [seat for seat in still if seats.fits(seat, change.by)]
        if not still:
            raise RocketError("FORBIDDEN", "This is not your seat")
    if len(still) > 1:
        raise _wrong("seat", "is required, as there are several open seats")
    found: Json = still[0]
    return found


def send_back(walk: Walk, change: Return) -> None:
    """Go back to an earlier step. Raises FORBIDDEN, INVALID_STATE and VALIDATION_FAILED."""
    decision = Decide(False, change.by, change.on_behalf_of, change.comment, step=change.step)
    frame, _ = _place(walk, decision)
    step = walk.plan.steps[str(frame.step)]
    if change.to_step not in step.returns_to:
        known = ", ".join(step.returns_to)
        raise _wrong("to_step", f"must be one of {known}" if known else "this step can't be returned")
    target: Frame | None = frame
    home = walk.plan.list_of[change.to_step]
    while target is not None and target.list_of != home:
        target = walk.state.frames.get(target.parent) if target.parent is not None else None
    if target is None:
        raise RocketError("INVALID_STATE", f"The step {change.to_step} can't be reached from here")
    behalf = {"on_behalf_of": change.on_behalf_of.id} if change.on_behalf_of else {}
    walk.note(
        kinds.RETURNED, frame.path, step.id, by=change.by.id, to=change.to_step, comment=change.comment,
        decider=change.by.to_dict(), **behalf,
    )  # fmt: skip
    walk.drop(target.path, keeps=True)
    walk.enter(target, change.to_step)


def fire(walk: Walk, frame: Frame, step: ApprovalStep, key: str) -> None:
    """The time of a reminder, an escalation or the deadline has come."""
    what = key.removeprefix(f"{walk.effect_key(frame)}/")
    if what == "deadline":
        shown = [shown_seat(seat) for seat in frame.data["seats"]]
        output: Json = {"decision": "timed_out", "by": None, "form": {}, "seats": shown}
        walk.leave(frame, "timed_out", step.on_timeout, output)
        return
    name, _, number = what.partition("/")
    if name == "reminder":
        walk.note(kinds.REMINDED, frame.path, step.id, key=key)
        return
    try:
        wanted = seats.meant(step.escalation[int(number)].to, walk.environment(frame))
    except StepFailed as problem:
        walk.fail(frame, f"the escalation failed: {problem}")
        return
    command = {"type": "resolve_seats", "seats": [wanted], "escalation": int(number)}
    walk.note(kinds.ASKED, frame.path, step.id, key=key, command=command, fired=key, **{"for": "escalation"})


def shown_seat(seat: Mapping[str, Any]) -> Json:
    """A seat as the API and outputs show it."""
    names = ("id", "label", "decision", "by", "on_behalf_of", "override", "comment", "form", "at")
    shown = {name: seat.get(name) for name in names if seat.get(name) is not None or name in ("id", "decision")}
    roles = seat["roles"]
    who: Json = {"role": roles[0]} if len(roles) == 1 else {"roles": roles} if roles else {}
    if seat["anyone"]:
        who["anyone"] = True
    users = [*seat["users"], *(seat.get("also") or {}).get("users", [])]
    return {**shown, **who, **({"users": users} if users else {})}


def _wrong(field: str, message: str) -> RocketError:
    detail: Any = {"field": field, "message": message}
    return RocketError("VALIDATION_FAILED", f"{field} {message}", [detail])
