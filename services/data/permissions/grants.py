"""Grants: what a caller may do to which records, and to which of their fields. All paths use them.

Without a policy there is no access; several policies of a caller add up; the role admin passes everything. Grants are
compiled once per schema version and set of roles (libs/shared/permissions): reads put their SQL into statements, writes
evaluate them in process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared import clock
from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from libs.shared.permissions.checks import Person
from libs.shared.permissions.profile import Profile
from libs.shared.permissions.sql import render
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, StatementParameters

Record = Mapping[str, Any]
Difference = dict[str, Any]
"""The `old` and the `new` value of a field."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person may do by one action: everything (`profile` is None), or what the profile says."""

    profile: Profile | None = None
    person: Person | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether it is for all records."""
        return self.profile is None or self.profile.rows.is_certain

    def covers(self, record: Record) -> bool:
        """Whether it is for this record."""
        if self.profile is None:
            return True
        return self.profile.rows.holds(record, self.who)

    def condition(self, row: str, parameters: StatementParameters) -> str:
        """The records that it is for, as SQL over `row`; every value is used, so every one has a type."""
        if self.profile is None:
            return "true"
        base = len(parameters.values)
        parameters.values += self.profile.values(self.who)
        typed = [f"${base + n}::{kind} IS NULL" for n, (_, kind) in enumerate(self.profile.made.all, 1)]
        used = f" AND ({' OR '.join(typed)} OR true)" if typed else ""
        return f"({render(self.profile.rows.text, row, base)}{used})"

    def visible_fields(self, record: Record, *others: Record) -> dict[str, Any]:
        """The visible fields of a covered record, masked if need be; `others` are the record at other times."""
        return dict(record) if self.profile is None else self.profile.visible_values(self.who, record, *others)

    def relates(self, name: str, joined: bool, record: Record | None) -> bool:
        """Whether it is for the records at a relation's other end, of this record (None: one that is made)."""
        return self.profile is None or self.profile.relates(name, joined, self.who, record)

    def shows(self, name: str, record: Record) -> bool:
        """Whether a field of a record that it covers is shown (or may be set) as it is."""
        if self.profile is None:
            return True
        access = self.profile.access.get(name)
        return access is not None and access.clear.holds(record, self.who)

    def differences(self, changed: Mapping[str, Difference], *images: Record) -> dict[str, Difference]:
        """The changed fields, old and new values, that it shows of all the record's images."""
        if self.profile is None:
            return dict(changed)
        found: dict[str, Difference] = {}
        key, salt = self.profile.key_of(images[0]) if images else "", self.who.salt
        for name, difference in changed.items():
            access = self.profile.access.get(name)
            is_shown, mask = access.way(self.who, *images) if access else (False, None)
            if is_shown:
                found[name] = {k: mask.apply(v, key, salt) if mask else v for k, v in difference.items()}
        return found

    @property
    def who(self) -> Person:
        assert self.person is not None, "profiles are somebody's"
        return self.person


EVERYTHING = Grant()


def grant_for(entity: EntityModel, action: str, caller: Identity) -> Grant:
    """What the caller may `action` (read, create, update, delete) in `entity`. Raises FORBIDDEN for nothing."""
    profile = profile_for(entity, action, caller)
    return EVERYTHING if profile is None else Grant(profile, person_of(entity, caller))


def profile_for(entity: EntityModel, action: str, caller: Identity) -> Profile | None:
    """As `grant_for`, as a profile; None is everything. Raises FORBIDDEN for nothing."""
    if caller.scopes is not None and not caller.allows(entity.name, action):
        raise RocketError("FORBIDDEN", f"This API key may not {action} {entity.name}")
    if caller.passes_policies:
        return None  # nothing is looked up, so there is nothing to trace
    with tracing.span("auth", "permissions", "permission.check", entity.name):
        profile = entity.profile(action, caller.roles)
        if profile is None:
            raise RocketError("FORBIDDEN", f"You may not {action} {entity.name}")
        return None if profile.is_everything else profile


def granted(entity: EntityModel, action: str, caller: Identity) -> Grant | None:
    """As `grant_for`, where it was checked already: not traced, and None for nothing."""
    if caller.scopes is not None and not caller.allows(entity.name, action):
        return None
    if caller.passes_policies:
        return EVERYTHING
    profile = entity.profile(action, caller.roles)
    if profile is None:
        return None
    return EVERYTHING if profile.is_everything else Grant(profile, person_of(entity, caller))


def person_of(entity: EntityModel, caller: Identity) -> Person:
    """The caller as permissions know them."""
    return Person(caller.id, caller.email, caller.roles, clock.now(), entity.salt)
