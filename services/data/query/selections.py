"""The output of rows, as parts of a statement."""

from __future__ import annotations

from typing import NamedTuple


class Selection(NamedTuple):
    """The columns of a SELECT, each row of which becomes a JSON object; or one `value`, the object itself.

    `beside` is what has to stand beside the row in FROM.
    """

    columns: str = ""
    value: str = ""
    beside: tuple[str, ...] = ()

    def rows(self, source: str = "", rest: str = "") -> str:
        """The query for the rows of `source`, followed by `rest`; its reader names a row _x."""
        columns = f"{self.value} AS _x" if self.value else self.columns
        return " ".join(part for part in (f"SELECT {columns}", self._from(source), rest) if part)

    def objects(self, source: str = "") -> tuple[str, str]:
        """The object of a row of `source` as an expression, and the FROM that it needs.

        For what would only wrap `rows` in another query, which PostgreSQL takes apart again every time.
        """
        return (self.value, self._from(source)) if self.value else ("_x", f"FROM ({self.rows(source)}) _x")

    def _from(self, source: str) -> str:
        sources = ([source] if source else []) + list(self.beside)
        return f"FROM {', '.join(sources)}" if sources else ""
