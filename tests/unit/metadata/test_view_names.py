"""Saved views follow renames of fields, wherever lists keep names, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from services.metadata.planning.view_names import renamed_in_state

RENAMED = {"status": "state", "total": "amount"}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"filter": {"status": "open", "status.in": "status,total"}},
         {"filter": {"state": "open", "state.in": "status,total"}}),
        ({"filters": [{"field": "status", "op": "eq", "value": "status"}]},
         {"filters": [{"field": "state", "op": "eq", "value": "status"}]}),
        ({"filter[status.in]": "open", "filter[total]": "1"}, {"filter[state.in]": "open", "filter[amount]": "1"}),
        ({"sort": "-status,name, total"}, {"sort": "-state,name, amount"}),
        ({"sort": [{"field": "status", "direction": "desc"}]}, {"sort": [{"field": "state", "direction": "desc"}]}),
        ({"columns": ["status", "name", {"field": "total", "width": 5}]},
         {"columns": ["state", "name", {"field": "amount", "width": 5}]}),
        ({"widths": {"status": 100, "name": 50}}, {"widths": {"state": 100, "name": 50}}),
        ({"grid": {"hidden": ["total"]}, "title": "status", "q": "status"},
         {"grid": {"hidden": ["amount"]}, "title": "status", "q": "status"}),
        ({"columns": None, "sort": 5, "fields": []}, {"columns": None, "sort": 5, "fields": []}),
        ({"sort": "statuses,status_at,status.name"}, {"sort": "statuses,status_at,state.name"}),
    ],
)  # fmt: skip
def test_names_follow_and_values_stay(state: dict[str, Any], expected: dict[str, Any]) -> None:
    assert renamed_in_state(state, RENAMED) == expected
    assert renamed_in_state(expected, {new: old for old, new in RENAMED.items()}) == state
    assert renamed_in_state(state, {}) == state
