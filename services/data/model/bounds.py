"""How much one answer may hold: related records per parent and level, bytes of a page, groups of an aggregate.

PostgreSQL makes the JSON, so it has to stop itself: sizes are added up row by row, and the first row that is too much
ends the statement, before more is made. A list of related records that is cut ends with a mark, a text that is no
record and that nobody else can write; it is taken out, and told beside the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024
LOG_PAGE = 4
"""Pages of the log hold whole records, of which less is shown: they may have so many times the bytes of a page."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one app's answers. `mark` is known to nobody but us."""

    included: int = 1_000
    page_bytes: int = 8 * MIB
    groups: int = 100_000
    mark: str = "cut:"

    def rows(self, rows: str) -> str:
        """JSON values `_j` of a query, in its order, as long as they fit into a page; else the statement fails.

        For use behind FROM, as `_t`.
        """
        return (
            f"(SELECT CASE WHEN sum(pg_column_size(_s._j)) OVER (ROWS UNBOUNDED PRECEDING) <= {self.page_bytes} "
            f"THEN _s._j ELSE data.too_large() END AS _j FROM ({_apart(rows)}) _s) _t"
        )

    def related(self, select: str, path: str) -> str:
        """The rows of `select` as a JSON list; of more than there may be the first ones, and the mark with `path`."""
        rows = f"SELECT to_json(_x) AS _j FROM ({select} LIMIT {self.included + 1}) _x OFFSET 0"
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
        """The log entries of a query with `image` and `previous`, as long as they fit into a page of the log."""
        size = "octet_length(coalesce(_q.image, '')) + octet_length(coalesce(_q.previous, ''))"
        return (
            f"SELECT _q.*, CASE WHEN sum({size}) OVER (ROWS UNBOUNDED PRECEDING) > {LOG_PAGE * self.page_bytes} "
            f"THEN data.too_large() END AS _fits FROM ({_apart(listed)}) _q"
        )

    def changes(self, events: str) -> str:
        """The events of a query with `change`, a text, as long as they fit into a page; else the statement fails."""
        return (
            f"SELECT _q.*, CASE WHEN sum(octet_length(_q.change)) OVER (ROWS UNBOUNDED PRECEDING) > {self.page_bytes} "
            f"THEN data.too_large() END AS _fits FROM ({_apart(events)}) _q"
        )

    def split_marks(self, answer: str) -> tuple[str, list[str]]:
        """An answer without marks, and the includes, as paths, that were cut somewhere in it."""
        first, *others = answer.split(f'"{self.mark}')
        if not others:
            return answer, []
        kept, cut = [first], dict[str, None]()
        for part in others:
            path, _, rest = part.partition('"')
            cut[path] = None
            # The mark stands behind at least one record.
            kept[-1] = kept[-1].rstrip().removesuffix(",")
            kept.append(rest)
        return "".join(kept), list(cut)


def _apart(query: str) -> str:
    """A query that the planner leaves as it is, so that its values are made once, one row after the other."""
    return f"SELECT * FROM ({query}) _i OFFSET 0"
