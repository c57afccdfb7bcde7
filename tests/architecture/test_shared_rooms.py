"""libs/shared/README.md names every room and file of libs/shared."""

from __future__ import annotations

import re

from tests.support.checkout import ROOT

SHARED = ROOT / "libs/shared"
LINK = re.compile(r"\]\(([\w/.]+)\)")


def test_every_room_and_file_is_described() -> None:
    named = set(LINK.findall((SHARED / "README.md").read_text(encoding="utf-8")))
    rooms = {path.parent.relative_to(SHARED).as_posix() for path in SHARED.glob("*/__init__.py")}
    rooms |= {path.parent.relative_to(SHARED).as_posix() for path in SHARED.glob("bus/*/__init__.py")}
    files = {path.name for path in SHARED.glob("*.py")} - {"__init__.py"}
    assert rooms | files <= named
