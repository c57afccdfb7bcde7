"""Checks the names of an expression against its environment, and types where they are known.

    found = check(tree, {"record": Object({"qty": NUMBER}), "now": DATE})
    found.errors    # [CheckError(position, "record has no `qantity`; do you mean `qty`?")]
    found.uses        # where it names members of entities, for new names to be written there

A type that is not known (`ANY`: JSON, elements of it) fits everything, so only certain errors are reported.
"""

from libs.shared.expressions.checking.checker import CheckError, CheckResult, check, check_path
from libs.shared.expressions.checking.types import (
    ANY,
    BOOLEAN,
    DATE,
    NUMBER,
    STRING,
    Environment,
    ListOf,
    Object,
    Simple,
    Type,
)
from libs.shared.expressions.checking.uses import Use, rewritten

__all__ = [
    "ANY", "BOOLEAN", "DATE", "NUMBER", "STRING", "CheckError", "CheckResult", "Environment", "ListOf", "Object",
    "Simple", "Type", "Use", "check", "check_path", "rewritten",
]  # fmt: skip
