"""Expressions as PostgreSQL conditions over rows, for those that mean exactly the same there.

    condition = translate(expression.tree, {"record": columns}, {"user": user, "now": now}, parameters)

gives a text that is true for exactly the rows for which `expression.test` is true, or raises
NotTranslatable: an expression that may fail for some row, reads lists or JSON, or uses what the two
worlds do differently (letter case, regular expressions, endless quotients) is left to its closure.
What only a text of a million characters could tell, the limits of `limits.py`, is not imitated.

`terms` are typed pieces of SQL, `translator` makes them of nodes; `comparing`, `computing` and
`functions` know one kind of node each.
"""

from libs.shared.expressions.sql.columns import Column
from libs.shared.expressions.sql.terms import NotTranslatable
from libs.shared.expressions.sql.translator import Placeholders, translate

__all__ = ["Column", "NotTranslatable", "Placeholders", "translate"]
