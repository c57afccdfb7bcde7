"""Repairs the log, a page of entries at a time: finds damaged entries, derives the right content, records it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import structlog

from libs.shared import exact
from libs.shared.postgres.databases import Database
from services.data.integrity.blocks import repair_signature, signing_key
from services.data.model.version import check_current
from services.data.repairs import store
from services.data.repairs.plan import Entry, Finding, findings
from services.data.replays.images import Shape, faults
from services.data.replays.table import Table, tables_of
from services.data.replays.tables import shape_of
from services.data.request.context import RequestContext

log = structlog.get_logger()

PAGE_ENTRIES = 500
"""Entries checked for one response, and those read at a time of one record."""
VERSIONS_BEFORE = 2
"""Versions before a damaged one that are read with it."""


Place = tuple[int, str, int]
"""Where repairing goes on: the number of a table, a record id, a version."""


async def repair_page(ctx: RequestContext, after: Place, dry_run: bool) -> dict[str, Any]:
    """Repair a page of entries; returns the repaired ones, the others with reasons, and the `next` place or None."""
    document: dict[str, Any] = {"repaired": [], "left": [], "checked": 0, "dry_run": dry_run, "next": None}
    table = next((table for table in tables_of(ctx.model) if table.number >= after[0]), None)
    if table is None:
        return document
    start = after[1:] if table.number == after[0] else ("", -1)
    page = await store.page(ctx.database, table.number, start, PAGE_ENTRIES)
    await check_current(ctx.database, ctx.model)
    shape = shape_of(ctx.model, table)
    for record_id, first in _damaged(shape, page):
        for finding in await _findings(ctx.database, shape, table, record_id, first - VERSIONS_BEFORE):
            refused = await _repair(ctx, finding, table, dry_run)
            document["left" if refused else "repaired"].append(_to_dict(table, finding, refused))
    last = page[-1] if len(page) == PAGE_ENTRIES else None
    place = [table.number, last["record_id"], last["version"]] if last else [table.number + 1, "", -1]
    return document | {"checked": len(page), "next": exact.dumps(place).decode()}


def _damaged(shape: Shape, page: Sequence[Entry]) -> Iterator[tuple[str, int]]:
    """The records with damaged entries, each with the version of the first."""
    for record_id, found in groupby(page, key=lambda entry: str(entry["record_id"])):
        former: Entry | None = None
        first: int | None = None
        for entry in found:
            if first is None and any(faults(shape, entry, former)):
                first = entry["version"]
            former = entry
        if first is not None:
            yield record_id, first


async def _findings(database: Database, shape: Shape, table: Table, record_id: str, first: int) -> list[Finding]:
    """The damaged entries of a record from a version on; read until a page ends with an intact one."""
    entries = list(await store.versions(database, table.number, record_id, first, PAGE_ENTRIES))
    more = len(entries) == PAGE_ENTRIES
    while more and any(faults(shape, entries[-1], entries[-2])):
        behind = await store.versions(database, table.number, record_id, entries[-1]["version"] + 1, PAGE_ENTRIES)
        entries += behind
        more = len(behind) == PAGE_ENTRIES
    # Read after the entries: if its version is that of the last entry, it is what that entry left.
    row = await store.row_of(database, table, record_id)
    return list(findings(shape, entries, row))


async def _repair(ctx: RequestContext, finding: Finding, table: Table, dry_run: bool) -> str | None:
    """Repair an entry; returns why it was not, None if it was, or with `dry_run` would be."""
    right = finding.right
    if right is None or dry_run:
        return finding.reason if right is None else None
    app = ctx.context.the_app
    place = (right["position"], right["n"])
    async with ctx.database.transaction() as transaction:
        await check_current(transaction, ctx.model)
        before = await store.digest(transaction, *place)
        if refused := await store.write(transaction, right):
            return refused
        after = await store.digest(transaction, *place)
        key = signing_key(ctx.state.core.settings.secret_key, app.id)
        by = ctx.caller.email
        signature = repair_signature(key, *place, before, after)
        await store.insert(transaction, *place, before, after, signature, list(finding.faults), by)
    log.warning("log.entry_repaired", app_id=app.id, by=by, **_to_dict(table, finding, None))
    return None


def _to_dict(table: Table, finding: Finding, reason: str | None) -> dict[str, Any]:
    """The place of an entry and its errors. Values are never returned."""
    entry = finding.entry
    named = {name: entry[name] for name in ("position", "n", "record_id", "version")}
    return {**named, "entity": table.title, "faults": list(finding.faults), "reason": reason}
