"""Dead letters as the API shows them: sensitive and personal values are masked in payload and error.

The stored letter is complete, because a replay handles it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from libs.shared import exact
from libs.shared.schema.secrecy import MASK, concealed, definition_of, hidden_texts, masked_record, texts_in, without
from libs.shared.schema.snapshot import Snapshot

Letter = dict[str, Any]


def visible(letter: Letter, schema: Snapshot) -> Letter:
    """A letter masked by the current definitions. A payload that is no event is shown unchanged."""
    try:
        event = exact.loads(letter["payload"])
    except ValueError:
        return letter
    if not isinstance(event, dict):
        return letter
    if isinstance(event.get("data"), dict):
        data, hidden = _signal_data(event["data"])
        shown: Any = event | {"data": data}
    else:
        hidden, shown = _commit(event, schema)
    return letter | {"payload": exact.dumps(shown).decode(), "error": without(letter["error"], hidden)}


def _commit(event: Mapping[str, Any], schema: Snapshot) -> tuple[Collection[str], Letter]:
    """A commit's hidden values, and the commit without them."""
    definition = definition_of(schema, str(event.get("entity")))
    records = {name: event[name] for name in ("before", "after") if isinstance(event.get(name), dict)}
    hidden = {text for record in records.values() for text in hidden_texts(record, definition, shortest=1)}
    shown = {**event, "effects": concealed(event.get("effects") or [], hidden)}
    shown |= {name: masked_record(record, definition) for name, record in records.items()}
    if isinstance(event.get("changed"), dict):
        shown["changed"] = {
            name: change if masked_record({name: 0}, definition)[name] != MASK else MASK
            for name, change in event["changed"].items()
        }
    return hidden, shown


def _signal_data(data: Mapping[str, Any]) -> tuple[Letter, Collection[str]]:
    """The plain values of a signal. Nested values are hidden, because they may contain fields of records."""
    nested = [each for each in data.values() if isinstance(each, dict | list)]
    hidden = {text for each in nested for text in texts_in(each) if len(text) > 1}
    named = {"entity", "record_id", "instance_id", "workflow_id"}
    shown = {
        name: MASK if isinstance(each, dict | list) else each if name in named else concealed(each, hidden)
        for name, each in data.items()
    }
    return shown, hidden
