"""Several notifications as one: its subject, text and HTML. Pure."""

from __future__ import annotations

import html
from collections.abc import Sequence

from services.notify.matching import NewNotification
from services.notify.rendering import html_of
from services.notify.store import ClaimedNotification, HeldNotification
from services.notify.templates import MAX_BODY_CHARACTERS, one_line

MAX_GATHERED = 100
"""Notifications of one mail; the others go into the next one."""


def digest_of(first: ClaimedNotification, parts: Sequence[HeldNotification], app: str) -> NewNotification:
    """One notification for all that are due together, to the receiver of the first one."""
    rules = {each.metadata.get("rule") for each in parts}
    about = f": {rules.pop()}" if len(rules) == 1 and None not in rules else ""
    records = {(each.entity, each.record_id) for each in parts}
    entity, record_id = records.pop() if len(records) == 1 else (None, None)
    text = "\n\n".join(f"{each.subject}\n\n{each.body}".strip() for each in parts)
    pieces = (f"<h3>{html.escape(each.subject)}</h3>{each.html or html_of(each.body)}" for each in parts)
    return NewNotification(
        channel=first.channel,
        recipient=first.recipient,
        subject=one_line(f"{len(parts)} notifications of {app}{about}"),
        body=text[:MAX_BODY_CHARACTERS],
        # Which ones are due together is decided once: they are marked in the same transaction.
        effect_key=f"digest/{parts[0].id}/{parts[-1].id}",
        user_id=first.user_id,
        entity=entity,
        record_id=record_id,
        trace_id=parts[0].trace_id,
        metadata={"count": len(parts), "notifications": [each.id for each in parts]}
        | ({"rule": first.metadata.get("rule")} if about else {}),
        quoted={},
        type=first.type,
        channel_id=first.channel_id or "",
        html="<hr>".join(pieces)[:MAX_BODY_CHARACTERS],
        origin="digest",
    )
