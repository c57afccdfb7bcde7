"""How many stored records a change of permissions concerns: those in which the two profiles differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.permissions.checks import Person
from libs.shared.permissions.masks import Mask
from libs.shared.permissions.profile import Profile
from libs.shared.permissions.sql import render
from services.data.model import EntityModel, StatementParameters
from services.data.permissions.effect import AccessChange

CLEAR = 100_000
"""The rank of a field that is shown as it is."""


def counts_statement(entity: EntityModel, changes: Sequence[AccessChange], who: Person) -> tuple[str, list[Any]]:
    """For changes of one action: columns gained_<n>, lost_<n>, the numbers of records, for each of them.

    A record counts for a field if the field is shown to more, or to less, than before.
    """
    old, new = changes[0].old, changes[0].new
    parameters = StatementParameters()
    bases = [_take(profile, who, parameters) for profile in (old, new)]
    columns = []
    for number, change in enumerate(changes):
        before, after = (_rank(profile, change.field, base) for profile, base in zip((old, new), bases, strict=True))
        columns.append(f"count(*) FILTER (WHERE {after} > {before}) AS gained_{number}")
        columns.append(f"count(*) FILTER (WHERE {after} < {before}) AS lost_{number}")
    kinds = [kind for profile in (old, new) if profile for _, kind in profile.made.all]
    typed = " OR ".join([*(f"${place}::{kind} IS NULL" for place, kind in enumerate(kinds, 1)), "true"])
    sql = f"SELECT {', '.join(columns)} FROM {entity.table} _r WHERE {entity.alive('_r')} AND ({typed})"
    return sql, parameters.values


def _take(profile: Profile | None, who: Person, parameters: StatementParameters) -> int:
    """Adds the values of a profile; returns how many come before them."""
    base = len(parameters.values)
    if profile is not None:
        parameters.values += profile.values(who)
    return base


def _rank(profile: Profile | None, name: str | None, base: int) -> str:
    """How much of a record, or of a field of it, is shown, as a number: 0 for nothing, the more the greater."""
    if profile is None:
        return "0"
    rows = f"({render(profile.rows.text, '_r', base)}) IS TRUE"
    if name is None:
        return f"(CASE WHEN {rows} THEN 1 ELSE 0 END)"
    access = profile.access.get(name)
    if access is None:
        return "0"
    ways = [(access.clear.text, CLEAR), *((masked.when.text, _weight(masked.mask)) for masked in access.masks)]
    cases = " ".join(f"WHEN ({render(text, '_r', base)}) IS TRUE THEN {rank}" for text, rank in ways)
    return f"(CASE WHEN NOT ({rows}) THEN 0 {cases} ELSE 0 END)"


def _weight(mask: Mask) -> int:
    """A greater number for masks that show more."""
    kind, kept = mask.rank
    return CLEAR - 1_000 * (kind + 1) - kept
