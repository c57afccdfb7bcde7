"""The static SQL of write requests."""

from __future__ import annotations

from services.data.log.entries import COLUMNS, LOG

# Effects: the commit of a key, and its entries; those of a created record come first.
EFFECT_POSITION = "SELECT position FROM data.effects WHERE effect_key = $1"
EFFECT_ENTRIES = f"""
SELECT {COLUMNS} FROM {LOG} WHERE _log.position = $1 AND ($2::text IS NULL OR _log.record_id = $2)
    AND ($3::int IS NULL OR _log.entity = $3) ORDER BY _log.n
"""
# Bulks: a plan made for a few rows would compare every row with every other; compiling takes longer than it saves.
PLAN_FOR_MANY_ROWS = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off"
