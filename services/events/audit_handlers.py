"""The endpoints of the audit log: pages, cursors, exports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.events import ExportAuditLogs, ListAuditLogs
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import Exported
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database
from services.events import audit_store
from services.events.audit_export import COLUMNS, CONTENT_TYPES, Writer, writer_of
from services.events.audit_queries import AuditSelection, audit_selection
from services.events.state import State

NAME = "audit-logs"


async def list_audit_logs(state: State, context: Context, request: ListAuditLogs) -> Response:
    """One page of the audit log."""
    selection = audit_selection(request.query)
    database = state.database(context.the_app)
    if selection.after is None:
        rows, total = await audit_store.page(database, selection)
        return Response(body=b'{"data":%s,"meta":%s}' % (rows, exact.dumps(selection.page.meta(total))))
    found = await audit_store.behind(database, selection)
    shown = found[: selection.page.size]
    cursor = selection.cursor(shown[-1]) if len(found) > len(shown) else None
    return Response(body=exact.dumps({"data": shown, "meta": {"per_page": selection.page.size, "next_cursor": cursor}}))


async def export_audit_logs(state: State, context: Context, request: ExportAuditLogs) -> Exported:
    """All rows that match, as a file. Raises INVALID_PAYLOAD for an unknown format."""
    wanted: Mapping[str, str] = dict(request.query)
    kind = wanted.get("format", "") or "json"
    if kind not in CONTENT_TYPES:
        raise RocketError("INVALID_PAYLOAD", f"format must be one of {', '.join(CONTENT_TYPES)}")
    selection = audit_selection(request.query)
    chunks = _chunks(state.database(context.the_app), selection, writer_of(kind))
    subject = await state.streams.offer(context.the_app.id, chunks)
    return Exported(subject, CONTENT_TYPES[kind], f"{NAME}.{kind}", list(COLUMNS) if kind == "xlsx" else [])


async def _chunks(database: Database, selection: AuditSelection, writer: Writer) -> AsyncGenerator[bytes, None]:
    yield b""
    yield writer.head()
    async for rows in audit_store.each(database, selection):
        if rows:
            yield writer.lines(rows)
    yield writer.tail()
