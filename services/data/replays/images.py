"""Checks every image of the log: whether it is well formed, and follows from the one before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from libs.shared import exact

Image = dict[str, Any]
NUMBERS = (int, Decimal, float)
KINDS: Mapping[str, tuple[type, ...]] = {
    "int": (int,), "bigint": (int,), "decimal": NUMBERS, "float": NUMBERS, "boolean": (bool,),
    **dict.fromkeys(("string", "text", "uuid", "timestamp", "date"), (str,)),
}  # fmt: skip
"""Type of a field → what its values are in an image; json and file may be anything."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the images of an entity or relation hold: every field id there is, and the types of today's fields."""

    ids: frozenset[str]
    kinds: Mapping[str, str]
    names: Mapping[str, str]
    """Field id → name."""
    keys: Sequence[str] = ()
    """The ids of the fields of the key, which an image can't do without."""

    def name(self, field_id: str) -> str:
        return self.names.get(field_id, field_id)


def faults(shape: Shape, entry: Any, former: Any | None) -> Iterator[str]:
    """The errors of an entry, in phrases with names of fields, never values; `former` is the record's previous one."""
    image, previous = read(entry["image"]), read(entry["previous"])
    action = entry["action"]
    for which, document in (("image", image), ("previous", previous)):
        if document is not None and not isinstance(document, dict):
            yield f"its {which} is no object"
        elif isinstance(document, dict):
            yield from contents(shape, which, document)
    if isinstance(image, dict) and any(image.get(key) is None for key in shape.keys):
        yield "its image has no key"
    if image is None and action != "delete":
        yield "it has no image"
    if action == "create" and previous is not None:
        yield "it has a previous, though it is a creation"
    if action != "create" and previous is None:
        yield "it has no previous"
    if former is not None:
        yield from _succession(shape, entry, former, image, previous)


def contents(shape: Shape, which: str, document: Image) -> Iterator[str]:
    """The errors in the keys and values of an image or a previous."""
    if unknown := sorted(document.keys() - shape.ids):
        yield f"its {which} has keys that are no field's: {len(unknown)}"
    wrong = [key for key, value in document.items() if not _fits(shape.kinds.get(key, "json"), value)]
    if wrong:
        yield f"its {which} has values that are none of the field's type: {_listed(shape, wrong)}"


def _fits(kind: str, value: Any) -> bool:
    wanted = KINDS.get(kind)
    if value is None or wanted is None:
        return True
    return isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool))


def _succession(shape: Shape, entry: Any, former: Any, image: Any, previous: Any) -> Iterator[str]:
    """What the entry says of the record before it must be what the record's last entry left."""
    if entry["version"] != former["version"] + 1:
        yield f"its version is not the one behind {former['version']}"
        return
    left = read(former["image"])
    if entry["action"] == "create" or not isinstance(left, dict) or not isinstance(previous, dict):
        return  # nothing was there, or it is said already
    found = {**image, **previous} if isinstance(image, dict) else previous
    differing = [key for key in left.keys() | found.keys() if left.get(key) != found.get(key)]
    if differing:
        yield f"it does not follow from the version before: {_listed(shape, differing)}"


def _listed(shape: Shape, keys: list[str]) -> str:
    return ", ".join(sorted(shape.name(key) for key in keys))


def read(text: str | None) -> Any:
    """An image as it is worked with; None where there is none."""
    return None if text is None else exact.loads(text)
