"""The outbox endpoint: consumers read signals here that the stream no longer has."""

from __future__ import annotations

from typing import Any

from libs.shared.bus.outbox.log_batches import encode_entries
from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import WITH_OUTBOX, ReadSignals, of
from libs.shared.postgres.databases import Databases

MAX_SIGNALS = 500
"""The largest number of signals in a response."""


def endpoints(service: str, databases: Databases) -> dict[type[Request[Any]], Any]:
    """The endpoint of a service that has an outbox."""
    if service not in WITH_OUTBOX:
        return {}
    outbox = Outbox(service)

    async def read(context: Context, request: ReadSignals) -> Response:
        app, most = context.the_app, min(request.most, MAX_SIGNALS)
        found = await outbox.read_settled(app, databases.of(app), request.position, request.until, most)
        return Response(body=encode_entries(found))

    return {of(service, ReadSignals): read}
