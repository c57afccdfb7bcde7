"""The forms of a record: which fields are visible, decided once per record instead of once per field.

If fields are left out of some records, the records of a page have several forms. A tree of decisions leads to the form;
a condition of several fields is evaluated once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from libs.shared.permissions.profile import FieldAccess
from libs.shared.permissions.sql import FALSE, column
from libs.shared.schema import FieldDefinition

MAX_DEMANDS = 3
"""Conditions on which fields are left out, up to which forms are used: every further one may double the forms."""


class Way(NamedTuple):
    """What is shown of a field where all the demands are met; both as texts about any row."""

    demands: tuple[str, ...]
    text: str


class Form(NamedTuple):
    """A field in the first of the ways whose demands are met; left out where not even the last one's are."""

    field: FieldDefinition
    ways: tuple[Way, ...]

    @property
    def is_certain(self) -> bool:
        """Whether it is known if the field is shown."""
        return not self.ways or not self.ways[-1].demands

    def given(self, demand: str, is_met: bool) -> Form:
        """The field where a demand is known to be met or not."""
        if is_met:
            return Form(self.field, tuple(_until_certain(_without(way, demand) for way in self.ways)))
        if self.ways and demand in self.ways[-1].demands:
            return Form(self.field, ())  # each way is met only where the last one is, too
        return Form(self.field, tuple(way for way in self.ways if demand not in way.demands))


class Fork(NamedTuple):
    """A demand, and what follows where it is met and where it is not."""

    demand: str
    met: Tree
    unmet: Tree


Forms = tuple[Form, ...]
Tree = Fork | Forms


def form_of(access: FieldAccess) -> Form:
    """A field with all ways in which it is shown: as it is, and by each of its masks."""
    clear = [] if access.clear.text == FALSE else [Way(access.clear.demands, column(access.field.name))]
    return Form(access.field, (*clear, *(Way(each.when.demands, each.text) for each in access.masks)))


def tree_of(forms: Forms) -> Tree | None:
    """The decisions by which fields are left out or not; None where they are too many."""
    return _tree(forms) if len(_open(forms)) <= MAX_DEMANDS else None


def _tree(forms: Forms) -> Tree:
    open_demands = _open(forms)
    if not open_demands:
        return tuple(form for form in forms if form.ways)
    wanted = Counter(demand for form in forms for way in form.ways for demand in way.demands)
    demand = max(sorted(open_demands), key=lambda each: wanted[each])
    met, unmet = (tuple(form.given(demand, is_met) for form in forms) for is_met in (True, False))
    return Fork(demand, _tree(met), _tree(unmet))


def _open(forms: Forms) -> set[str]:
    """The demands by which it is decided whether fields are shown."""
    return {demand for form in forms if not form.is_certain for demand in form.ways[-1].demands}


def _without(way: Way, demand: str) -> Way:
    return Way(tuple(each for each in way.demands if each != demand), way.text)


def _until_certain(ways: Iterable[Way]) -> Iterator[Way]:
    """The ways up to one that demands nothing, which is taken before all that follow."""
    for way in ways:
        yield way
        if not way.demands:
            return
