"""The outbox of a service as it answers for it: signals for consumers that the stream has none for any more."""

from __future__ import annotations

from typing import Any

from libs.shared.bus.logged import joined
from libs.shared.bus.outbox import Outbox
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer, Ask
from libs.shared.contracts.operations import WITH_OUTBOX, ReadSignals, of
from libs.shared.postgres.databases import Databases

MOST = 500
"""Signals answered at once."""


def endpoints(service: str, databases: Databases) -> dict[type[Ask[Any]], Any]:
    """The endpoint of a service that has an outbox."""
    if service not in WITH_OUTBOX:
        return {}
    outbox = Outbox(service)

    async def read(context: Context, question: ReadSignals) -> Answer:
        app, most = context.the_app, min(question.most, MOST)
        found = await outbox.read_settled(app, databases.of(app), question.position, question.until, most)
        return Answer(body=joined(found))

    return {of(service, ReadSignals): read}
