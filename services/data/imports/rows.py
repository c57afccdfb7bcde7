"""The rows of a batch on their way: their cells become bodies, or reasons why not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.shared.errors import Detail
from libs.shared.nearest import unknown
from services.data.imports.cells import is_empty, read_cell
from services.data.imports.mapping import ColumnTarget, ImportPlan


@dataclass(slots=True, eq=False)
class ImportedRow:
    """A row of a file: its number, its cells as they came, and the body that is made of them.

    `lookups` holds by field what names a referenced record. A row with `reasons` is refused.
    """

    number: int
    cells: Any
    body: dict[str, Any] = field(default_factory=dict)
    lookups: dict[str, Any] = field(default_factory=dict)
    reasons: list[Detail] = field(default_factory=list)
    rests_on_file: bool = False
    """Whether it refers to an earlier row of the file, which a dry run has not stored."""


def read_rows(plan: ImportPlan, columns: Sequence[str], raw: Sequence[Any]) -> list[ImportedRow]:
    """The rows of a batch: `[row, cells, problem]` each."""
    return [_read(plan, columns, number, cells, problem) for number, cells, problem in raw]


def _read(plan: ImportPlan, columns: Sequence[str], number: int, cells: Any, problem: str | None) -> ImportedRow:
    row = ImportedRow(number, cells)
    if problem:
        row.reasons.append({"message": problem})
        return row
    if isinstance(cells, dict):
        _read_object(plan, row, cells)
        return row
    for column, cell in zip(columns, cells, strict=True):
        target = plan.targets[column]
        if target is None:
            continue
        if not is_empty(target.field, cell):
            _put(plan, row, target, cell)
        elif plan.options.empty == "null":
            row.body[target.field.name] = None
    return row


def _read_object(plan: ImportPlan, row: ImportedRow, cells: dict[str, Any]) -> None:
    for name, value in cells.items():
        if name not in plan.targets:
            row.reasons.append({"field": name[:100], "rule": "unknown", "message": unknown(name, plan.targets)})
            continue
        target = plan.targets[name]
        if target is None:
            continue
        if value is None:
            row.body[target.field.name] = None
        else:
            _put(plan, row, target, value)


def _put(plan: ImportPlan, row: ImportedRow, target: ColumnTarget, cell: Any) -> None:
    if target.by is None:
        row.body[target.field.name] = read_cell(target.field, cell, plan.options)
    else:
        row.lookups[target.field.name] = read_cell(target.by, cell, plan.options)
