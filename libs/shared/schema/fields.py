"""Field types, and the definition of a field."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from libs.shared.schema.numbering import parse_format
from libs.shared.schema.strict import Strict
from libs.shared.schema.validation_errors import error_at

TYPES = ("string", "text", "int", "bigint", "decimal", "float", "boolean", "uuid", "timestamp", "date", "json", "file")
STAMPS = ("create", "update")
"""Values of `auto` that are about timestamps."""
NUMBERS = ("int", "bigint", "decimal", "float")
ALIASES = {"integer": "int"}
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,62}\Z")
SECRET = re.compile("password|passwd|secret|token|api_key|private_key")
"""Found in names of fields that hold secrets."""
SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})

COLUMN_TYPES = {
    "string": "text",
    "text": "text",
    "int": "integer",
    "bigint": "bigint",
    "float": "double precision",
    "boolean": "boolean",
    "uuid": "uuid",
    "timestamp": "timestamptz",
    "date": "date",
    "json": "jsonb",
    "file": "jsonb",
}
WIDENINGS = {
    ("int", "bigint"),
    ("int", "decimal"),
    ("bigint", "decimal"),
    ("int", "float"),
    ("string", "text"),
    ("text", "string"),
}
"""Type changes that keep every stored value unchanged."""


TEXTS = ("string", "text", "json")
"""Types whose values have a length."""
DEFAULT_LENGTH = 1_000_000
MAX_LENGTH = 10_000_000
"""Characters of a text, or of a json value as text: the default of `max_length`, and its limit."""


class FieldDefinition(Strict):
    """One field as an operator describes it."""

    name: str
    type: str
    required: bool = False
    unique: bool = False
    indexed: bool = False
    nullable: bool = False
    default: Any = None
    enum: list[Any] | None = None
    precision: int | None = Field(None, ge=0, le=18)
    max_length: int | None = Field(None, ge=1, le=MAX_LENGTH)
    auto: Literal["create", "update", "sequence"] | None = None
    format: str | None = Field(None, exclude_if=lambda text: text is None)
    gapless: bool = Field(False, exclude_if=lambda gapless: not gapless)
    sensitive: bool | None = Field(None, exclude_if=lambda sensitive: sensitive is None)
    """Whether logs mask it. By default they do if its name says that it holds a secret."""
    pii: bool = False
    renamed_from: str | None = Field(None, exclude=True)
    """Former name of the field; in a replacing definition only."""

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        if not NAME.match(name):
            raise ValueError("must begin with a letter and hold letters, digits and _ only, at most 63")
        if name in SYSTEM_COLUMNS:
            raise ValueError(f"must not be {name}, which PostgreSQL keeps for itself")
        return name

    @field_validator("type")
    @classmethod
    def _type(cls, kind: str) -> str:
        kind = ALIASES.get(kind, kind)
        if kind not in TYPES:
            raise ValueError(f"must be one of {', '.join(TYPES)}")
        return kind

    @model_validator(mode="after")
    def _fits(self) -> FieldDefinition:
        if self.auto in STAMPS and self.type != "timestamp":
            raise error_at("auto", f"{self.auto} is for timestamps")
        self._check_numbering()
        if self.max_length is not None and self.type not in TEXTS:
            raise error_at("max_length", f"max_length is for {', '.join(TEXTS)}")
        return self

    def _check_numbering(self) -> None:
        if self.auto != "sequence":
            for name in ("format", "gapless"):
                if getattr(self, name):
                    raise error_at(name, f"{name} is for numbered fields (auto: sequence)")
            return
        if self.type != "string":
            raise error_at("auto", "sequence is for strings")
        if self.format is None:
            raise error_at("format", "is required: such as PO-{year}-{n:05}")
        try:
            parse_format(self.format)
        except ValueError as problem:
            raise error_at("format", str(problem)) from None
        for name in ("default", "enum", "max_length"):
            if getattr(self, name) is not None:
                raise error_at(name, "is not for numbered fields: the server sets them")

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_unique(cls, document: Any) -> Any:
        if not isinstance(document, dict) or document.get("auto") != "sequence":
            return document
        if document.get("unique") is False:
            raise error_at("unique", "numbers are always unique")
        return {**document, "unique": True}

    @property
    def longest(self) -> int:
        """Characters of the longest value that may be written, for types that have a length."""
        return self.max_length or DEFAULT_LENGTH

    @property
    def is_hidden(self) -> bool:
        """Whether logs mask its values: by `sensitive`, as personal data, or by its name."""
        secret = SECRET.search(self.name.lower()) is not None if self.sensitive is None else self.sensitive
        return self.pii or secret

    @property
    def column_type(self) -> str:
        """The PostgreSQL type of the column."""
        if self.type == "decimal":
            return "numeric" if self.precision is None else f"numeric(18,{self.precision})"
        return COLUMN_TYPES[self.type]


def can_widen(old: FieldDefinition, new: FieldDefinition) -> bool:
    """Whether a column can take on the new definition without touching a stored value."""
    if old.type != new.type:
        return (old.type, new.type) in WIDENINGS and new.precision is None
    return old.precision == new.precision or new.precision is None
