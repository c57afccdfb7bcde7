"""The outbox: signals of a service, written in the transaction of what they are about, published by a relay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared import exact
from libs.shared.bus.nats.jetstream import Outgoing
from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.bus.outbox.writers import close_taken
from libs.shared.contracts.cloudevents import attributes
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.signals import Signal, data_of
from libs.shared.contracts.streams import INBOX_DAYS, SIGNALS, signal_subject, signal_type
from libs.shared.postgres.databases import Connection, Database

EMIT = """
INSERT INTO {schema}.outbox (position, what, subject_key, trace_id, data)
SELECT nextval('{schema}.outbox_position'), what, subject_key, trace_id, data::jsonb
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS e(what, subject_key, trace_id, data)
"""
COLUMNS = "position, what, subject_key, trace_id, data::text, to_json(at) #>> '{{}}' AS at"
READ = f"""
SELECT {COLUMNS} FROM {{schema}}.outbox WHERE position > $1 ORDER BY position LIMIT $2
"""
TAKEN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {schema}.outbox_position"
# A consumer without a position may have handled older signals: it gets no more than its inbox remembers.
SETTLED = f"""
SELECT {COLUMNS} FROM {{schema}}.outbox
WHERE position > $1 AND position <= $2 AND ($1 > 0 OR at > now() - interval '{INBOX_DAYS} days')
ORDER BY position LIMIT $3
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
        self._taken = TAKEN.format(schema=service)
        self._settled = SETTLED.format(schema=service)

    async def emit(self, transaction: Connection, *signals: Signal) -> None:
        """Publish signals, in this order, once the transaction has committed.

        Call it last in the transaction: positions are taken when all row locks are held.
        """
        if not signals:
            return
        await transaction.execute(
            self._emit,
            [signal.what for signal in signals],
            [signal.subject_key for signal in signals],
            [signal.trace_id for signal in signals],
            [exact.dumps(data_of(signal)).decode() for signal in signals],
        )

    def subject_filter(self, app: AppRef) -> str:
        return signal_subject(app.id, self.service, ">")

    async def read(self, app: AppRef, database: Database, after: tuple[int, int], limit: int) -> Sequence[Outgoing]:
        rows = await database.fetch(self._read, after[0], limit)
        return [self._message(app, row) for row in rows]

    async def read_settled(
        self, app: AppRef, database: Database, position: int, until: int | None, limit: int
    ) -> Sequence[Outgoing]:
        """The settled entries after a position, up to another one, as messages. The relay publishes later ones.

        Waits for running writers. Callers must limit the wait.
        """
        watermark = Watermark()
        await close_taken(watermark, database, self.table, await database.fetchval(self._taken))
        last = watermark.position if until is None else min(watermark.position, until)
        rows = await database.fetch(self._settled, position, last, limit)
        return [self._message(app, row) for row in rows]

    def on_settled(self, app: AppRef, position: int) -> None:
        """Nothing follows the outbox, unlike the log."""

    def _message(self, app: AppRef, row: Any) -> Outgoing:
        body = {
            "position": row["position"],
            "app_id": app.id,
            "service": self.service,
            "what": row["what"],
            "subject_key": row["subject_key"],
            "trace_id": row["trace_id"],
            "data": exact.loads(row["data"]),
            "at": row["at"],
        }
        return Outgoing(
            position=(row["position"], 1),
            subject=signal_subject(app.id, self.service, row["what"]),
            payload=exact.dumps(body),
            headers=attributes(
                f"{app.id}/{self.service}/{row['position']}",
                signal_type(self.service, row["what"]),
                app.id,
                row["subject_key"],
                row["at"],
            ),
        )
