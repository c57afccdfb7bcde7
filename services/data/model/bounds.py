"""Bounds of one response: related records per parent and level, bytes of a page, groups of an aggregate.

PostgreSQL makes the JSON, so it must stop itself: sizes are added up row by row, and the first row that is too much
ends the statement. A truncated list of related records ends with a mark, a secret text that no record can hold. It is
removed from the response, which names the truncated include in its `meta`. Values that were cut to a length begin with
the mark.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024
VALUE = "~"
"""What follows the mark in a value that was cut."""
LOG_PAGE_FACTOR = 4
"""A page of the log may have so many times the bytes of a page: it holds whole records, of which less is returned."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one app's responses. `mark` is a secret of the service."""

    included: int = 1_000
    page_bytes: int = 8 * MIB
    groups: int = 100_000
    mark: str = "cut:"

    def rows(self, rows: str) -> str:
        """JSON values `_j` of a query, in its order, if they fit into a page; else the statement fails.

        For use after FROM, as `_t`.
        """
        return (
            f"(SELECT CASE WHEN sum(pg_column_size(_s._j)) OVER (ROWS UNBOUNDED PRECEDING) <= {self.page_bytes} "
            f"THEN _s._j ELSE data.too_large() END AS _j FROM ({_apart(rows)}) _s) _t"
        )

    def related(self, select: str, path: str, record: str = "to_json(_x)") -> str:
        """The rows of `select` as a JSON list; if there are too many, the first ones, and the mark with `path`.

        `record` is the JSON of one row, `_x`.
        """
        rows = f"SELECT {record} AS _j FROM ({select} LIMIT {self.included + 1}) _x OFFSET 0"
        return (
            f"(SELECT coalesce(json_agg(_t._j), '[]'::json) FROM (SELECT CASE "
            f"WHEN row_number() OVER _w > {self.included} THEN to_json('{self.mark}{path}'::text) "
            f"WHEN sum(pg_column_size(_s._j)) OVER _w <= {self.page_bytes} THEN _s._j ELSE data.too_large() END AS _j "
            f"FROM ({rows}) _s WINDOW _w AS (ROWS UNBOUNDED PRECEDING)) _t)"
        )

    def record(self, record: str) -> str:
        """The JSON text `_j` of a query of one row, if it fits into a page; else the statement fails."""
        return (
            f"(SELECT CASE WHEN octet_length(_s._j) <= {self.page_bytes} THEN _s._j ELSE data.too_large()::text END "
            f"FROM ({_apart(record)}) _s)"
        )

    def entries(self, listed: str) -> str:
        """The log entries of a query with `image` and `previous`, if they fit into a page of the log."""
        size = "octet_length(coalesce(_q.image, '')) + octet_length(coalesce(_q.previous, ''))"
        return (
            f"SELECT _q.*, CASE WHEN sum({size}) OVER (ROWS UNBOUNDED PRECEDING) > {LOG_PAGE_FACTOR * self.page_bytes} "
            f"THEN data.too_large() END AS _fits FROM ({_apart(listed)}) _q"
        )

    def changes(self, events: str) -> str:
        """The events of a query with `change`, a text, if they fit into a page; else the statement fails."""
        return (
            f"SELECT _q.*, CASE WHEN sum(octet_length(_q.change)) OVER (ROWS UNBOUNDED PRECEDING) > {self.page_bytes} "
            f"THEN data.too_large() END AS _fits FROM ({_apart(events)}) _q"
        )

    def cut_value_mark(self, path: str) -> str:
        """The beginning of a value that was cut; the field's name and a colon follow it."""
        return f"{self.mark}{VALUE}{path}"

    def split_value_marks(self, answer: str) -> tuple[str, list[str]]:
        """A response without marks of values, and the paths of the fields that were cut somewhere in it."""
        first, *others = answer.split(f'"{self.mark}{VALUE}')
        cut = dict.fromkeys(part.partition(":")[0] for part in others)
        return '"'.join((first, *(part.partition(":")[2] for part in others))), list(cut)

    def split_marks(self, answer: str) -> tuple[str, list[str]]:
        """A response without marks, and the paths of the includes that were truncated somewhere in it."""
        first, *others = answer.split(f'"{self.mark}')
        if not others:
            return answer, []
        kept, cut = [first], dict[str, None]()
        for part in others:
            path, _, rest = part.partition('"')
            cut[path] = None
            # The mark follows at least one record.
            kept[-1] = kept[-1].rstrip().removesuffix(",")
            kept.append(rest)
        return "".join(kept), list(cut)


def _apart(query: str) -> str:
    """A query that the planner does not merge into others, so that its values are computed once, row by row."""
    return f"SELECT * FROM ({query}) _i OFFSET 0"
