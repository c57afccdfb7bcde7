"""The state of the metadata service."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources, the due index of apps with indexes to build, and the outbox with its relay."""

    core: Core
    due: Due
    transactions: Transactions
