"""Shapes: requests for reads without their values. SQL is compiled once per shape.

Shapes are plain tuples, so comparing and hashing them is quick. Values stand beside them in a list; a `slot` is an
index into it, from 1.
"""

from __future__ import annotations

from typing import NamedTuple

from libs.shared.permissions.profile import Profile
from services.data.query.predicates import Test


class View(NamedTuple):
    """What a caller may see of an entity. Its values follow the statement's first `base` ones."""

    profile: Profile
    base: int


Visible = View | None
"""What a caller may see: everything (None), or what a profile says."""


class Through(NamedTuple):
    """A related record, by `link`, exists that the caller may see and that meets `condition`."""

    link: str
    visible: Visible
    condition: Condition


Condition = Test | Through


class Include(NamedTuple):
    """Related records, included as `name`: those that the link of this name leads to and the caller may see."""

    name: str
    visible: Visible
    includes: tuple[Include, ...]


class Criteria(NamedTuple):
    """Which records of an entity: all conditions must hold.

    `deleted`: "" for live records, "with" or "only" for soft-deleted ones that `removable` covers.
    `search` is the slot of a pattern that one of the text fields has to match, or 0. `as_of` is the
    slot of a position in the log, or 0 for now.
    """

    visible: Visible
    conditions: tuple[Condition, ...] = ()
    deleted: str = ""
    removable: Visible = None
    search: int = 0
    as_of: int = 0


class Output(NamedTuple):
    """What is returned of a record: these fields, or all that the caller may see (None), and related records.

    `truncate` is the slot of the length that long values are cut to, or 0.
    """

    fields: tuple[str, ...] | None = None
    includes: tuple[Include, ...] = ()
    truncate: int = 0


Sort = tuple[tuple[str, bool], ...]
"""Fields to sort by, each with whether descending."""


class After(NamedTuple):
    """Rows after a place in the order: slots of its values, 0 for null. Empty at the beginning.

    `backward` means the rows before the place, and the last rows where there is none. `inclusive` adds the row at the
    place itself.
    """

    slots: tuple[int, ...] = ()
    backward: bool = False
    inclusive: bool = False


class Listing(NamedTuple):
    """One page of a list. `counting` says how all of it is counted: exact, estimated, none.

    `limit` and `offset` are slots; with a cursor (`after`) there is no offset.
    """

    criteria: Criteria
    output: Output
    sort: Sort
    counting: str
    limit: int
    offset: int
    after: After | None


class Point(NamedTuple):
    """Single records by key, or by slug."""

    criteria: Criteria
    output: Output
    by_slug: bool = False
