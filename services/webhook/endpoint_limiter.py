"""How many deliveries each endpoint may have under way. Pure bookkeeping of one replica.

An endpoint begins with one, and gets one more with each success until it has all it may; a failure takes
it back to one. Endpoints of which nothing good is known yet share a part of all places, so however many
of them hang, those that answer have the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from libs.shared.contracts.context import AppRef

Key = tuple[AppRef, str]
"""App and endpoint."""
MAX_REMEMBERED = 20_000
"""Endpoints of which it is remembered how they are."""
DOUBTFUL_SHARE = 0.5
"""The share of all places that endpoints without a success may take."""


@dataclass(slots=True)
class EndpointSlots:
    """One endpoint: what is under way, what may be, and whether more may wait in the store."""

    under_way: int = 0
    limit: int = 1
    proven: bool = False
    more: bool = False


class EndpointConcurrencyLimiter:
    """The lanes of all endpoints."""

    def __init__(self, places: int, per_endpoint: int) -> None:
        self._per_endpoint = per_endpoint
        self._most_doubtful = max(1, int(places * DOUBTFUL_SHARE))
        self._doubtful = 0
        self._limiter: OrderedDict[Key, EndpointSlots] = OrderedDict()
        self._turned_away: OrderedDict[Key, None] = OrderedDict()

    def room(self, key: Key) -> int:
        """How many more an endpoint may have under way. It is noted that it has asked."""
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
        """Deliveries are under way; `more` may wait. Answers whether the endpoint is proven."""
        lane = self._lane(key)
        lane.under_way += count
        lane.more = more
        if not lane.proven:
            self._doubtful += count
        return lane.proven

    def end(self, key: Key, proven: bool, succeeded: bool) -> list[Key]:
        """A delivery has ended that was begun when its endpoint was `proven`; answers who may be looked at now."""
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
        """Who was turned away longest ago and may be looked at now, as somebody has ended or had nothing to send."""
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
