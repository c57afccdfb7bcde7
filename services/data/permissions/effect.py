"""What one set of permissions grants and another does not: by action, for records as a whole and for fields. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from libs.shared.permissions.conditions import NEVER, Own
from libs.shared.permissions.profile import FieldAccess, Profile, compile_profile
from libs.shared.schema import PolicyDefinition
from libs.shared.schema.policies import ACTIONS
from services.data.model import EntityModel

Level = Literal["none", "some", "all", "masked"]
"""none, some or all records; of a field in the records that are granted; `masked` where it is never shown as it is."""
Policies = Sequence[PolicyDefinition]


@dataclass(frozen=True, slots=True)
class AccessChange:
    """A difference between two profiles for an action: about records, or about a field of them."""

    action: str
    field: str | None
    before: Level
    after: Level
    old: Profile | None
    new: Profile | None

    @property
    def is_personal(self) -> bool:
        """Whether it depends on who asks, beyond their roles."""
        made = [value for profile in (self.old, self.new) if profile for value, _ in profile.made.all]
        return any(value in (Own.ID, Own.EMAIL) for value in made if isinstance(value, Own))


def changed_roles(before: Policies, after: Policies) -> list[str]:
    """The roles that are named by permissions which only one of the sets has; admins pass all of them."""
    old, new = set(map(_identity, before)), set(map(_identity, after))
    different = [policy for policy in (*before, *after) if (_identity(policy) in old) is not (_identity(policy) in new)]
    return sorted({role for policy in different for role in policy.roles} - {"admin"})


def changes_of(entity: EntityModel, before: Policies, after: Policies, roles: Sequence[str]) -> Iterator[AccessChange]:
    """The differences for a caller with these roles."""
    for action in ACTIONS:
        if _held(before, action, roles) == _held(after, action, roles):
            continue
        old, new = (compile_profile(entity.fields, entity.key.names, each, action, roles) for each in (before, after))
        levels = _level(old, action), _level(new, action)
        if (old and old.where) != (new and new.where) and levels != ("none", "none"):
            yield AccessChange(action, None, *levels, old, new)
        if new is None or levels[1] == "none" or action == "delete":
            continue
        for name in entity.fields:
            fields = _field_level(old, levels[0], name), _field_level(new, levels[1], name)
            is_new = levels[0] == "none"
            differs = fields[1] != "all" if is_new else _way(old, name) != _way(new, name)
            if differs:
                yield AccessChange(action, name, *fields, old, new)


def _identity(policy: PolicyDefinition) -> str:
    """A permission without its id."""
    return repr(policy.model_dump())


def _held(policies: Policies, action: str, roles: Sequence[str]) -> list[str]:
    held = set(roles)
    return sorted(_identity(each) for each in policies if each.action == action and held & set(each.roles))


def _level(profile: Profile | None, action: str) -> Level:
    if profile is None:
        return "none"
    if action == "create":
        return "all"  # conditions are about stored records
    if profile.where == NEVER:
        return "none"
    return "all" if profile.rows.is_certain else "some"


def _field_level(profile: Profile | None, granted: Level, name: str) -> Level:
    access = profile.access.get(name) if profile else None
    if access is None or granted == "none":
        return "none"
    if access.clear.is_certain:
        return "all"
    return "some" if access.is_askable else "masked"


def _way(profile: Profile | None, name: str) -> Any:
    """How a field is shown, in a form that can be compared."""
    access: FieldAccess | None = profile.access.get(name) if profile else None
    if access is None:
        return None
    return access.clear.condition, [(masked.mask, masked.when.condition) for masked in access.masks]
