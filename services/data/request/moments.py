"""The moment of a read: `as_of` is a time or position in the past, `min_commit` a commit that must be visible."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from libs.shared import clock
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.paging import positive
from libs.shared.schema import BadValue, FieldDefinition, parse_text
from services.data.log.positions import reach_position
from services.data.query.scope import refused
from services.data.request.context import RequestContext

MOMENT_TIMEOUT_S = 3.0
"""Seconds that a read waits for its moment."""
NOT_SETTLED = "The moment asked for has not come yet, or is not settled"
TIME = FieldDefinition(name="as_of", type="timestamp")


async def moment_of(ctx: RequestContext, query: Pairs, name: str = "as_of") -> int | None:
    """The position that `as_of`, or another parameter, means, or None for now; waits for it, and for `min_commit`.

    Raises INVALID_PAYLOAD for what is no moment or lies in the future, TIMEOUT when it is not settled in time.
    """
    if not query:
        return None
    parameters = dict(query)
    if name not in parameters and "min_commit" not in parameters:
        return None
    try:
        async with asyncio.timeout(min(MOMENT_TIMEOUT_S, ctx.context.remaining())):
            if "min_commit" in parameters:
                # Tables show every commit at once, so it is seen when it has been made.
                await reach_position(ctx.database, _position("min_commit", parameters["min_commit"]))
            return await _parse_as_of(ctx, parameters[name], name) if name in parameters else None
    except TimeoutError:
        raise RocketError("TIMEOUT", NOT_SETTLED) from None


def time_of(query: Pairs, name: str) -> datetime | None:
    """The time that a parameter names; None if it is absent. Raises INVALID_PAYLOAD."""
    text = dict(query).get(name)
    if not text:
        return None
    try:
        moment: datetime = parse_text(TIME, text)
    except BadValue as problem:
        raise refused(name, problem) from None
    return moment


async def latest_of(ctx: RequestContext) -> int:
    """The greatest position there is, when it is settled. Raises TIMEOUT."""
    try:
        async with asyncio.timeout(min(MOMENT_TIMEOUT_S, ctx.context.remaining())):
            return await ctx.state.settled.wait_for_latest(ctx.database)
    except TimeoutError:
        raise RocketError("TIMEOUT", NOT_SETTLED) from None


async def _parse_as_of(ctx: RequestContext, text: str, name: str) -> int:
    if text.isascii() and text.isdigit():
        position = _position(name, text)
        await ctx.state.settled.wait_for_position(ctx.database, position)
        return position
    return await ctx.state.settled.wait_for_time(ctx.database, _time(text, name))


def _position(name: str, text: str) -> int:
    position = positive(text)
    if not position:
        raise refused(name, "must be a position")
    return position


def _time(text: str, name: str) -> datetime:
    try:
        moment: datetime = parse_text(TIME, text)
    except BadValue as problem:
        raise refused(name, f"{problem}, or a position") from None
    if moment - clock.now() > timedelta(seconds=MOMENT_TIMEOUT_S):
        raise refused(name, "must not lie in the future")
    return moment
