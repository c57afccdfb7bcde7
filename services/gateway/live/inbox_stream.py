"""A live stream of a user's inbox: looks for new notifications as a stream of events does."""

from __future__ import annotations

from libs.shared import clock
from libs.shared.contracts.events import NewEvents
from libs.shared.contracts.notifications import ListNewInboxRows
from services.gateway.live.activity_stream import OVERLAP_US, ActivityStream
from services.gateway.live.event_stream import REQUEST_TIMEOUT_S


class InboxStream(ActivityStream):
    """One stream of the notifications of a user."""

    event = "notification"

    async def _look(self, after: int | None) -> NewEvents:
        context = self._context.for_user(self._session.identity).until(clock.unix() + REQUEST_TIMEOUT_S)
        since = -1 if after is None else max(0, after - OVERLAP_US)
        found = await self._sources.rpc.request(ListNewInboxRows(since), context)
        return NewEvents(found.position, found.events, found.is_cut, found.body)
