"""Paths of this checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_SCHEMAS = ROOT / "tests/data"
"""Exports of two real apps, with sample records."""
