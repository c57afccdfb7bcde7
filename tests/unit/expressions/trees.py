"""Hypothesis strategies: any tree the grammar can make, and trees that mostly make sense."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from libs.shared.expressions.functions import FUNCTIONS
from libs.shared.expressions.syntax.tree import (
    Arithmetic,
    ArithmeticOperator,
    Call,
    Choice,
    Comparison,
    ComparisonOperator,
    Constant,
    Index,
    Items,
    Logic,
    Member,
    Negation,
    Negative,
    Node,
    Path,
)

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = st.sampled_from(["record", "a", "b_1", "Größe", "it", "now", "len", "date", "ins", "order", "newest"])
MEMBERS = NAMES | st.sampled_from(["in", "not", "and", "new", "nil", "true", "length"])
DECIMALS = st.decimals(0, 10**6, places=2) | st.decimals(0, 10, places=5)
CONSTANTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 10**38),
    DECIMALS,
    LETTERS,
).map(Constant)


@st.composite
def _paths(draw: st.DrawFn) -> Path:
    return Path((draw(NAMES), *draw(st.lists(MEMBERS, max_size=3))))


@st.composite
def _calls(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> Call:
    name = draw(st.sampled_from(sorted(FUNCTIONS)))
    function = FUNCTIONS[name]
    most = function.least + 2 if function.most is None else function.most
    return Call(name, tuple(draw(st.lists(nodes, min_size=function.least, max_size=most))))


def _branches(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    tuples = st.lists(nodes, max_size=3).map(tuple)
    chains = st.lists(nodes, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        # A member of a path is a longer path.
        st.builds(Member, nodes.filter(lambda node: not isinstance(node, Path)), MEMBERS),
        st.builds(Index, nodes, nodes),
        st.builds(Items, tuples),
        _calls(nodes),
        st.builds(Negation, nodes),
        st.builds(Negative, nodes),
        st.builds(Arithmetic, st.sampled_from(get_args(ArithmeticOperator)), nodes, nodes),
        st.builds(Comparison, st.sampled_from(get_args(ComparisonOperator)), nodes, nodes),
        st.builds(Logic, st.sampled_from(["&&", "||"]), chains),
        st.builds(Choice, nodes, nodes, nodes),
    )


ANY_TREE: st.SearchStrategy[Node] = st.recursive(CONSTANTS | _paths(), _branches, max_leaves=25)
"""Every shape of tree, whether or not it means anything."""
