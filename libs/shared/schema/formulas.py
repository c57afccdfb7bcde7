"""Expressions in definitions.

Expressions of a posted definition must compile. Those of an imported or stored one (pydantic context LENIENT) need not:
they are kept, and never evaluated.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from libs.shared.expressions import Expression, ExpressionError, compile_expression

LENIENT = {"lenient": True}
"""The validation context that accepts expressions which can't be evaluated."""


def is_lenient(info: ValidationInfo) -> bool:
    """Whether a definition is being read under LENIENT."""
    context: Any = info.context
    return isinstance(context, dict) and bool(context.get("lenient"))


def compiled(text: str) -> Expression | None:
    """The compiled expression; None if the text is none."""
    try:
        return compile_expression(text)
    except ExpressionError:
        return None


def _checked(text: str, info: ValidationInfo) -> str:
    try:
        if not is_lenient(info):
            compile_expression(text)
    except ExpressionError as error:
        raise ValueError(f"does not compile: {error}") from None
    return text


Formula = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
"""The text of an expression. Refused with the position of the first error."""
