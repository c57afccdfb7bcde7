"""One line from a text to its value, for the tables of the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.shared.expressions import EvaluationError, compile_expression

NOW = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)


def value(text: str, **environment: Any) -> Any:
    """The value of `text` where `now` is NOW and other names are as given."""
    return compile_expression(text)({"now": NOW, **environment})


def gives(text: str, expected: Any, **environment: Any) -> None:
    """Assert a value and its type: Python alone would take true for 1."""
    found = value(text, **environment)
    assert (type(found), found) == (type(expected), expected), text


def fails(text: str, message: str, **environment: Any) -> None:
    """Assert an EvaluationError with this message."""
    with pytest.raises(EvaluationError) as caught:
        value(text, **environment)
    assert caught.value.message == message
