"""What a write needs of its process."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.bus.outbox.relay import Relay
from libs.shared.runtime import Core
from services.data.writes.statements.batching import WriteBatcher
from services.data.writes.statements.counters import Counters


@dataclass(frozen=True, slots=True)
class WriteResources:
    """Databases and settings of the process, the relay that publishes the log, and the writes that share statements."""

    core: Core
    relay: Relay
    batcher: WriteBatcher = field(default_factory=WriteBatcher)
    counters: Counters = field(default_factory=Counters)
