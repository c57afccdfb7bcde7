"""Expressions as parts of definitions.

A definition that is posted must hold sound expressions. One that is imported or read back from storage
(pydantic context LENIENT) may hold others: they are kept as they are, and never evaluated.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from libs.shared.expressions import Expression, ExpressionError, compile_expression

LENIENT = {"lenient": True}
"""The validation context under which what can't be evaluated is accepted."""


def is_lenient(info: ValidationInfo) -> bool:
    """Whether a definition is being read under LENIENT."""
    context: Any = info.context
    return isinstance(context, dict) and bool(context.get("lenient"))


def compiled(text: str) -> Expression | None:
    """The expression ready to run; None for a text that is none."""
    try:
        return compile_expression(text)
    except ExpressionError:
        return None


def _checked(text: str, info: ValidationInfo) -> str:
    try:
        if not is_lenient(info):
            compile_expression(text)
    except ExpressionError as mistake:
        raise ValueError(f"does not compile: {mistake}") from None
    return text


Formula = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
"""The text of an expression. Refused with the position of the first mistake."""
