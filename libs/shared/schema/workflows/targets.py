"""Where a step leads: "end", or another step of its list."""

from __future__ import annotations

from typing import Literal

from libs.shared.schema.parts import Name, Part

END: Literal["end"] = "end"


class Goto(Part):
    """The step to go on with, or "end"."""

    goto: Name


Target = Literal["end"] | Goto


def destination(target: Target) -> str:
    """The id of the step a target names, or "end"."""
    return target if isinstance(target, str) else target.goto
