"""What the handlers of the metadata service work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources, which apps have indexes to be built, and how changes of definitions are told."""

    core: Core
    due: Due
    transactions: Transactions
