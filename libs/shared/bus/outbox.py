"""A service's own events (`signals.*`): written with what they tell of, published by a relay.

No service changes a table and publishes by hand; it calls `emit` inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from libs.shared.bus.jetstream import Outgoing
from libs.shared.contracts.cloudevents import attributes
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import SIGNALS, signal_subject, signal_type
from libs.shared.postgres.databases import Connection, Database

EMIT = """
INSERT INTO {schema}.outbox (position, what, subject_key, trace_id, data)
SELECT nextval('{schema}.outbox_position'), $1, $2, $3, $4::jsonb
"""
READ = """
SELECT position, what, subject_key, trace_id, data::text, to_json(at) #>> '{{}}' AS at
FROM {schema}.outbox WHERE position > $1 ORDER BY position LIMIT $2
"""


class Outbox:
    """The outbox of one service; also the Log that its relay reads."""

    stream = SIGNALS

    def __init__(self, service: str) -> None:
        self.service = service
        self.table = f"{service}.outbox"
        self.sequence = f"{service}.outbox_position"
        self._emit = EMIT.format(schema=service)
        self._read = READ.format(schema=service)

    async def emit(
        self, transaction: Connection, what: str, subject_key: str, trace_id: str, data: dict[str, Any]
    ) -> None:
        """Tell, when this transaction commits, that `what` happened to `subject_key`.

        Last in its transaction: positions are taken when all row locks are held.
        """
        await transaction.execute(self._emit, what, subject_key, trace_id, orjson.dumps(data).decode())

    def subject_filter(self, app: AppRef) -> str:
        return signal_subject(app.id, self.service, ">")

    async def read(self, app: AppRef, database: Database, after: tuple[int, int], limit: int) -> Sequence[Outgoing]:
        rows = await database.fetch(self._read, after[0], limit)
        return [self._message(app, row) for row in rows]

    def settled(self, app: AppRef, position: int) -> None:
        """Signals are not sealed."""

    def _message(self, app: AppRef, row: Any) -> Outgoing:
        body = {
            "position": row["position"],
            "app_id": app.id,
            "service": self.service,
            "what": row["what"],
            "subject_key": row["subject_key"],
            "trace_id": row["trace_id"],
            "data": orjson.loads(row["data"]),
            "at": row["at"],
        }
        return Outgoing(
            position=(row["position"], 1),
            subject=signal_subject(app.id, self.service, row["what"]),
            payload=orjson.dumps(body),
            headers=attributes(
                f"{app.id}/{self.service}/{row['position']}",
                signal_type(self.service, row["what"]),
                app.id,
                row["subject_key"],
                row["at"],
            ),
        )
