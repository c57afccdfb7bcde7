"""Derives what damaged entries of a record must contain, from the versions before and after them and its row. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from services.data.replays.images import Image, Shape, contents, faults, read

Entry = Mapping[str, Any]
"""A row of the log: position, n, record_id, version, action, and `image` and `previous` as JSON text or None."""

UNKNOWN: Any = object()
"""A state that nothing determines. A deleted record has the state None."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record's row in its table, as the log would have it."""

    version: int
    image: Image


@dataclass(frozen=True, slots=True)
class Finding:
    """A damaged entry. `right` is what it must contain; None if nothing determines it, because of `reason`."""

    entry: Entry
    faults: Sequence[str]
    right: Entry | None
    reason: str = ""


def findings(shape: Shape, entries: Sequence[Entry], row: Row | None) -> Iterator[Finding]:
    """The damaged ones among successive entries of one record, oldest first. `row` is its row in the table, if any.

    A repair counts only if the entry has no fault afterwards. Otherwise the entry stays as it is.
    """
    states = _states(shape, entries, row)
    former: Entry | None = None
    for place, entry in enumerate(entries):
        wrong = list(faults(shape, entry, entries[place - 1] if place else None))
        right = _rewritten(shape, entries, states, place) if wrong else entry
        if right == entry or list(faults(shape, right, former)):
            right = entry
        left = list(faults(shape, right, former))
        if wrong and not left and right is not entry:
            yield Finding(entry, wrong, right)
        elif left:
            yield Finding(entry, left, None, _reason(states, place))
        former = right


def _states(shape: Shape, entries: Sequence[Entry], row: Row | None) -> list[Any]:
    """The record after each entry: an image, None or UNKNOWN. Derived from the newest to the oldest."""
    states = [UNKNOWN] * len(entries)
    for place in reversed(range(len(entries))):
        entry = entries[place]
        own = _state_in(shape, entry)
        if place + 1 < len(entries):
            next_says = (
                _state_before(shape, entries[place + 1], states[place + 1])
                if _adjacent(entries, place + 1)
                else UNKNOWN
            )
            states[place] = _reconciled(shape, entries, place, own, next_says)
        elif (own is UNKNOWN or own is None) and row is not None and row.version == entry["version"]:
            states[place] = row.image
        else:
            states[place] = own
    return [_completed(shape, entries, states, place) for place in range(len(entries))]


def _reconciled(shape: Shape, entries: Sequence[Entry], place: int, own: Any, next_says: Any) -> Any:
    """A state by its own entry (`own`) and by the next one (`next_says`)."""
    if next_says is UNKNOWN or _same(own, next_says):
        return own
    if own is None:
        # The entry looks like a hard deletion, but the next one found the record.
        return next_says if _follows(shape, entries, place, next_says) is not False else UNKNOWN
    if own is not UNKNOWN and _follows(shape, entries, place, own) is not False:
        return own
    fits = _follows(shape, entries, place, next_says)
    return next_says if fits or (fits is None and own is UNKNOWN) else UNKNOWN


def _follows(shape: Shape, entries: Sequence[Entry], place: int, state: Any) -> bool | None:
    """Whether an entry with this state follows from the previous one; None if nothing determines it."""
    entry = entries[place]
    if entry["action"] == "create":
        return isinstance(state, dict)
    if place == 0 or not _adjacent(entries, place):
        return None
    before, left = _state_before(shape, entry, state), _state_in(shape, entries[place - 1])
    return None if UNKNOWN in (before, left) else _same(before, left)


def _state_in(shape: Shape, entry: Entry) -> Any:
    """The state in an entry's own image, UNKNOWN if it is not valid."""
    image = read(entry["image"])
    if image is None:
        return None if entry["action"] == "delete" else UNKNOWN
    return image if _whole(shape, image) else UNKNOWN


def _state_before(shape: Shape, entry: Entry, state: Any) -> Any:
    """The state before an entry, by its previous and the state after it."""
    if entry["action"] == "create":
        return None
    previous = read(entry["previous"])
    if state is UNKNOWN or not isinstance(previous, dict) or list(contents(shape, "previous", previous)):
        return UNKNOWN
    before = {**(state or {}), **previous}
    return before if _whole(shape, before) else UNKNOWN


def _completed(shape: Shape, entries: Sequence[Entry], states: Sequence[Any], place: int) -> Any:
    """A state with the fields that later states no longer have, where the entry has not set them.

    UNKNOWN where it has: nothing says to what.
    """
    state = states[place]
    if state is UNKNOWN or state is None or not place or _same(_state_in(shape, entries[place]), state):
        return state
    former, previous = states[place - 1], read(entries[place]["previous"])
    if not isinstance(former, dict) or not _adjacent(entries, place):
        return state
    gone = former.keys() - state.keys()
    if isinstance(previous, dict) and gone & previous.keys():
        return UNKNOWN
    return {**state, **{key: former[key] for key in gone}}


def _rewritten(shape: Shape, entries: Sequence[Entry], states: Sequence[Any], place: int) -> Entry:
    """An entry rewritten by the states; itself if they determine no more than it says."""
    entry, state = entries[place], states[place]
    if state is UNKNOWN:
        return entry
    image = entry["image"] if _same(_state_in(shape, entry), state) else _text(state)
    previous = None if entry["action"] == "create" else entry["previous"]
    before = states[place - 1] if place and _adjacent(entries, place) else UNKNOWN
    if (
        isinstance(before, dict)
        and entry["action"] != "create"
        and not _same(_state_before(shape, entry, state), before)
    ):
        previous = _text(_old_values(before, state))
    return {**entry, "image": image, "previous": previous}


def _old_values(before: Image, after: Image | None) -> Image:
    """The old values of what has changed; all of them for a deleted record."""
    if after is None:
        return before
    return {key: before.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _whole(shape: Shape, image: Any) -> bool:
    if not isinstance(image, dict) or list(contents(shape, "image", image)):
        return False
    return bool(image) and all(image.get(key) is not None for key in shape.keys)


def _same(one: Any, other: Any) -> bool:
    """Whether two states are the same; a field that a state does not have is null."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one is other
    return all(one.get(key) == other.get(key) for key in one.keys() | other.keys())


def _adjacent(entries: Sequence[Entry], place: int) -> bool:
    return bool(entries[place]["version"] == entries[place - 1]["version"] + 1)


def _reason(states: Sequence[Any], place: int) -> str:
    if states[place] is UNKNOWN:
        return "neither the next version nor the record's row determines what it left"
    if place and states[place - 1] is UNKNOWN:
        return "what the version before it left is not determined"
    return "what the entries beside it say does not fit together"


def _text(document: Any) -> str | None:
    return None if document is None else exact.dumps(document).decode()
