"""No name of ours in SQL can be one of theirs: where operators' tables are read or written, ours begin with _.

Names of fields, entities, tables and relations begin with a letter (libs/shared/schema/fields.py). So a statement over
their tables calls rows by names that begin with _, and reads columns by way of these only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.shared.schema.fields import NAME
from tests.architecture.sql import GAP, LITERAL, texts
from tests.architecture.tree import files, name, parse
from tests.support.checkout import ROOT

STATEMENTS = files("services/data", "services/metadata", "libs/shared/permissions", "libs/shared/expressions")
STATEMENTS.append(ROOT / "libs/shared/postgres/listings.py")
DATA = files("services/data")
ABOUT_A_ROW = {"alive", "json", "columns", "sql_text", "condition", "compare", "matches", "visible_sql", "still_sql"}
ABOUT_A_ROW |= {"same", "image_of", "whole", "each", "rows", "output", "render"}
"""What makes a condition or an expression about a row is given its name."""
SCHEMAS = {"data", "metadata", "records", "retired", "public", "bus", "workflow"}
QUALIFIED = re.compile(rf"(?<![\w.\"'{GAP}$])([A-Za-z]\w*)\.(?=[a-z_*\"{GAP}])")
"""`name.column`, `name.*`, `name."column"`."""
OWN = {"created_at", "updated_at"}
"""Columns of our own tables that are read alone."""
WHOLE = re.compile(r"\b(?:jsonb?_agg|(?:to|row_to)_jsonb?)\(([A-Za-z]\w*)\)")
"""A row by its name, which a column of that name would take the place of."""
NAMED = re.compile(
    rf"\b(?:FROM|JOIN|USING|UPDATE|INTO|LATERAL)\s+[\w.\"{GAP}]+(?:\s+AS)?\s+([a-z]\w*)|\)\s+([a-z]\w*)\b"
    r"|\b(?:SHARE|UPDATE) OF ([a-z]\w*)"
)
"""A table, or a query in parentheses, that is given a name, and one that is locked by it."""
COMMON = re.compile(r"(?:\bWITH|\),)\s+([a-z]\w*) AS (?:MATERIALIZED )?\(")
"""A query named beforehand."""


@pytest.mark.parametrize("path", STATEMENTS, ids=name)
def test_row_aliases_cannot_be_field_names(path: Path) -> None:
    assert [f"{name(path)}:{line}: {word}" for line, text in texts(path) for word in _ours(text)] == []


def test_row_names_of_conditions_cannot_be_field_names() -> None:
    calls = [(path, node) for path in DATA for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
    named = [(path, node.lineno, arg.value) for path, node in calls if _called(node) in ABOUT_A_ROW
             for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]  # fmt: skip
    assert len(named) > 30
    assert [(name(path), line, row) for path, line, row in named if not row.startswith("_")] == []


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _ours(text: str) -> Iterator[str]:
    """The names of rows in a text of SQL that a field or table could have too."""
    text = LITERAL.sub("''", text)
    yield from (word for word in QUALIFIED.findall(text) if word not in SCHEMAS)
    yield from (word for word in WHOLE.findall(text) if word not in OWN)
    yield from COMMON.findall(text)
    yield from (word for pair in NAMED.findall(text) for word in pair if word)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT r.id FROM records.x r", 'SELECT r."id"', "(SELECT to_jsonb(i) FROM (SELECT 1) _i)",
        f"FROM {GAP} t WHERE", "WITH u AS (SELECT 1)", "WITH _u AS (SELECT 1), v AS MATERIALIZED (SELECT 1)",
        "FROM (SELECT 1) p", f"x.{GAP} = 1", "FOR KEY SHARE OF s",
    ],
)  # fmt: skip
def test_aliases_without_underscore_are_detected(text: str) -> None:
    assert list(_ours(text))


def test_names_of_operators_begin_with_a_letter() -> None:
    assert NAME.fullmatch("a_1")
    assert not NAME.fullmatch("_a")
