"""Which pages have generated tables, and what writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.tables import decisions, definitions, errors, routes, settings

ROOT = Path(__file__).resolve().parents[1]

PAGES: Mapping[str, Callable[[str], str]] = {
    "decisions/README.md": decisions.written,
    "reference/api/README.md": routes.with_core_routes,
    "reference/api/routes.md": routes.written,
    "reference/errors.md": errors.written,
    "reference/settings.md": settings.written,
    **{f"reference/definitions/{page.name}": definitions.written for page in sorted(definitions.PAGES.glob("*.md"))},
}
"""Path below docs/ → the function that returns the page with current tables."""
