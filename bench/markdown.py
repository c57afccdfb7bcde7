"""Tables and numbers of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table: the first columns are left-aligned, the others, with figures, right-aligned."""
    lines = [head, ["---"] * left + ["---:"] * (len(head) - left), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """A number with thousands separators and no more digits than are meaningful."""
    if value == 0:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"


def megabytes(size: int) -> str:
    """Bytes as megabytes."""
    return f"{size / 2**20:,.0f} MB"


def section(title: str, *paragraphs: str) -> str:
    """A heading and its paragraphs; empty paragraphs are left out."""
    return "\n\n".join([f"## {title}", *filter(None, paragraphs)])
