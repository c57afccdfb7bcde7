"""Limits the concurrent deliveries of each endpoint, within one replica. Pure.

An endpoint starts with a limit of one. Each success raises it by one, up to a maximum; a failure sets it back to one.
Endpoints without a success yet share a part of all places, so that hanging ones leave the rest to the others.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from libs.shared.contracts.context import AppRef

Key = tuple[AppRef, str]
"""App and endpoint."""
MAX_REMEMBERED = 20_000
"""Endpoints whose limits are remembered."""
DOUBTFUL_SHARE = 0.5
"""The share of all places that endpoints without a success may take."""


@dataclass(slots=True)
class EndpointSlots:
    """One endpoint: deliveries under way, their limit, and whether more may wait in the store."""

    under_way: int = 0
    limit: int = 1
    proven: bool = False
    more: bool = False


class EndpointConcurrencyLimiter:
    """The limits of all endpoints."""

    def __init__(self, places: int, per_endpoint: int) -> None:
        self._per_endpoint = per_endpoint
        self._most_doubtful = max(1, int(places * DOUBTFUL_SHARE))
        self._doubtful = 0
        self._limiter: OrderedDict[Key, EndpointSlots] = OrderedDict()
        self._turned_away: OrderedDict[Key, None] = OrderedDict()

    def room(self, key: Key) -> int:
        """How many more deliveries an endpoint may start. Notes its demand."""
        lane = self._lane(key)
        room = lane.limit - lane.under_way
        if not lane.proven:
            doubtful = self._most_doubtful - self._doubtful
            if room > 0 and doubtful <= 0:
                self._turned_away[key] = None
            room = min(room, doubtful)
        lane.more = lane.more or room <= 0
        return max(0, room)

    def begin(self, key: Key, count: int, more: bool) -> bool:
        """Count started deliveries; `more` may wait. Returns whether the endpoint is proven."""
        lane = self._lane(key)
        lane.under_way += count
        lane.more = more
        if not lane.proven:
            self._doubtful += count
        return lane.proven

    def end(self, key: Key, proven: bool, succeeded: bool) -> list[Key]:
        """Count a finished delivery, started when its endpoint was `proven`; returns the endpoints to claim for now."""
        lane = self._lane(key)
        lane.under_way -= 1
        lane.proven = succeeded
        lane.limit = min(self._per_endpoint, lane.limit + 1) if succeeded else 1
        following = [key] if lane.more else []
        if not proven:
            self._doubtful -= 1
            following += self.next_in_line()
        return following

    def next_in_line(self) -> list[Key]:
        """The endpoint that has waited longest for a place, if it fits now."""
        if not self._turned_away or self._doubtful >= self._most_doubtful:
            return []
        return [self._turned_away.popitem(last=False)[0]]

    def _lane(self, key: Key) -> EndpointSlots:
        lane = self._limiter.get(key)
        if lane is None:
            lane = self._limiter[key] = EndpointSlots()
            self._forget()
        self._limiter.move_to_end(key)
        return lane

    def _forget(self) -> None:
        if len(self._limiter) > MAX_REMEMBERED:
            oldest, lane = next(iter(self._limiter.items()))
            if not lane.under_way:
                del self._limiter[oldest]
