"""Explains why an action is allowed or denied, by the evaluator that decides it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.permissions.checks import Person, check_of
from libs.shared.permissions.conditions import NEVER
from libs.shared.permissions.grants import PolicyGrant, checked_test, grant_of, problem_of
from libs.shared.permissions.masks import Mask
from libs.shared.permissions.profile import Profile
from libs.shared.schema import BadValue, PolicyDefinition
from services.data.model import EntityModel

Document = dict[str, Any]
Record = Mapping[str, Any]
ADMIN = "The role admin passes all policies"


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """What to explain: an action on an entity, optionally on one record or one field of it."""

    action: str
    entity: str
    record_id: str | None
    field: str | None


class Explanation:
    """The explanation of one question for a person with certain roles."""

    def __init__(
        self, entity: EntityModel, asked: AccessQuestion, who: Person, record: Record | None, live: bool
    ) -> None:
        self._entity = entity
        self._asked = asked
        self._who = who
        self._record = record
        self._live = live
        self._is_admin = "admin" in who.roles
        self._profile: Profile | None = None if self._is_admin else entity.profile(asked.action, who.roles)

    def to_dict(self) -> Document:
        """The explanation as JSON."""
        asked = self._asked
        verdict, reason = self._verdict()
        policies = [self._policy(policy) for policy in self._entity.policies if policy.action == asked.action]
        found: Document = {
            "verdict": verdict, "reason": reason, "entity": asked.entity, "action": asked.action,
            "roles": list(self._who.roles), "policies": policies,
        }  # fmt: skip
        if asked.record_id is not None:
            found["record"] = self._about_record()
        if asked.field is not None:
            found["field"] = self._about_field(asked.field)
        return found

    def _verdict(self) -> tuple[str, str]:
        """allowed, denied, or depends (on the record), and why."""
        if self._is_admin:
            return "allowed", ADMIN
        if self._profile is None:
            return "denied", f"No policy lets any of these roles {self._asked.action} {self._asked.entity}"
        if self._asked.field is not None:
            return self._field_verdict(self._asked.field, self._profile)
        if self._asked.action == "create" or self._profile.rows.is_certain:
            return "allowed", "A policy grants it without conditions"
        if self._record is None:
            return "depends", "On whether the record meets the conditions of one of the policies"
        if self._profile.rows.holds(self._record, self._who):
            return "allowed", "The record meets all conditions of a policy"
        return "denied", "The record meets the conditions of no policy"

    def _field_verdict(self, name: str, profile: Profile) -> tuple[str, str]:
        access = profile.access.get(name)
        if access is None:
            return "denied", f"No policy grants {name}"
        if access.clear.is_certain and (self._asked.action == "create" or profile.rows.is_certain):
            return "allowed", f"A policy grants {name} without conditions"
        if access.is_masked_for_all and profile.rows.is_certain:
            return "masked", " or ".join(_words(masked.mask) for masked in access.masks)
        if self._record is None:
            return "depends", f"On the record: {name} is granted for some, or masked"
        if self._asked.action != "create" and not profile.rows.holds(self._record, self._who):
            return "denied", "The record meets the conditions of no policy"
        is_shown, mask = access.way(self._who, self._record)
        if not is_shown:
            return "denied", f"No policy grants {name} of this record"
        return ("allowed", f"A policy grants {name} of this record") if mask is None else ("masked", _words(mask))

    def _policy(self, policy: PolicyDefinition) -> Document:
        """One policy: whether it is for these roles, and how each of its conditions turns out."""
        applies = bool(set(policy.roles) & set(self._who.roles))
        grant = grant_of(policy, self._entity.fields, self._entity.key.names, self._who.roles)
        found: Document = {
            "id": policy.id,
            "roles": policy.roles,
            "applies": applies,
            "conditions": [self._condition(policy, n) for n in range(len(policy.conditions))],
            "holds": self._holds(grant) if applies else False,
        }
        if self._asked.field is not None:
            found["field"] = self._granted_field(policy, grant, self._asked.field)
        return found

    def _holds(self, grant: PolicyGrant) -> bool | None:
        """Whether all conditions hold; None where that takes a record."""
        if grant.policy.action == "create":
            return True
        if self._record is None:
            return False if grant.where == NEVER else None
        return check_of(grant.where, self._entity.fields)(self._record, self._who)

    def _condition(self, policy: PolicyDefinition, number: int) -> Document:
        said = policy.conditions[number]
        found: Document = {"field": said.field, "operator": said.operator, "value": said.value}
        try:
            test = checked_test(said, self._entity.fields, self._who.roles)
        except BadValue as problem:
            return {**found, "holds": False, "problem": str(problem)}
        if self._record is None:
            return {**found, "holds": None}
        holds = check_of(test, self._entity.fields)(self._record, self._who)
        return {**found, "stored": self._record.get(said.field), "holds": holds}

    def _granted_field(self, policy: PolicyDefinition, grant: PolicyGrant, name: str) -> Document:
        """What one policy says of the field."""
        shown = grant.fields.get(name)
        if shown is None:
            return {"granted": False}
        found: Document = {"granted": True, "mask": None if shown.mask is None else _words(shown.mask)}
        if name in policy.visible_when:
            text = policy.visible_when[name]
            found["visible_when"] = text
            if problem := problem_of(text, self._entity.fields):
                found["problem"] = problem
            if self._record is not None:
                found["visible"] = check_of(shown.when, self._entity.fields)(self._record, self._who)
        return found

    def _about_record(self) -> Document:
        """Whether the record is among what a list shows, and why not."""
        found: Document = {"id": self._asked.record_id, "live": self._live}
        if self._asked.action != "read":
            return found
        if not self._live:
            return {**found, "listed": False, "because": "It is in the trash: lists show it with deleted=with or only"}
        if self._is_admin:
            return {**found, "listed": True}
        if self._profile is None:
            return {**found, "listed": False, "because": "No policy lets any of these roles read records"}
        assert self._record is not None, "the record was found"
        if self._profile.rows.holds(self._record, self._who):
            return {**found, "listed": True}
        return {**found, "listed": False, "because": "It meets the conditions of no policy"}

    def _about_field(self, name: str) -> Document:
        """How the field is shown, and whether lists can be filtered, sorted and searched by it."""
        if self._is_admin:
            return {"name": name, "access": "clear", "askable": True}
        access = self._profile.access.get(name) if self._profile else None
        if access is None:
            return {"name": name, "access": "hidden", "askable": False}
        found: Document = {"name": name, "askable": access.is_askable}
        if self._record is None:
            always = "clear" if access.clear.is_certain else "masked" if access.is_masked_for_all else "depends"
            return {**found, "access": always}
        is_shown, mask = access.way(self._who, self._record)
        return {**found, "access": "masked" if mask else "clear" if is_shown else "hidden"}


def _words(mask: Mask) -> str:
    return f"keep_last {mask.keep}" if mask.kind == "keep_last" else mask.kind
