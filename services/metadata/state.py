"""What the handlers of the metadata service work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.due import Due
from libs.shared.runtime import Core


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources, and which apps have indexes to be built."""

    core: Core
    due: Due
