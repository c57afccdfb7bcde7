"""How much a browser fetches until the first screens are there."""

from __future__ import annotations

import json

from deploy.embedded import admin_build

KILOBYTES = {"shell": 185, "first_list": 260}
"""Compressed with brotli: the frame with the words of one language, and with a list of records."""


async def test_the_shell_and_the_first_list_are_small(built: None) -> None:
    sizes = json.loads((admin_build.ADMIN / "dist" / "sizes.json").read_text(encoding="utf-8"))
    fetched = {screen: round(count / 1000) for screen, count in sizes.items()}
    assert all(fetched[screen] <= most for screen, most in KILOBYTES.items()), fetched
