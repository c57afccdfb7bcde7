"""Values of forms, checked against their fields. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.errors import Detail, RocketError
from libs.shared.nearest import unknown
from libs.shared.schema.values import BadValue, is_among, parse_value
from libs.shared.schema.workflows import FormField

FORM = "form"


def filled_form(
    fields: Sequence[FormField], sent: Mapping[str, Any] | None, decision: str, where: str = FORM
) -> dict[str, Any]:
    """The values of a form, with its defaults. Raises VALIDATION_FAILED with a detail per field.

    `decision` is approve, reject or start: some fields are required for one of them only.
    """
    values = dict(sent or {})
    known = {field.name: field for field in fields}
    details: list[Detail] = [
        {"field": f"{where}.{name}", "rule": "unknown", "message": unknown(name, list(known))}
        for name in values
        if name not in known
    ]
    filled: dict[str, Any] = {}
    for name, field in known.items():
        value = values.get(name)
        if value is None:
            value = field.default
        if value is None or value == "":
            if field.is_required_for(decision):
                details.append({"field": f"{where}.{name}", "rule": "required", "message": "is required"})
            continue
        if problem := _problem(field, value):
            details.append({"field": f"{where}.{name}", "rule": problem[0], "message": problem[1]})
        filled[name] = value
    if details:
        first = details[0]
        raise RocketError("VALIDATION_FAILED", f"{first['field']} {first['message']}", details)
    return filled


def _problem(field: FormField, value: Any) -> tuple[str, str] | None:
    as_field = field.as_field()
    try:
        parsed = parse_value(as_field, value)
    except BadValue as problem:
        return "type", str(problem)
    if field.enum and value not in field.enum and not is_among(as_field, parsed, field.enum):
        return "enum", f"must be one of {', '.join(map(str, field.enum))}"
    return None
