"""The expression language of rules, guards, conditions and computed fields.

    violated = compile_expression("record.status == 'approved' && record.amount > 100")
    if violated.test({"record": record, "old": old, "user": user, "now": now}): ...

Read `syntax/grammar.lark` for what can be written, `values/` for what it means, `functions/` for
the functions and `limits.py` for what it may cost. The way of a text: `syntax.parsing` makes the
tree, `compiling.compiler` makes closures of it, `expression.Expression` runs them.
"""

from libs.shared.expressions.errors import EvaluationError, ExpressionError, Position
from libs.shared.expressions.expression import Expression, compile_expression

__all__ = ["EvaluationError", "Expression", "ExpressionError", "Position", "compile_expression"]
