"""Which column fills which field: checks what a caller says about it, and proposes the rest by the names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.contracts.imports import REASONS_COLUMN, ROW_COLUMN, ImportOptions, ReferenceMapping
from libs.shared.errors import Detail, RocketError, invalid, summary
from libs.shared.nearest import nearest, unknown
from libs.shared.schema import FieldDefinition
from services.data.model import EntityModel, Link, Model
from services.data.permissions import granted
from services.data.query.scope import Scope
from services.data.writes.preparing.validation import set_by_server
from services.data.writes.requests.upserts import UpsertKey, upsert_key

MIN_CONFIDENCE = 0.75
"""From which likeness of names on a preview proposes a field."""
MAX_RATED_PAIRS = 20_000
"""Columns times fields: likeness is not rated for more, as each pair takes time."""
MAX_PROBLEMS = 20
"""Columns with problems that a refusal names, as suggestions take time too."""
OWN_COLUMNS = frozenset({ROW_COLUMN, REASONS_COLUMN})
BLANKS = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, slots=True)
class ColumnTarget:
    """The field that a column fills. With `link`, cells hold the value of `by` in the record that is referred to."""

    column: str
    field: FieldDefinition
    link: Link | None = None
    by: FieldDefinition | None = None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """How rows become bodies: a target, or None for a skipped column, for each column of the file."""

    targets: Mapping[str, ColumnTarget | None]
    options: ImportOptions
    key: UpsertKey | None

    @property
    def references(self) -> list[ColumnTarget]:
        """The columns that name other records by one of their fields."""
        return [target for target in self.targets.values() if target is not None and target.by is not None]


def plan_import(
    scope: Scope, caller: Identity, entity: EntityModel, columns: Sequence[str], options: ImportOptions
) -> ImportPlan:
    """The plan of an import. Raises VALIDATION_FAILED with all that is wrong with it, FORBIDDEN for fields."""
    known = known_fields(caller, entity)
    details: list[Detail] = []
    targets: dict[str, ColumnTarget | None] = {}
    wanted = options.mapping or {}
    for name in sorted(wanted.keys() - set(columns))[:MAX_PROBLEMS]:
        details.append(_detail(name, f"is no column of the file{_meant(name, columns)}", "unknown"))
    for column in columns:
        try:
            targets[column] = _target(scope, entity, known, column, wanted)
        except _Unmappable as problem:
            details.append(_detail(column, str(problem), problem.rule))
        if len(details) >= MAX_PROBLEMS:
            break
    details += _doubled(targets)
    if details:
        raise invalid(summary(details[0]), *details)
    if not any(targets.values()):
        raise invalid("No column of the file is mapped to a field")
    _refuse_forbidden(scope.model, caller, entity, targets)
    key = upsert_key(scope, entity, options.key) if options.key is not None else None
    if key is not None and all(target is None or target.field.name != key.name for target in targets.values()):
        raise invalid("The key is filled by no column", {"field": "key", "message": "is filled by no column"})
    return ImportPlan(targets, options, key)


def propose(caller: Identity, entity: EntityModel, columns: Sequence[str]) -> dict[str, Any]:
    """For each column the field that it probably fills, with a confidence from 0 to 1; None for no idea."""
    known = known_fields(caller, entity)
    is_rated = len(columns) * len(known) <= MAX_RATED_PAIRS
    return {column: _proposal(column, known, is_rated) for column in columns}


def known_fields(caller: Identity, entity: EntityModel) -> FieldNames:
    """The fields that the caller may read or write in any record; others do not exist for them."""
    names: set[str] = set()
    for action in ("read", "create", "update"):
        grant = granted(entity, action, caller)
        if grant is not None:
            names |= set(entity.fields if grant.profile is None else grant.profile.access)
    return FieldNames({name: field for name, field in entity.fields.items() if name in names})


class _Unmappable(Exception):
    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


def _target(
    scope: Scope,
    entity: EntityModel,
    known: FieldNames,
    column: str,
    wanted: Mapping[str, str | ReferenceMapping | None],
) -> ColumnTarget | None:
    if column not in wanted:
        if column in OWN_COLUMNS:
            return None
        name = known.find(column)
        if name is None:
            message = f"fits no field{_meant(column, known)} Map it to a field, or to null to skip it"
            raise _Unmappable(message, "unmapped")
        return ColumnTarget(column, known[name])
    meant = wanted[column]
    if meant is None:
        return None
    name = meant.field if isinstance(meant, ReferenceMapping) else meant
    if name not in known:
        raise _Unmappable(unknown(name, known), "unknown")
    if isinstance(meant, ReferenceMapping):
        return _reference(scope, entity, column, known[name], meant.by)
    return ColumnTarget(column, known[name])


def _reference(scope: Scope, entity: EntityModel, column: str, field: FieldDefinition, by: str) -> ColumnTarget:
    link = next((link for link in entity.references if link.own == field.name), None)
    if link is None:
        raise _Unmappable(f"{field.name} refers to no other record", "reference")
    parent = scope.beyond(link)
    scope.visible(parent)
    fields = scope.fields(parent)
    if by not in fields:
        raise _Unmappable(unknown(by, fields), "unknown")
    if fields[by].type in ("json", "file"):
        raise _Unmappable(f"{by} can't be compared", "type")
    return ColumnTarget(column, field, link, fields[by])


class FieldNames(dict[str, FieldDefinition]):
    """Fields by name. Case, blanks, hyphens and underscores make no difference where only one fits."""

    def __init__(self, fields: Mapping[str, FieldDefinition]) -> None:
        super().__init__(fields)
        self._small: dict[str, list[str]] = {}
        for name in fields:
            self._small.setdefault(_small(name), []).append(name)

    def find(self, column: str) -> str | None:
        """The field that a column is called like."""
        if column in self:
            return column
        small = _small(column)
        found = self._small.get(small, ())
        return found[0] if len(found) == 1 and small else None

    def likeliest(self, column: str) -> tuple[float, str]:
        """The field whose name is most like a column's, and how much, from 0 to 1."""
        small = _small(column)
        rated = [(difflib.SequenceMatcher(None, small, name).ratio(), names[0]) for name, names in self._small.items()]
        return max(rated, default=(0.0, ""))


