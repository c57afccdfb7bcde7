"""What the rows of a dry run would set off: asked of the services that react to commits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.effect_previews import EffectCounts, PreviewEffects
from libs.shared.contracts.messages import Request
from libs.shared.contracts.operations import of
from libs.shared.contracts.streams import CommitEvent
from services.data.imports.jobs import ImportJob
from services.data.log.entries import differences
from services.data.model import EntityModel
from services.data.request.context import RequestContext
from services.data.rules.actions import RECORD_EFFECTS
from services.data.writes.context.drafts import Draft

REACTING = {"workflows": "workflow", "webhooks": "webhook", "notifications": "notify"}
"""Kind of effect → the service that is asked."""


async def count_effects(
    ctx: RequestContext, job: ImportJob, entity: EntityModel, drafts: Sequence[Draft]
) -> dict[str, Any]:
    """The effects of the job's rows so far, with those of these drafts."""
    known = exact.loads(job.row["effects"]) if job.row["effects"] else {}
    found = {kind: Counter(known.get(kind, {})) for kind in REACTING}
    if drafts:
        body = exact.dumps([_event(ctx, job, entity, place, draft) for place, draft in enumerate(drafts)])
        kinds: list[Callable[..., Request[EffectCounts]]] = [of(name, PreviewEffects) for name in REACTING.values()]
        answers = await asyncio.gather(*(ctx.state.core.rpc.request(kind(body), ctx.context) for kind in kinds))
        for kind, answer in zip(REACTING, answers, strict=True):
            found[kind].update(answer.counts)
    return {kind: dict(sorted(counts.items())) for kind, counts in found.items()}


def _event(ctx: RequestContext, job: ImportJob, entity: EntityModel, place: int, draft: Draft) -> CommitEvent:
    before = draft.stored.record if draft.stored else None
    after = draft.record
    who = ctx.caller
    return CommitEvent(
        position=0,
        n=place,
        commit_id=str(job.id),
        app_id=ctx.context.the_app.id,
        entity=entity.name,
        record_id=entity.key.text(entity.key.of(after)),
        version=draft.written.version if draft.written else 0,
        action="update" if draft.stored else "create",
        before=before,
        after=after,
        changed=differences(before, after),
        actor={"id": who.id, "email": who.email, "roles": who.roles, "via": who.via},
        origin={"ip": ctx.context.ip, "user_agent": ctx.context.user_agent},
        trace_id=ctx.context.trace_id,
        cause=ctx.context.cause,
        cause_depth=0,
        schema_version=ctx.model.version,
        at=clock.now().isoformat(),
        effects=[effect for effect in draft.effects if effect["type"] not in RECORD_EFFECTS],
    )
