"""The entries of a history: what has happened to an instance, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.workflow.machine.state import Json


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry. `kind` says what has happened in which frame (`scope`) at which step; `data` says the rest."""

    kind: str
    scope: str = ""
    step: str | None = None
    data: Json = field(default_factory=dict)
    at: str = ""

    @property
    def shown(self) -> Json | None:
        """The entry as the API shows it; None for entries that are the machine's own."""
        status = self.data.get("status") if self.kind in WITH_STATUS else self.kind if self.kind in PUBLIC else None
        if status is None or (self.kind == ENDED and status != "cancelled"):
            return None
        where = {"scope": self.scope} if self.scope else {}
        said = {name: self.data[name] for name in TOLD if self.data.get(name) is not None}
        return {"step": self.step, "status": status, **where, **said, "at": self.at}


STARTED, ADOPTED, NOTED = "started", "adopted", "noted"
ENTERED, LEFT, FAILED, ENDED = "entered", "left", "failed", "ended"
RECORD_SEEN, ASKED, SENT, ANSWERED, WARNED = "record_seen", "asked", "sent", "answered", "warned"
REQUESTED, SLEPT, PAUSED, RESUMED = "requested", "slept", "paused", "resumed"
OPENED, CLOSED, DROPPED = "opened", "closed", "dropped"
SEATED, DECIDED, REMINDED, ESCALATED, REASSIGNED = "seated", "decided", "reminded", "escalated", "reassigned"
RETURNED, RETRIED, MIGRATED = "returned", "retried", "migrated"
DELETED, RENAMED = "deleted", "renamed"

WITH_STATUS = frozenset({NOTED, LEFT, DECIDED, ENDED})
"""Kinds whose status in the API is in their data; without one they are not shown."""
PUBLIC = frozenset({FAILED, REMINDED, ESCALATED, REASSIGNED, RETURNED, RETRIED, MIGRATED})
"""Kinds that the API shows under their own name."""
TOLD = ("by", "on_behalf_of", "override", "seat", "comment", "form", "reason", "to")
"""What the API shows of an entry's data."""
