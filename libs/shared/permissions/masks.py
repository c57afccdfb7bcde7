"""Masks of values, as SQL and in process. Null stays null.

Hashes are SHA-256 over the app's salt, the record's key and the value. A record's hash changes where its value does,
and no other record with the same value has it, so none can be found by trying values in records of one's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from libs.shared.schema.fields import FieldDefinition
from libs.shared.schema.policies import MaskName

STARS = "****"
LAST_CHARACTERS = 4
"""Characters that `last4` keeps."""
KEPT_TYPES = ("string", "text", "uuid", "int", "bigint")
HASHED_TYPES = (*KEPT_TYPES, "decimal", "date", "timestamp")
MAIL = ("string", "text")


@dataclass(frozen=True, slots=True)
class Mask:
    """One way to mask a value: keep_last (the last `keep` characters), email, hash or null."""

    kind: str
    keep: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """Where several masks apply, the lowest rank is used: it shows most."""
        return ("keep_last", "email", "hash", "null").index(self.kind), -self.keep

    @classmethod
    def of(cls, said: MaskName) -> Mask:
        """The mask of a definition."""
        if said == "last4":
            return cls("keep_last", LAST_CHARACTERS)
        if isinstance(said, str) or said is None:
            return cls(said or "null")
        return cls("keep_last", said.keep_last)

    def fits(self, field: FieldDefinition) -> bool:
        """Whether values of this field can have this mask."""
        types = {"keep_last": KEPT_TYPES, "email": MAIL, "hash": HASHED_TYPES}
        return self.kind == "null" or field.type in types[self.kind]

    def sql(self, column: str, field: FieldDefinition, key: str, salt: Callable[[], str]) -> str:
        """The masked form of a column; `key` is the record's key as text, `salt` gives the placeholder of the app's."""
        text = _text_sql(column, field)
        match self.kind:
            case "keep_last":
                kept = f"CASE WHEN char_length({text}) > {self.keep} THEN {self.keep} ELSE 0 END"
                return f"'{STARS}' || right({text}, {kept})"
            case "email":
                return _email_sql(text)
            case "hash":
                about = f"concat(char_length({key}), ':', {key}, {text})"
                # A function of null is null; concat is none.
                hashed = f"encode(sha256({salt()} || convert_to({about}, 'UTF8')), 'hex')"
                return f"CASE WHEN {column} IS NOT NULL THEN {hashed} END"
        return "NULL::text"

    def apply(self, value: Any, key: str, salt: bytes) -> str | None:
        """The masked form of a value, as records have it; `key` is that of its record."""
        if value is None or self.kind == "null":
            return None
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        match self.kind:
            case "keep_last":
                return STARS + (text[-self.keep :] if len(text) > self.keep else "")
            case "email":
                return _email(text)
        return hashlib.sha256(salt + f"{len(key)}:{key}{text}".encode()).hexdigest()


def _text_sql(column: str, field: FieldDefinition) -> str:
    if field.type in ("date", "timestamp"):
        return f"(to_json({column}) #>> '{{}}')"
    return column if field.type in MAIL else f"{column}::text"


def _email_sql(text: str) -> str:
    at = f"strpos({text}, '@')"
    return (
        f"CASE WHEN {at} = 0 THEN '***' WHEN {at} < 3 THEN '***' || substr({text}, {at}) "
        f"ELSE left({text}, 1) || '***' || substr({text}, {at}) END"
    )


def _email(text: str) -> str:
    at = text.find("@")
    if at < 0:
        return "***"
    return (text[0] if at > 1 else "") + "***" + text[at:]
