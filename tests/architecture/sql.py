"""The SQL texts in the source, and the words that they are made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import parse
from tests.support.checkout import ROOT

SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN|WHERE|RETURNING|ORDER BY|GROUP BY|EXISTS|CASE|LATERAL|ON)\b"
    r"|\bSHARE OF\b|::"
)
"""What a text of SQL, or a part of one, has; keywords are in capitals in this house."""
GAP = "⟨⟩"
"""What stands for the parts of a text that are put in."""
LITERAL = re.compile(r"'(?:[^']|'')*'")
WORD = re.compile(r"(?<![\w\"$])[A-Za-z_][A-Za-z0-9_]*")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of SQL in a file, with their lines; `⟨⟩` where something is put in."""
    tree = parse(path)
    spent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            spent |= {id(part) for part in node.values}
            text = "".join(str(p.value) if isinstance(p, ast.Constant) else GAP for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spent:
            text = node.value
        else:
            continue
        if SQL.search(text):
            yield node.lineno, text


def words(*folders: str) -> set[str]:
    """Every word in the SQL of these folders, migrations too, that could be a name."""
    found: set[str] = set()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix == ".py":
                found.update(word for _, text in texts(path) for word in WORD.findall(text))
            elif path.suffix == ".sql":
                found.update(WORD.findall(re.sub(r"--.*", "", path.read_text(encoding="utf-8"))))
    return found
