"""Joins all grants of a caller's roles for one action on an entity.

A field is unmasked if any grant shows it unmasked, else masked if any grant masks it, else invisible. This is decided
for each record, as grants have conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.permissions.checks import Check, Person, Record, check_of
from libs.shared.permissions.conditions import ALWAYS, NEVER, Condition, Own, demands_of, either, factored
from libs.shared.permissions.grants import PolicyGrant, grant_of
from libs.shared.permissions.masks import Mask
from libs.shared.permissions.sql import TRUE, Values, all_sql, column, sql_of
from libs.shared.schema import BadValue, FieldDefinition, PolicyDefinition, parse_value


class CompiledCondition:
    """A condition compiled to SQL and to a function.

    `demands` are texts too; the condition holds where all of them do.
    """

    def __init__(self, condition: Condition, profile: Profile) -> None:
        self.condition = condition
        decided = factored(condition)
        self.demands = tuple(sql_of(each, profile.fields, profile.roles, profile.made) for each in demands_of(decided))
        self.text = all_sql(self.demands)
        self.holds: Check = check_of(decided, profile.fields)

    @property
    def is_certain(self) -> bool:
        """Whether it holds for every record."""
        return self.text == TRUE


class Masked:
    """A mask of a field; `when` selects the records in which at least this much is visible."""

    def __init__(self, field: FieldDefinition, mask: Mask, when: Condition, profile: Profile) -> None:
        self.mask = mask
        self.when = CompiledCondition(when, profile)
        self.text = mask.sql(column(field.name), field, profile.key, lambda: profile.made.add(Own.SALT, "bytea"))


class FieldAccess:
    """The visibility of a field in visible records: unmasked, masked by the first mask that applies, or none.

    `clear` says when as it is, `seen` when in any way.
    """

    def __init__(self, field: FieldDefinition, profile: Profile, ways: Sequence[tuple[Mask | None, Condition]]) -> None:
        self.field = field
        reached = either([when for mask, when in ways if mask is None])
        self.clear = self.seen = CompiledCondition(_given(profile, reached), profile)
        self.masks: list[Masked] = []
        for mask in sorted({mask for mask, _ in ways if mask is not None}, key=lambda mask: mask.rank):
            if not self.seen.is_certain:
                reached = either([reached, *(when for each, when in ways if each == mask)])
                self.masks.append(Masked(field, mask, _given(profile, reached), profile))
                self.seen = self.masks[-1].when

    @property
    def is_askable(self) -> bool:
        """Whether it is unmasked in any record, so that lists may filter, sort, group and search by it."""
        return self.clear.condition != NEVER

    @property
    def is_masked_for_all(self) -> bool:
        """Whether it is visible in every visible record, and unmasked in none."""
        return not self.is_askable and self.seen.is_certain

    def way(self, person: Person, *records: Record) -> tuple[bool, Mask | None]:
        """Whether the field is visible in all these versions of a record, and by which mask."""
        if all(self.clear.holds(record, person) for record in records):
            return True, None
        for masked in self.masks:
            if all(masked.when.holds(record, person) for record in records):
                return True, masked.mask
        return False, None


class Profile:
    """The grants of one action, compiled. Compared by identity: there is one per schema version and set of roles.

    `access` has the fields that are shown of any record at all, in the entity's order; `values` are what
    its texts of SQL take, numbered from 1: the `constants`, unless it `is_personal`. `unrestricted` are the
    fields that no grant keeps anything of.
    """

    def __init__(
        self,
        fields: Mapping[str, FieldDefinition],
        keys: Sequence[str],
        grants: Sequence[PolicyGrant],
        roles: Sequence[str],
    ) -> None:
        self.fields = fields
        self.keys = tuple(keys)
        texts = [f"{column(name)}::text" for name in keys]
        self.key = f"concat_ws(',', {', '.join(texts)})" if len(texts) > 1 else texts[0]
        self.roles = tuple(roles)
        self.grants = grants
        self.made = Values()
        self.where = either([grant.where for grant in grants])
        self.rows = CompiledCondition(self.where, self)
        self.access: Mapping[str, FieldAccess] = {
            name: access for name in fields if (access := self._access(name)).seen.condition != NEVER
        }
        self.askable = {name: fields[name] for name, access in self.access.items() if access.is_askable}
        self.unrestricted = [name for name in fields if all(grant.is_open(name) for grant in grants)]
        self.is_open = len(self.access) == len(fields) and all(a.clear.is_certain for a in self.access.values())
        self._brought = [n for n, (value, _) in enumerate(self.made.all) if isinstance(value, Own)]
        self.constants = tuple(value for value, _ in self.made.all)
        self.is_personal = bool(self._brought)

    @property
    def is_everything(self) -> bool:
        """Whether the person may see everything."""
        # Where all grants name fields, relations may be kept from the person.
        unlimited = any(grant.policy.fields is None for grant in self.grants)
        return unlimited and self.is_open and self.rows.is_certain

    @property
    def signature(self) -> str:
        """Its decisions as text, equal in all processes."""
        fields = [
            (n, a.clear.text, a.seen.text, [(m.text, m.when.text) for m in a.masks]) for n, a in self.access.items()
        ]
        return repr((self.rows.text, fields, [value for value, _ in self.made.all]))

    def values(self, person: Person) -> list[Any]:
        """The values of its placeholders for a person; None for an own value that does not fit the field."""
        values = list(self.constants)
        for number in self._brought:
            own, kind = self.made.all[number]
            values[number] = _own(person.own(own), kind)
        return values

    def visible_values(self, person: Person, record: Record, *others: Record) -> dict[str, Any]:
        """The visible values of a visible record, masked; `others`, the record at other times, must show them, too."""
        found = {}
        for name, access in self.access.items():
            is_shown, mask = access.way(person, record, *others)
            if is_shown:
                value = record.get(name)
                found[name] = value if mask is None else mask.apply(value, self.key_of(record), person.salt)
        return found

    def key_of(self, record: Record) -> str:
        """The key of a record as text."""
        return ",".join(str(record.get(name)) for name in self.keys)

    def relates(self, name: str, joined: bool, person: Person, record: Record | None) -> bool:
        """Whether nested writes may use a relation of this record (None: a new one)."""
        return any(
            (each.policy.fields is None or each.policy.fields.covers_relation(name, joined))
            and (record is None or check_of(each.where, self.fields)(record, person))
            for each in self.grants
        )

    def hides(self, relation: str) -> bool:
        """Whether every grant hides a relation from readers."""
        return all(
            each.policy.fields is not None and each.policy.fields.hides_relation(relation) for each in self.grants
        )

    def _access(self, name: str) -> FieldAccess:
        ways = [(g.fields[name].mask, g.about(name)) for g in self.grants if name in g.fields]
        return FieldAccess(self.fields[name], self, ways)


def compile_profile(
    fields: Mapping[str, FieldDefinition],
    keys: Sequence[str],
    policies: Sequence[PolicyDefinition],
    action: str,
    roles: Sequence[str],
) -> Profile | None:
    """The profile of these roles for an action; None if no policy grants them anything."""
    held = set(roles)
    matching = [policy for policy in policies if policy.action == action and held & set(policy.roles)]
    if not matching:
        return None
    return Profile(fields, keys, [grant_of(policy, fields, keys, roles) for policy in matching], roles)


def _given(profile: Profile, condition: Condition) -> Condition:
    """A condition about visible records: one equal to their own condition always holds."""
    return ALWAYS if condition == profile.where else condition


UUIDS = FieldDefinition(name="id", type="uuid")


def _own(value: Any, kind: str) -> Any:
    try:
        return parse_value(UUIDS, value) if kind == "uuid" else value
    except BadValue:
        return None
