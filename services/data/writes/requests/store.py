"""The static SQL of write requests."""

from __future__ import annotations

# Effects: nothing is returned where the key was stored before.
REMEMBER_EFFECT = """
INSERT INTO data.effects (effect_key) VALUES ($1) ON CONFLICT (effect_key) DO NOTHING RETURNING effect_key
"""
NOTE_POSITION = "UPDATE data.effects SET position = $2 WHERE effect_key = $1"
EFFECT_POSITION = "SELECT position FROM data.effects WHERE effect_key = $1"
# Bulks: a plan made for a few rows would compare every row with every other; compiling takes longer than it saves.
PLAN_FOR_MANY_ROWS = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off"
