"""States as JSON, and back. Pure."""

from __future__ import annotations

from typing import Any

from services.workflow.machine.state import Frame, InstanceState

STATE = tuple(InstanceState.__dataclass_fields__)
FRAME = tuple(Frame.__dataclass_fields__)


def state_to_dict(state: InstanceState) -> dict[str, Any]:
    """A state as plain values."""
    document = {name: getattr(state, name) for name in STATE}
    document["frames"] = [{name: getattr(frame, name) for name in FRAME} for frame in state.frames.values()]
    return document


def state_from_dict(document: dict[str, Any]) -> InstanceState:
    """The state that `state_to_dict` has written; keys that an older version did not know have their defaults."""
    known = {name: document[name] for name in STATE if name in document}
    frames = [Frame(**{name: each[name] for name in FRAME if name in each}) for each in document["frames"]]
    return InstanceState(**{**known, "frames": {frame.path: frame for frame in frames}})
