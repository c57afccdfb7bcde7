"""The script of the guide about importing data brings a CSV file into an entity, and again without doubling it."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.client import Client, entity, text

PAGE = ROOT / "docs/guides/importing-data.md"
SCRIPT = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_the_script_of_the_guide_imports_a_file_once(admin: Client, tmp_path: Path) -> None:
    await admin.define(entity("contact", text("number", unique=True), text("name")))
    [script] = SCRIPT.findall(PAGE.read_text(encoding="utf-8"))
    (tmp_path / "import.py").write_text(script, encoding="utf-8")
    rows = [f"K-{number},Müller {number}" for number in range(1200)]
    (tmp_path / "contacts.csv").write_text("\n".join(["number,name", *rows]), encoding="utf-8-sig")
    assert await run(tmp_path, admin) == ["done: 1200 created, 0 updated, 0 refused"]
    assert await run(tmp_path, admin) == ["done: 0 created, 1200 updated, 0 refused"]
    assert (await admin.get("/contact?filter[name]=Müller 1199")).meta["total"] == 1
    assert (await admin.get("/contact")).meta["total"] == 1200


async def run(folder: Path, admin: Client) -> list[str]:
    environment = {"BASE": f"{admin.url}{admin.prefix}", "TOKEN": admin.token}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "import.py", "contact", "contacts.csv", "key=number",
        cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
    assert process.returncode == 0
    return output.splitlines()
