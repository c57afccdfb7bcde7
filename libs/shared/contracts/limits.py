"""Limits: what the gateways tell each other, so that they count as one."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.messages import Announcement


@dataclass(frozen=True, slots=True)
class QuotaSpent(Announcement):
    """Requests that `gateway` has let in since it told last: of one `kind` of bucket, by its key."""

    name = "limits.spent"
    gateway: str
    kind: str
    spent: dict[str, int]
