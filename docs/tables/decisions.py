"""The index of docs/decisions, from the files: number, title, and the summary line below the title."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "decisions"
FILES = "[0-9][0-9][0-9][0-9]-*.md"
HEAD = re.compile(r"# (?P<number>\d{4}): (?P<title>.+)\n\n> (?P<summary>.+)\n")
TABLE = re.compile(r"<!-- index -->\n.*?<!-- end -->", re.DOTALL)


def written(page: str) -> str:
    """The page with the index rewritten from the files."""
    return TABLE.sub(lambda _: index(), page)


def index() -> str:
    """The index table. Raises ValueError for a file whose head is malformed or numbered unlike its name."""
    rows = [_row(file) for file in sorted(FOLDER.glob(FILES))]
    return "\n".join(
        ["<!-- index -->", "", "| number | title | in one line |", "|---|---|---|", *rows, "", "<!-- end -->"]
    )


def _row(file: Path) -> str:
    head = HEAD.match(file.read_text(encoding="utf-8"))
    if head is None or head["number"] != file.name[:4]:
        raise ValueError(f"{file.name} must begin with '# {file.name[:4]}: Title', an empty line, and '> One line.'")
    return f"| [{head['number']}]({file.name}) | {head['title']} | {head['summary']} |"
