"""What the URL asks for, as SQL."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.errors import RocketError
from services.events.queries import events_selection, grouping, interval_of, window

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRACE = "11111111-2222-4333-8444-555555555555"


def test_no_filter_lists_everything_newest_first() -> None:
    selection = events_selection([("unknown", "x"), ("source", "")])
    assert (selection.where, selection.values) == ("true", ())
    assert selection.order == "created_at DESC, span_id DESC"
    assert (selection.page, selection.per_page, selection.offset) == (1, 50, 0)


def test_filters_are_combined() -> None:
    selection = events_selection(
        [("source", "http"), ("trace_id", TRACE), ("from", "2026-11-01T00:00:00Z"), ("to", "2026-11-02")]
    )
    assert selection.where == "source = $1 AND trace_id = $2 AND created_at >= $3 AND created_at <= $4"
    assert selection.values == (
        "http",
        uuid.UUID(TRACE),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 11, 2, tzinfo=UTC),
    )


def test_actions_match_exactly_or_by_prefix() -> None:
    exact, prefix = (events_selection([("action", text)]) for text in ("write.insert", "write.*"))
    assert (exact.where, exact.values) == ("action = $1", ("write.insert",))
    assert (prefix.where, prefix.values) == ("starts_with(action, $1)", ("write.",))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ([("sort", "action")], "UNKNOWN_FIELD"),
        ([("trace_id", "x")], "INVALID_PAYLOAD"),
        ([("from", "yesterday")], "INVALID_PAYLOAD"),
        ([("source", "a\x00b")], "INVALID_PAYLOAD"),
    ],
)
def test_invalid_queries_are_refused(query: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(RocketError) as refused:
        events_selection(query)
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_pages_fall_back_and_are_capped() -> None:
    wrong = events_selection([("page", "0"), ("per_page", "many")])
    assert (wrong.page, wrong.per_page) == (1, 50)
    much = events_selection([("page", "3"), ("per_page", "1000")])
    assert (much.per_page, much.offset) == (100, 200)


def test_the_window_is_a_day_up_to_now() -> None:
    assert window([], NOW) == (NOW - timedelta(hours=24), NOW)
    until = datetime(2026, 11, 1, tzinfo=UTC)
    assert window([("to", "2026-11-01")], NOW) == (until - timedelta(hours=24), until)


def test_grouping() -> None:
    assert [grouping([("group_by", name)]) for name in ("entity", "")] == ["entity", None]
    with pytest.raises(RocketError, match="group_by"):
        grouping([("group_by", "password")])


@given(st.dictionaries(st.sampled_from(["source", "action", "entity", "user_id", "status"]), st.text()))
def test_values_of_the_caller_are_parameters(asked: dict[str, str]) -> None:
    try:
        selection = events_selection(list(asked.items()))
    except RocketError as error:
        assert error.code == "INVALID_PAYLOAD"
        return
    fixed = {f"{name} = ${n}" for name in asked for n in range(1, 9)}
    fixed |= {f"starts_with(action, ${n})" for n in range(1, 9)} | {"true"}
    assert set(selection.where.split(" AND ")) <= fixed
    assert len(selection.values) == sum(1 for text in asked.values() if text)


def test_intervals_of_a_series() -> None:
    day = (NOW - timedelta(days=1), NOW)
    assert interval_of([], *day) is None
    assert interval_of([("interval", "5m")], *day) == timedelta(minutes=5)
    assert interval_of([("interval", "1d")], *day) == timedelta(days=1)
    for wrong in ("5", "m", "0m", "-5m", "5w", "1.5h", "99999999s", "1s", "86s", "५m"):
        with pytest.raises(RocketError, match="interval") as refused:
            interval_of([("interval", wrong)], *day)
        assert refused.value.status == 400
    assert interval_of([("interval", "87s")], *day) == timedelta(seconds=87)
