"""Generated worlds: related entities, what happens in them, and what a plain Python model says lists answer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
Rows = dict[str, Row]
"""Records by id; `deleted` is the mark of those in the trash."""

NAMES = ("a", "b", "c")
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value is not None and value == wanted,
    "neq": lambda value, wanted: value != wanted,
    "gte": lambda value, wanted: value is not None and value >= wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
}


@dataclass(frozen=True, slots=True)
class Tie:
    """A one_to_many relation: its name from the source, `up<n>` from the target."""

    number: int
    source: str
    target: str

    @property
    def name(self) -> str:
        return f"r{self.number}"

    @property
    def up(self) -> str:
        return f"up{self.number}"

    @property
    def key(self) -> str:
        """The field of the target that refers to the source."""
        return f"{self.up}_id"


@dataclass(frozen=True, slots=True)
class World:
    """Entities by name, whether their records are soft-deleted, and their relations."""

    soft: Mapping[str, bool]
    ties: Sequence[Tie]

    def definition(self, name: str, prefix: str) -> dict[str, Any]:
        """An entity as an operator describes it."""
        keys = [{"name": tie.key, "type": "uuid"} for tie in self.ties if tie.target == name]
        return {
            "name": prefix + name,
            "table": f"{prefix}{name}_rows",
            "primary_key": {"field": "id", "type": "uuid", "generated": True},
            "soft_delete": self.soft[name],
            "fields": [
                {"name": "id", "type": "uuid"}, {"name": "text", "type": "string"}, {"name": "n", "type": "int"}, *keys,
            ],
        }  # fmt: skip

    def relations(self, prefix: str) -> list[dict[str, Any]]:
        """The relations as an operator describes them; their names are the app's, so they have the prefix too."""
        return [
            {
                "name": prefix + tie.name, "type": "one_to_many", "source": prefix + tie.source,
                "target": prefix + tie.target, "target_key": tie.key, "on_delete": "restrict",
            }
            for tie in self.ties
        ]  # fmt: skip

    def ways(self, name: str) -> list[tuple[Tie, bool]]:
        """The relations of an entity, each with whether it is seen from its source."""
        out = [(tie, True) for tie in self.ties if tie.source == name]
        return out + [(tie, False) for tie in self.ties if tie.target == name]


@dataclass(slots=True)
class Model:
    """All records of a world."""

    world: World
    rows: dict[str, Rows] = field(default_factory=lambda: {name: {} for name in NAMES})

    def copied(self) -> Model:
        """The same records, that nothing changes any more."""
        return Model(self.world, copy.deepcopy(self.rows))

    def live(self, name: str) -> list[Row]:
        """The records that are not in the trash, by key."""
        return sorted((row for row in self.rows[name].values() if not row["deleted"]), key=lambda row: row["id"])

    def beyond(self, way: tuple[Tie, bool], row: Row) -> list[Row]:
        """The live records that a relation leads to."""
        tie, out = way
        if out:
            return [other for other in self.live(tie.target) if other[tie.key] == row["id"]]
        return [other for other in self.live(tie.source) if other["id"] == row[tie.key]]

    def has_targets(self, name: str, row: Row) -> bool:
        """Whether live records refer to this one, so that it can't be deleted."""
        return any(self.beyond((tie, True), row) for tie in self.world.ties if tie.source == name)


@dataclass(frozen=True, slots=True)
class Filter:
    """A comparison of a field, behind any number of relations."""

    ways: tuple[tuple[Tie, bool], ...]
    field: str
    operator: str
    value: Any

    def named(self, prefix: str) -> tuple[str, str]:
        """As a URL has it."""
        path = ".".join([*(name_of(way, prefix) for way in self.ways), self.field, self.operator])
        return f"filter[{path}]", str(self.value)

    def holds(self, model: Model, row: Row) -> bool:
        rows = [row]
        for way in self.ways:
            rows = [other for one in rows for other in model.beyond(way, one)]
        return any(COMPARE[self.operator](one[self.field], self.value) for one in rows)


