"""One expression, template or path of a definition, with its location and the names that it can read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared.expressions.checking import ANY, CheckResult, Environment, Type, Use, check, check_path
from libs.shared.expressions.errors import START, ExpressionError, Position, position_at
from libs.shared.expressions.syntax.parsing import parse

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\}\}", re.ASCII)
"""What the data and notify services fill in templates."""

Key = tuple[str | int, ...]
Document = Mapping[str, Any]
Words = list[tuple[list[str], list[Position]]]


class TextForm(Enum):
    """The syntax of a text."""

    EXPRESSION = "expression"
    TEMPLATE = "template"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class ExpressionLocation:
    """A text of a definition: its keys from the document's root, its kind, and the names that it can read.

    Where `is_optional`, an unknown name is null by contract: worth a warning, but no error.
    """

    key: Key
    text: str
    form: TextForm
    environment: Environment
    is_optional: bool = False

    @property
    def path(self) -> str:
        """The keys as answers name them."""
        return ".".join(map(str, self.key))

    def paths(self) -> Words:
        """The names of each path in a template, or of the path that this is, with their positions."""
        if self.form is TextForm.PATH:
            return [_names(self.text, self.text, 0)]
        return [_names(self.text, found[1], found.start(1)) for found in PLACEHOLDER.finditer(self.text)]

    def check(self) -> Iterator[CheckResult]:
        """Checks the text. Raises ExpressionError if it is no expression."""
        if self.form is TextForm.EXPRESSION:
            yield check(parse(self.text), self.environment)
        else:
            for names, positions in self.paths():
                yield check_path(names, positions, self.environment)

    def uses(self) -> list[Use]:
        """The words that name fields of entities; none if the text can't be parsed."""
        try:
            return [use for result in self.check() for use in result.uses]
        except ExpressionError:
            return []

    def path_type(self) -> Type:
        """The type of the value that a path leads to; anything if it leads nowhere."""
        [result] = self.check()
        return ANY if result.errors else result.type


def _names(text: str, path: str, start: int) -> tuple[list[str], list[Position]]:
    names, positions = path.split("."), []
    for name in names:
        positions.append(position_at(text, start))
        start += len(name) + 1
    return names, positions or [START]
