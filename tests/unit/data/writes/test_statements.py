"""The statements that change rows and append log entries: what their text holds, in which order, with which values."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from services.data.model import EntityModel
from services.data.writes.statements.changes import Action
from services.data.writes.statements.statements import LogMode, StatementShape, statement
from tests.unit.data.writes.shop import COMMAND, CUSTOMER, LINE, ORDER, TAG, change

A, B = uuid.UUID(int=10), uuid.UUID(int=11)
ALL_SHAPES = [
    (ORDER, StatementShape(action, columns, log, waits))
    for action, columns in [
        (Action.CREATE, ("id", "code", "customer_id")), (Action.UPDATE, ("code", "customer_id")), (Action.DELETE, ()),
    ]
    for log in LogMode
    for waits in (True, False)
] + [(CUSTOMER, StatementShape(Action.DELETE, ())), (CUSTOMER, StatementShape(Action.RESTORE, ()))]  # fmt: skip


def sql_of(entity: EntityModel, shape: StatementShape, *rows: Any) -> str:
    """The statement's text."""
    return statement(entity, shape, rows, 7)[0]


@pytest.mark.parametrize(("entity", "shape"), ALL_SHAPES)
def test_every_statement_changes_rows_under_its_schema_version_only(entity: EntityModel, shape: StatementShape) -> None:
    sql = sql_of(entity, shape)
    changed = sql.split("_row AS (")[1].split("_entry AS")[0]
    assert "metadata.schema_version _v" in changed and "_v.version = $1" in changed


@pytest.mark.parametrize(("entity", "shape"), ALL_SHAPES)
def test_row_and_log_entry_are_one_statement_unless_the_log_comes_later(
    entity: EntityModel, shape: StatementShape
) -> None:
    sql = sql_of(entity, shape)
    assert ("INSERT INTO data.commits" in sql) is (shape.log is not LogMode.LATER)
    assert ("nextval('data.position')" in sql) is (shape.log is not LogMode.LATER)
    assert ("_entry.image::text, _entry.previous::text" in sql) is (shape.log is LogMode.LATER)


@pytest.mark.parametrize("log", [LogMode.APART, LogMode.TOGETHER])
def test_positions_are_taken_after_the_rows_are_changed(log: LogMode) -> None:
    sql = sql_of(ORDER, StatementShape(Action.UPDATE, ("code",), log))
    assert sql.index("UPDATE records") < sql.index("nextval('data.position')") < sql.index("INSERT INTO data.commits")


def test_rows_of_one_commit_share_a_position_and_are_numbered() -> None:
    together = sql_of(ORDER, StatementShape(Action.CREATE, ("id",), LogMode.TOGETHER))
    assert together.count("nextval('data.position')") == 1 and "CROSS JOIN _p" in together
    assert "SELECT _e.position, _e.n, _e._commit" in together
    assert "SELECT _e.position, 1, _e._commit" in sql_of(ORDER, StatementShape(Action.CREATE, ("id",)))


def test_every_placeholder_has_a_value_and_every_value_a_placeholder() -> None:
    rows = [change(A, 3, code="a", customer_id=B), change(B, None, code="b", customer_id=None)]
    for action, columns in ((Action.UPDATE, ("code", "customer_id")), (Action.DELETE, ())):
        sql, values = statement(ORDER, StatementShape(action, columns), rows, 7)
        assert {int(n) for n in re.findall(r"\$(\d+)", sql)} == set(range(1, len(values) + 1))
        assert values[0] == 7 and all(len(array) == len(rows) for array in values[1:])


def test_values_are_arrays_in_the_order_of_the_columns() -> None:
    rows = [change(A, 3, code="a", customer_id=B), change(B, None, code="b", customer_id=None)]
    _, values = statement(ORDER, StatementShape(Action.UPDATE, ("customer_id", "code")), rows, 7)
    assert values[1:6] == [[COMMAND.id] * 2, [COMMAND.context] * 2, [COMMAND.trace_id] * 2, [None] * 2, [None] * 2]
    assert values[6:] == [[3, None], [A, B], [B, None], ["a", "b"]]