Tree = tuple[tuple[tuple[Tie, bool], "Tree"], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A list of one of the entities."""

    entity: str
    filters: Sequence[Filter]
    sort: Sequence[tuple[str, bool]]
    include: Tree
    page: int
    per_page: int

    def pairs(self, prefix: str) -> list[tuple[str, str]]:
        """The URL's query."""
        pairs = [filter_.named(prefix) for filter_ in self.filters]
        pairs.append(("sort", ",".join("-" * down + name for name, down in self.sort)))
        pairs.append(("include", ",".join(_paths(self.include, prefix))))
        return [*pairs, ("page", str(self.page)), ("per_page", str(self.per_page))]

    def answer(self, model: Model, prefix: str) -> tuple[list[Row], int]:
        """The page, and how many records match."""
        rows = [row for row in model.live(self.entity) if all(f.holds(model, row) for f in self.filters)]
        for name, down in reversed(self.sort):
            rows.sort(key=lambda row, name=name: (row[name] is not None, row[name] or type(row[name])()), reverse=down)  # type: ignore[misc]
        first = (self.page - 1) * self.per_page
        return [shown(model, row, self.include, prefix) for row in rows[first : first + self.per_page]], len(rows)


def name_of(way: tuple[Tie, bool], prefix: str) -> str:
    """What an include or filter calls a relation, seen from one of its ends."""
    tie, out = way
    return prefix + tie.name if out else tie.up


def shown(model: Model, row: Row, include: Tree, prefix: str) -> Row:
    """A record with what is included."""
    answer = {name: value for name, value in row.items() if name != "deleted"}
    for way, below in include:
        others = [shown(model, other, below, prefix) for other in model.beyond(way, row)]
        answer[name_of(way, prefix)] = others if way[1] else next(iter(others), None)
    return answer


def _paths(tree: Tree, prefix: str) -> Iterable[str]:
    for way, below in tree:
        name = name_of(way, prefix)
        yield name
        yield from (f"{name}.{path}" for path in _paths(below, prefix))


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to the `which`th record of an entity; `refers` picks what its keys hold."""

    action: str
    entity: str
    which: int
    text: str | None
    n: int | None
    refers: Sequence[int]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    ends = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=2, max_size=4))
    ties = [Tie(number, source, target) for number, (source, target) in enumerate(ends)]
    return World({name: draw(st.sampled_from([True, True, False])) for name in NAMES}, ties)


def _deeds(action: st.SearchStrategy[str], entity: st.SearchStrategy[str]) -> st.SearchStrategy[Deed]:
    return st.builds(
        Deed,
        action,
        entity,
        st.integers(0, 5),
        st.sampled_from([None, "x", "x", "xy", ""]),
        st.none() | st.integers(0, 2),
        st.lists(st.integers(0, 3), min_size=4, max_size=4),
    )


@st.composite
def deeds(draw: st.DrawFn) -> list[Deed]:
    """First some records of each entity, then anything."""
    made = [draw(_deeds(st.just("create"), st.just(name))) for name in NAMES * 2]
    anything = _deeds(st.sampled_from(["create", "update", "update", "delete", "delete"]), st.sampled_from(NAMES))
    return made + draw(st.lists(anything, min_size=3, max_size=10))


@st.composite
def questions(draw: st.DrawFn, world: World) -> Question:
    name = draw(st.sampled_from(NAMES))
    order = st.tuples(st.sampled_from(["text", "n"]), st.booleans())
    return Question(
        name,
        draw(st.lists(_filters(world, name), max_size=draw(st.integers(0, 2)))),
        draw(st.lists(order, max_size=2, unique_by=lambda one: one[0])),
        draw(_trees(world, name, 2)),
        draw(st.sampled_from([1, 1, 1, 2])),
        draw(st.sampled_from([100, 3, 1])),
    )


@st.composite
def _filters(draw: st.DrawFn, world: World, name: str) -> Filter:
    ways: list[tuple[Tie, bool]] = []
    for _ in range(draw(st.integers(0, 2))):
        possible = world.ways(name)
        if not possible:
            break
        ways.append(draw(st.sampled_from(possible)))
        name = ways[-1][0].target if ways[-1][1] else ways[-1][0].source
    chosen = draw(st.sampled_from(["text", "n"]))
    value = draw(st.sampled_from(["x", "x", "y"]) if chosen == "text" else st.integers(0, 2))
    return Filter(tuple(ways), chosen, draw(st.sampled_from(list(COMPARE))), value)


@st.composite
def _trees(draw: st.DrawFn, world: World, name: str, depth: int, came_by: tuple[Tie, bool] | None = None) -> Tree:
    # Straight back is refused.
    back = came_by and (came_by[0], not came_by[1])
    possible = [way for way in world.ways(name) if way != back]
    if not depth or not possible:
        return ()
    ways = draw(st.lists(st.sampled_from(possible), max_size=2, unique=True))
    return tuple((way, draw(_trees(world, way[0].target if way[1] else way[0].source, depth - 1, way))) for way in ways)
