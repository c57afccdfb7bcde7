"""The versions of a definition: the changes of each, and how one is restored. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Ids = Mapping[str, Mapping[str, Any]]
"""Name of a field → `{"id": number, …}`."""

NAMES = ("name", "id")
"""Keys that parts of a definition are known by, so that a list of them may be reordered."""
MAX_PATHS = 200
"""Changed paths listed of one version; if there are more, their first keys are listed instead."""


@dataclass(frozen=True, slots=True)
class Version:
    """A definition as it was. `ids` are those of an entity's fields, unknown for the oldest."""

    number: int
    at: str
    user_id: str | None
    user_email: str | None
    document: dict[str, Any]
    ids: dict[str, dict[str, Any]]

    def to_dict(self, before: Version | None) -> dict[str, Any]:
        """The version as the list returns it; `before` is the previous version."""
        changed = list(changed_paths(before.document if before else {}, self.document))
        if len(changed) > MAX_PATHS:
            changed = sorted({path.partition(".")[0] for path in changed})
        user = {"id": self.user_id, "email": self.user_email}
        return {"version": self.number, "at": self.at, "user": user, "changed": changed}


def listed(versions: Sequence[Version], size: int) -> list[dict[str, Any]]:
    """The first `size` versions as responses contain them, each compared with the next older one."""
    pairs = zip(versions, [*versions[1:], None], strict=False)
    return [version.to_dict(before) for version, before in pairs][:size]


def changed_paths(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The paths at which two documents differ: the deepest ones that both have, or that one of them lacks."""
    if old == new and type(old) is type(new):
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None or type(old) is not type(new):
        yield path
        return
    found = False
    for name in [*after, *(name for name in before if name not in after)]:
        here = f"{path}.{name}" if path else name
        if name not in before or name not in after:
            found = True
            yield here
        else:
            for each in changed_paths(before[name], after[name], here):
                found = True
                yield each
    if not found:
        yield path  # the same parts in another order


def _parts(value: Any) -> Mapping[str, Any] | None:
    """The parts of an object, or of a list by their names or indices; None for other values."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    for key in NAMES:
        names = [each.get(key) if isinstance(each, dict) else None for each in value]
        if value and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(map(str, names), value, strict=True))
    return {str(place): each for place, each in enumerate(value)}


def with_renames(document: dict[str, Any], then: Ids, now: Ids, live: Collection[str]) -> dict[str, Any]:
    """An entity's former document, to be its next one: fields that have other names by now say so.

    `then` and `now` are the ids of its fields, `live` the names of those that it has.
    """
    names = {now[name]["id"]: name for name in live if name in now}
    fields = []
    for field in document["fields"]:
        name = field["name"]
        today = names.get(then[name]["id"]) if name in then else None
        renamed = today is not None and today != name and name not in live
        fields.append({**field, "renamed_from": today} if renamed else field)
    return {**document, "fields": fields}
