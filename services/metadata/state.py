"""What the handlers of the metadata service work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.runtime import Core


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources."""

    core: Core
