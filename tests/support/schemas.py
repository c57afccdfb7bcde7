"""Snapshots for unit tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.shared.schema import Snapshot


def schema_with(kind: str, documents: Sequence[dict[str, Any]], version: int = 3) -> Snapshot:
    """A snapshot with definitions of one kind and no entities."""
    return Snapshot(version, {}, {}, (), {kind: documents})
