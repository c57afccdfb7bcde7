"""Walks through a list by cursors, in both directions."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client


async def walk(caller: Client, path: str, direction: str = "forward") -> list[Any]:
    """All rows of a list in its order, page by page from its beginning, or backward from its end.

    Each page must lead back to the page that it was reached from.
    """
    onward, back = ("next_cursor", "prev_cursor") if direction == "forward" else ("prev_cursor", "next_cursor")
    opposite = "backward" if direction == "forward" else "forward"
    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = (await caller.get(f"{path}&cursor={cursor}&direction={direction}")).expect(200)
        assert (reply.meta[back] is None) is (cursor == "")
        if pages:
            returned = await caller.get(f"{path}&cursor={reply.meta[back]}&direction={opposite}")
            assert returned.expect(200).data == pages[-1]
        pages.append(reply.data)
        cursor = reply.meta[onward]
    return [row for page in (pages if direction == "forward" else reversed(pages)) for row in page]
