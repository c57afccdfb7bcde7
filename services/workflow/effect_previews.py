"""What commits would set off here, without anything being stored."""

from __future__ import annotations

from collections import Counter

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.effect_previews import EffectCounts, PreviewEffects
from libs.shared.contracts.streams import CommitEvent
from services.workflow import consumers
from services.workflow.state import State


async def preview_effects(state: State, context: Context, request: PreviewEffects) -> EffectCounts:
    """The instances by workflow that the consumer would plan."""
    events = [CommitEvent(**document) for document in exact.loads(request.body)]
    planned = await consumers.plan(state, context.the_app, events)
    started = [workflow for each in planned.reactions if each for workflow in each.workflows]
    return EffectCounts(dict(Counter(workflow.definition.name for workflow in started)))
