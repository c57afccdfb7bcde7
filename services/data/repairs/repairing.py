"""Repairs the log, a page of entries at a time: find damaged entries, derive the right content, write it, record it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import structlog

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import RepairLog
from libs.shared.errors import invalid_field
from libs.shared.postgres.databases import Database
from libs.shared.postgres.errors import SchemaMoved
from services.data.integrity.blocks import key_of, signature_of
from services.data.model import Model
from services.data.repairs import store
from services.data.repairs.plan import Entry, Finding, findings
from services.data.replays.images import Shape, faults
from services.data.replays.table import Table, tables_of
from services.data.replays.tables import shape_of
from services.data.request.schema_fence import CURRENT_VERSION, under_current_schema
from services.data.state import State

log = structlog.get_logger()

PAGE_ENTRIES = 500
"""Entries checked in one response, and those read at a time of one record."""
VERSIONS_BEFORE = 2
"""Versions before a damaged one that are read with it."""


async def repair_log(state: State, context: Context, request: RepairLog) -> Response:
    """Repair the next page. Returns what was repaired, what not and why, and where to continue (`next`, or null)."""
    after = _place(request.after)

    async def attempt(model: Model) -> Response:
        database = state.database(context.the_app)
        document: dict[str, Any] = {"repaired": [], "left": [], "checked": 0, "dry_run": request.dry_run, "next": None}
        table = next((table for table in tables_of(model) if table.number >= after[0]), None)
        if table is None:
            return _answer(document)
        start = after[1:] if table.number == after[0] else ("", -1)
        page = await store.page(database, table.number, start, PAGE_ENTRIES)
        await _check_version(database, model)
        shape = shape_of(model, table)
        for record_id, first in _damaged(shape, page):
            for finding in await _findings(database, shape, table, record_id, first - VERSIONS_BEFORE):
                refused = await _refused(state, context, model, finding, table, request.dry_run)
                document["left" if refused else "repaired"].append(_to_dict(table, finding, refused))
        last = page[-1] if len(page) == PAGE_ENTRIES else None
        place = [table.number, last["record_id"], last["version"]] if last else [table.number + 1, "", -1]
        document |= {"checked": len(page), "next": exact.dumps(place).decode()}
        return _answer(document)

    return await under_current_schema(state, context, attempt)


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


async def _refused(
    state: State, context: Context, model: Model, finding: Finding, table: Table, dry_run: bool
) -> str | None:
    """Why an entry is not repaired; None if it is, or in a dry run would be."""
    right = finding.right
    if right is None or dry_run:
        return finding.reason if right is None else None
    app = context.the_app
    place = (right["position"], right["n"])
    async with state.database(app).transaction() as transaction:
        await _check_version(transaction, model)
        before = await store.digest(transaction, *place)
        if refused := await store.write(transaction, right):
            return refused
        after = await store.digest(transaction, *place)
        signature = signature_of(key_of(state.core.settings.secret_key, app.id), *place, before, after)
        by = context.user.email
        await store.insert(transaction, *place, before, after, signature, list(finding.faults), by)
    log.warning("log.entry_repaired", app_id=app.id, by=by, **_to_dict(table, finding, None))
    return None


async def _check_version(database: Any, model: Model) -> None:
    if await database.fetchval(CURRENT_VERSION) != model.version:
        raise SchemaMoved


def _to_dict(table: Table, finding: Finding, reason: str | None) -> dict[str, Any]:
    """Which entry it is, and what is wrong with it. Values are never returned."""
    entry = finding.entry
    named = {name: entry[name] for name in ("position", "n", "record_id", "version")}
    return {**named, "entity": table.title, "faults": list(finding.faults), "reason": reason}


def _place(text: str) -> tuple[int, str, int]:
    """Where to continue: a table's number, a record and its version. Raises VALIDATION_FAILED."""
    if not text:
        return -1, "", -1
    try:
        found = exact.loads(text)
    except ValueError:
        found = None
    match found:
        case [int(number), str(record_id), int(version)] if "\x00" not in record_id:
            if 0 <= number < 1 << 31 and -1 <= version < 1 << 63:
                return number, record_id, version
    raise invalid_field("after", "after must be the next of the previous response")


def _answer(document: dict[str, Any]) -> Response:
    return Response(body=exact.dumps({"data": document}))
