"""Generated expressions over a row with a column of every type, written as people write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

COLUMNS: Mapping[str, tuple[str, str]] = {
    "n": ("int", "integer"), "m": ("int", "integer"), "big": ("bigint", "bigint"),
    "price": ("decimal", "numeric(18,2)"), "exact": ("exact", "numeric"),
    "s": ("string", "text"), "t": ("text", "text"), "yes": ("boolean", "boolean"), "no": ("boolean", "boolean"),
    "id": ("uuid", "uuid"), "at": ("timestamp", "timestamptz"), "until": ("timestamp", "timestamptz"),
    "day": ("date", "date"), "due": ("date", "date"), "data": ("json", "jsonb"),
}  # fmt: skip
"""Field name → kind of values (tests.property.models.values) and type of the column."""

PATHS: Mapping[str, Sequence[str]] = {
    "number": ["record.n", "record.m", "record.big", "record.price", "old.n", "record.exact", "record.s.length"],
    "string": ["record.s", "record.t", "record.id", "old.s", "user.id", "record['t']", "record.at", "record.day"],
    "boolean": ["record.yes", "record.no", "old.yes", "user.boss"],
    "moment": ["record.at", "record.until", "record.day", "record.due", "now", "date(record.at)", "date(record.due)"],
    "any": ["record.data", "record.unheard", "old", "record.n.of", "record", "user.unheard", "record.data.a", "nil"],
}
CONSTANTS: Mapping[str, Sequence[str]] = {
    "number": ["0", "1", "-1", "2", "3", "0.5", "1.25", "100", "7", "4000000000", "0.1"],
    "string": ["''", "'a'", "'ab'", "'%'", "'é😀'", "' '", "'2026-01-01'", "'2026-01-01T00:00:00+00:00'", "'\\t b'"],
    "boolean": ["true", "false"],
    "moment": ["date('2026-01-01')", "'2026-01-02'", "now - days(30)", "date('2026-01-02T00:00:00Z')"],
    "duration": ["days(1)", "hours(0.5)", "days(400)", "now - date('2026-01-01')", "days(-1)"],
    "list": ["['a', 'b', '']", "user.roles", "[1, 2.0, nil]", "[record.s, 'a', record.n]", "[]", "[true]"],
}  # fmt: skip
LEAVES = {kind: [*PATHS.get(kind, ()), *CONSTANTS.get(kind, ())] for kind in (*PATHS, *CONSTANTS)}

FORMS: Mapping[str, Sequence[str]] = {
    "boolean": [
        "{number} {order} {number}", "{string} {order} {string}", "{moment} {order} {moment}",
        "{duration} {order} {duration}", "{number} {same} {number}", "{string} {same} {string}",
        "{moment} {same} {moment}", "{boolean} {same} {boolean}", "{leaf} {same} {leaf}", "{any} {same} nil",
        "{boolean} && {boolean}", "{boolean} || {boolean} || {leaf}", "!{boolean}", "!{leaf}", "{leaf} && {boolean}",
        "{string} in {list}", "{leaf} in {list}", "{number} not in {list}", "{string} in {string}",
        "contains({string}, {string})", "starts_with({string}, {string})", "ends_with({string}, {string})",
        "{boolean} ? {boolean} : {leaf}", "coalesce({boolean}, {boolean})", "{leaf} {order} {leaf}",
    ],
    "number": [
        "{number} + {number}", "{number} - {number}", "{number} * {number}", "{number} / {divisor}",
        "{number} % {divisor}", "-{number}", "len({string})", "round({number})", "round({number}, {digits})",
        "abs({number})", "min({number}, {number})", "max({number}, {number}, {number})", "{boolean} ? {number} : nil",
        "coalesce({number}, {number})", "year({moment})", "month({moment})", "day({moment})", "{number} / {number}",
    ],
    "string": [
        "{string} + {string}", "{string} + {number}", "{number} + {string}", "trim({string})",
        "substring({string}, {place})", "substring({string}, {place}, {place})",
        "replace({string}, {string}, {string})", "{boolean} ? {string} : {string}", "coalesce({string}, {string})",
        "{string} + nil", "{any} + {string}",
    ],
    "moment": ["coalesce({moment}, {moment})", "{boolean} ? {moment} : nil", "{moment} + {duration}"],
    "duration": ["{moment} - {moment}", "{boolean} ? {duration} : nil"],
}  # fmt: skip
WORDS: Mapping[str, Sequence[str]] = {
    "order": ["<", "<=", ">", ">="],
    "same": ["==", "!="],
    "divisor": ["2", "-4", "0.5", "3", "10", "0", "2.5"],
    "digits": ["0", "1", "2", "-1", "1.5"],
    "place": ["0", "1", "2", "-3", "5000000000"],
}
KINDS = ("boolean", "number", "string", "moment", "duration", "any")


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """An expression; one in three is true or false at its root for a reason worth reading."""
    return _grown(draw, draw(st.sampled_from(["boolean", "boolean", "boolean", *KINDS])), draw(st.integers(1, 4)))


def _grown(draw: st.DrawFn, kind: str, depth: int) -> str:
    if kind == "leaf":
        kind = draw(st.sampled_from(KINDS))
        return draw(st.sampled_from(LEAVES[kind]))
    if kind in WORDS:
        return draw(st.sampled_from(WORDS[kind]))
    if kind not in FORMS or depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(LEAVES[kind]))
    parts = draw(st.sampled_from(FORMS[kind])).replace("}", "{").split("{")
    return "".join(part if n % 2 == 0 else _bracketed(draw, part, depth - 1) for n, part in enumerate(parts))


def _bracketed(draw: st.DrawFn, kind: str, depth: int) -> str:
    text = _grown(draw, kind, depth)
    return text if kind in WORDS else f"({text})"


def environment(record: Mapping[str, Any], user: Mapping[str, Any], now: Any) -> dict[str, Any]:
    """What an expression reads when a stored record is looked at: it is its own old one."""
    return {"record": record, "old": record, "user": user, "now": now, "action": "update", "related": {}}
