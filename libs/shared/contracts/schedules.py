"""Schedules of workflows: what the workflow service tells of them."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFailed(Signal):
    """A time of a schedule has started nothing, as its records can't be found. The next time is tried again."""

    service, name, key_field = "workflow", "schedule_failed", "workflow_id"

    workflow_id: str
    workflow_name: str
    due_at: str
    reason: str
