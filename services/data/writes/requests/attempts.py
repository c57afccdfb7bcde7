"""Carries a write out as often as it takes: again where a slug was taken meanwhile, or after webhooks have agreed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from services.data.model import EntityModel
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.numbers import with_free_numbers
from services.data.writes.preparing.slugs import with_free_slugs
from services.data.writes.statements.changes import Action
from services.data.writes.synchronous_webhooks.asking import with_consent
from services.data.writes.synchronous_webhooks.collecting import may_be_asked

T = TypeVar("T")


async def in_attempts(
    write: WriteContext,
    entity: EntityModel,
    action: Action,
    bodies: Sequence[Any],
    run: Callable[[], Awaitable[T]],
    *,
    asks: bool = True,
) -> T:
    """What `run` returns, which carries out the whole write each time. `asks` says whether webhooks are asked.

    Raises what `run` and asking raise.
    """
    attempt = partial(with_free_slugs, write.database, entity, bodies, partial(with_free_numbers, write, run))
    if asks and write.model.synchronous_webhooks and may_be_asked(write, entity, action, bodies):
        return await with_consent(write, attempt)
    return await attempt()
