"""What commits would set off here, without anything being stored."""

from __future__ import annotations

from collections import Counter

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.effect_previews import EffectCounts, PreviewEffects
from libs.shared.contracts.streams import CommitEvent
from services.notify import consumers
from services.notify.state import State


async def preview_effects(state: State, context: Context, request: PreviewEffects) -> EffectCounts:
    """The notifications by rule that the consumer would plan."""
    events = [CommitEvent(**document) for document in exact.loads(request.body)]
    planned = await consumers.plan(state, context.the_app, events)
    found = [new for each in planned.reactions if each for fan_out in each.fan_outs for new in fan_out.notifications]
    return EffectCounts(dict(Counter(str(new.metadata.get("rule") or "transitions") for new in found)))
