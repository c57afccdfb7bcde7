"""Masks sensitive and personal fields in logs that admins read.

Receivers of webhooks and mails get unmasked values; audit and the delivery log show masks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

import re2
from cachetools import LRUCache

from libs.shared import exact
from libs.shared.schema.entities import DELETED, EntityDefinition
from libs.shared.schema.snapshot import Snapshot

MASK = "***"
MIN_CHARACTERS = 4
"""Shorter values are not searched for in texts: they occur everywhere by chance."""
MIN_CUT_CHARACTERS = 500
"""Shorter texts were not cut because of their length."""
MAX_TRIES = 100
"""Positions that are tried as the beginning of a cut value; if there are more, the whole text is masked."""
CONTROL = re2.compile(r"[\x00-\x1f\x7f\x85\x{2028}\x{2029}]+")
URL_SPECIAL = re2.compile(r"[^A-Za-z0-9_.~-]")
MAX_DEFINITIONS = 1_000
"""Definitions whose unmasked fields are cached."""


def definition_of(snapshot: Snapshot, entity: str) -> EntityDefinition | None:
    """The definition that decides what is masked, also of a deleted entity; None if there never was one."""
    live = snapshot.entities.get(entity)
    if live is not None:
        return live.definition
    gone = [e.definition for e in snapshot.by_number.values() if e.name == entity]
    return gone[-1] if gone else None


def masked(record: Mapping[str, Any] | None, definition: EntityDefinition | None) -> dict[str, Any] | None:
    """The record with hidden values masked; null stays null.

    A field that is no longer defined is hidden too: its secrecy is unknown.
    """
    if record is None or definition is None:
        return dict(record) if record is not None else None
    shown = unmasked_fields(definition)
    return {name: value if name in shown or value is None else MASK for name, value in record.items()}


def masked_record(record: Mapping[str, Any], definition: EntityDefinition | None) -> dict[str, Any]:
    """The record with hidden values masked; all values, if there is no definition."""
    if definition is None:
        return {name: None if value is None else MASK for name, value in record.items()}
    return masked(record, definition) or {}


def hidden_texts(
    record: Mapping[str, Any] | None, definition: EntityDefinition | None, shortest: int = MIN_CHARACTERS
) -> Iterator[str]:
    """The hidden values of a record in the forms that occur in texts; all values if the entity is gone."""
    shown = unmasked_fields(definition) if definition is not None else frozenset()
    for name, value in (record or {}).items():
        if name not in shown:
            yield from (text for text in texts_in(value) if len(text) >= shortest)


def texts_in(value: Any) -> Iterator[str]:
    """The texts and numbers within a JSON value, as texts. True, false and null tell nothing."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)
    elif isinstance(value, str):
        yield value
    elif value is not None and not isinstance(value, bool):
        yield exact.dumps(value).decode().strip('"')


def without(text: str, hidden: Iterable[str]) -> str:
    """A text with masks in place of hidden values, in all forms that texts get them in; short ones as whole words."""
    for value in sorted(hidden, key=len, reverse=True):
        for form in _forms(value):
            if len(form) >= MIN_CHARACTERS:
                text = text.replace(form, MASK)
            elif form and form in text:
                text = _without_word(text, form)
        if len(text) >= MIN_CUT_CHARACTERS and len(value) >= MIN_CHARACTERS:
            text = _without_beginning(text, " ".join(CONTROL.split(value)).strip())
    return text


def concealed(value: Any, hidden: Collection[str]) -> Any:
    """A JSON value with masks in place of hidden values."""
    if isinstance(value, dict):
        return {name: concealed(each, hidden) for name, each in value.items()}
    if isinstance(value, list):
        return [concealed(each, hidden) for each in value]
    if isinstance(value, str):
        return without(value, hidden)
    return MASK if any(text in hidden for text in texts_in(value)) else value


def quoted(records: Iterable[Mapping[str, Any] | None], texts: Collection[str]) -> dict[str, list[str]]:
    """By field, the values of records that occur in texts made of them: stored, to be masked on reading."""
    found: dict[str, set[str]] = {}
    for record in records:
        for name, value in (record or {}).items():
            for part in set(texts_in(value)):
                if any(without(text, [part]) != text for text in texts):
                    found.setdefault(name, set()).add(part)
    return {name: sorted(values) for name, values in found.items()}


def _forms(value: str) -> dict[str, None]:
    """A value unchanged, as in JSON and URLs, and on one line."""
    one_line = " ".join(CONTROL.split(value)).strip()
    written = exact.dumps(value).decode()[1:-1]
    urls = (quote(value), quote(value, safe=""), quote_plus(value)) if URL_SPECIAL.search(value) else ()
    return dict.fromkeys((written, value, one_line, *urls))


def _without_word(text: str, word: str) -> str:
    """A text with masks in place of a value, except within longer words and numbers."""
    parts = text.split(word)
    shown = parts[0]
    for before, after in pairwise(parts):
        within = _ends_a_word(before[-1:] or shown[-1:]) or _ends_a_word(after[:1])
        shown += (word if within else MASK) + after
    return shown


def _ends_a_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _without_beginning(text: str, value: str) -> str:
    """A text that may have been cut within a value, with a mask in place of the beginning of that value."""
    if len(value) < MIN_CHARACTERS:
        return text
    start = text.find(value[:MIN_CHARACTERS], max(0, len(text) - len(value) + 1))
    for _ in range(MAX_TRIES):
        if start < 0:
            return text
        if value.startswith(text[start:]):
            return text[:start] + MASK
        start = text.find(value[:MIN_CHARACTERS], start + 1)
    return MASK


def unmasked_fields(definition: EntityDefinition) -> frozenset[str]:
    """The fields that logs do not mask; computed once for each definition."""
    known = _UNMASKED.get(id(definition))
    if known is None or known[0] is not definition:
        names = {field.name for field in definition.fields if not field.is_hidden}
        known = _UNMASKED[id(definition)] = definition, frozenset(names | {DELETED})
    return known[1]


_UNMASKED: LRUCache[int, tuple[EntityDefinition, frozenset[str]]] = LRUCache(MAX_DEFINITIONS)
"""By identity, as comparing definitions would cost more than the computation."""