def _small(name: str) -> str:
    return BLANKS.sub("", name).casefold()


def _proposal(column: str, known: FieldNames, is_rated: bool) -> dict[str, Any] | None:
    if column in OWN_COLUMNS:
        return None
    if (name := known.find(column)) is not None:
        return {"field": name, "confidence": 1.0 if name == column else 0.95}
    rating, best = known.likeliest(column) if is_rated else (0.0, "")
    return {"field": best, "confidence": round(rating * 0.9, 2)} if rating >= MIN_CONFIDENCE else None


def _doubled(targets: Mapping[str, ColumnTarget | None]) -> list[Detail]:
    first: dict[str, str] = {}
    details: list[Detail] = []
    for column, target in targets.items():
        if target is not None and first.setdefault(target.field.name, column) != column:
            other = first[target.field.name]
            details.append(_detail(column, f"fills {target.field.name}, as the column {other} does", "unique"))
    return details


def _refuse_forbidden(
    model: Model, caller: Identity, entity: EntityModel, targets: Mapping[str, ColumnTarget | None]
) -> None:
    grant = granted(entity, "create", caller)
    if grant is None or grant.profile is None:
        return
    free = {rule.field.name for rule in model.rules(entity.name).computed} | set(entity.key.names)
    details = [
        {"field": target.field.name, "rule": "permission", "message": f"You may not write {target.field.name}"}
        for target in targets.values()
        if target is not None
        and target.field.name not in grant.profile.access
        and target.field.name not in free
        and not set_by_server(entity, target.field)
    ]
    if details:
        raise RocketError("FORBIDDEN", str(details[0]["message"]), details)


def _detail(column: str, message: str, rule: str) -> Detail:
    return {"field": f"mapping.{column}", "rule": rule, "message": message}


def _meant(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    meant = nearest(name, known)
    return f"; do you mean `{meant}`?" if meant else "."
