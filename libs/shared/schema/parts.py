"""Parts of definitions that are stored as they were sent, and the limits that several kinds share."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from libs.shared.schema.strict import Strict, keys_of

MAX_ACTIONS = 50

Name = Annotated[str, Field(min_length=1, max_length=200)]
Url = Annotated[str, Field(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://.")]


class Part(Strict):
    """The base of all parts: null means absent, and documents are stored as sent."""

    always_written: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        known = keys_of(cls)
        return {key: value for key, value in given.items() if value is not None or key not in known}

    @model_serializer(mode="wrap")
    def _as_sent(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        kept = {fields[name].alias or name for name in self.model_fields_set | self.always_written}
        return {key: value for key, value in write(self).items() if key in kept}