def test_the_text_depends_on_the_shape_and_not_on_the_number_of_rows() -> None:
    shape = StatementShape(Action.UPDATE, ("code",))
    one, _ = statement(ORDER, shape, [change(A, code="a")], 7)
    two, _ = statement(ORDER, shape, [change(A, code="a"), change(B, code="b")], 7)
    assert one is two


def test_references_that_are_set_are_locked_before_the_rows_are_changed() -> None:
    sql = sql_of(ORDER, StatementShape(Action.CREATE, ("id", "customer_id")))
    lock = sql.index("FOR KEY SHARE OF _s")
    assert 'FROM records."customers" _s' in sql and '_s."deleted_at" IS NULL' in sql
    assert lock < sql.index("INSERT INTO records")
    assert "FOR KEY SHARE" not in sql_of(ORDER, StatementShape(Action.CREATE, ("id", "code")))


def test_rows_of_one_insert_may_refer_to_one_another() -> None:
    sql = sql_of(TAG, StatementShape(Action.CREATE, ("name", "parent")))
    assert '_u."parent" IN (SELECT _o."name" FROM _u _o)' in sql
    assert "FROM _u _o" not in sql_of(TAG, StatementShape(Action.UPDATE, ("parent",)))


def test_a_statement_that_does_not_wait_skips_locked_rows_and_references() -> None:
    waits, skips = (
        sql_of(ORDER, StatementShape(Action.UPDATE, ("customer_id",), waits=each)) for each in (True, False)
    )
    assert "SKIP LOCKED" not in waits and "lock_timeout" not in waits
    assert skips.count("SKIP LOCKED") == 2 and "set_config('lock_timeout', '100ms', true)" in skips


def test_versions_of_keys_that_clients_choose_go_on_after_deletion() -> None:
    assert "max(_c.version) FROM data.commits _c" in sql_of(TAG, StatementShape(Action.CREATE, ("name",)))
    assert "max(_c.version)" not in sql_of(ORDER, StatementShape(Action.CREATE, ("id",)))


def test_numbered_keys_are_taken_from_the_sequence_of_the_table() -> None:
    assert "pg_get_serial_sequence('records.\"lines\"', 'id')" in sql_of(
        LINE, StatementShape(Action.CREATE, ("count",))
    )
    assert "pg_get_serial_sequence" not in sql_of(ORDER, StatementShape(Action.CREATE, ("id",)))


def test_updates_stamp_auto_fields_that_are_not_set_and_compare_the_version() -> None:
    sql = sql_of(ORDER, StatementShape(Action.UPDATE, ("code",)))
    assert '"changed_at" = now()' in sql and '_version" + 1' in sql
    assert '(_u._if IS NULL OR _r."_version" = _u._if)' in sql


def test_an_amended_row_keeps_its_version_and_its_stamps() -> None:
    sql = sql_of(ORDER, StatementShape(Action.UPDATE, ("code",), LogMode.LATER, amends=True))
    assert '_version" + 0' in sql and "now()" not in sql


def test_soft_deletion_marks_the_row_and_hard_deletion_removes_it() -> None:
    soft, hard = sql_of(CUSTOMER, StatementShape(Action.DELETE, ())), sql_of(ORDER, StatementShape(Action.DELETE, ()))
    assert 'SET "deleted_at" = now()' in soft and "DELETE FROM" not in soft
    assert 'DELETE FROM records."orders"' in hard and "NULL::jsonb AS image" in hard


def test_a_restore_finds_rows_in_the_trash_only() -> None:
    sql = sql_of(CUSTOMER, StatementShape(Action.RESTORE, ()))
    assert 'NOT (_r."deleted_at" IS NULL)' in sql and '"deleted_at" = NULL' in sql


def test_the_log_keeps_what_was_set_by_field_ids_which_outlive_names() -> None:
    sql = sql_of(ORDER, StatementShape(Action.UPDATE, ("code",), LogMode.LATER))
    ids = ORDER.image_ids
    assert f'_row."code" AS "{ids["code"]}"' in sql
    assert f'_row."_old_{ids["code"]}" AS "{ids["code"]}"' in sql
    assert f"_old_{ids['state']}" not in sql
