"""The parameters that a URL's query may have, and the errors for unknown ones.

A filter that is ignored would return all rows, so every parameter that looks like a filter and is not read is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from libs.shared.errors import RocketError
from libs.shared.nearest import MAX_SHOWN_CHARACTERS, nearest, unknown

WORDS = ("filter", "having")
"""The prefixes of the names of conditions."""
SAFEGUARDS = ("dry_run", "expect")
"""Parameters by which a write is only tried, or refused where it would do something else."""
MIN_LIKENESS = 0.85
"""How alike, from 0 to 1, a misspelt safeguard is to it."""
CONDITION = re.compile(r"(filter|having)\[([^\[\]]+)\]")
PAGES = ("page", "per_page")
PART = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a route: its `names`, and whether `filter[...]` and `having[...]` are read.

    `core` routes ignore other names, as their clients rely on it; all other routes refuse them.
    `of_records` routes know names of fields, which only the data service does; so it looks at all other names.
    `free` routes answer pages, whose scripts read the parameters.
    """

    names: frozenset[str] = frozenset()
    filters: bool = False
    having: bool = False
    core: bool = False
    of_records: bool = False
    free: bool = False

    def check_conditions(self, asked: Iterable[str]) -> None:
        """Raise UNKNOWN_FIELD for names that look like a condition (`filer[name]`) and are none of the route."""
        for name in () if self.free else asked:
            if name not in self.names and _looks_like_condition(name) and not self._is_read(name):
                raise _refused(name, self._instead_of(name))

    def check_names(self, asked: Iterable[str], fields: Collection[str] = ()) -> None:
        """Raise UNKNOWN_FIELD for names of `fields`, which need `filter[...]`, and for unknown names."""
        for name in asked:
            if name in self.names or name.lower().startswith(WORDS):
                continue
            if name in fields:
                raise _refused(name, f"{name} is no parameter; do you mean filter[{name}]?")
            if not (self.core or self.free):
                raise _refused(name, unknown(name, self.names))

    def check_safeguards(self, asked: Iterable[str]) -> None:
        """Raise UNKNOWN_FIELD for what would keep a write from happening, and is no parameter of the route.

        Core routes ignore other names; but a write that is meant as a rehearsal must not be made.
        """
        for name in asked:
            if name not in self.names and _looks_like_safeguard(name):
                raise _refused(name, f"{name[:MAX_SHOWN_CHARACTERS]} is not possible here: the write would be made")

    def check(self, asked: Collection[str], fields: Collection[str] = ()) -> None:
        """Check conditions and names."""
        self.check_conditions(asked)
        self.check_names(asked, fields)

    def _is_read(self, name: str) -> bool:
        condition = CONDITION.fullmatch(name)
        return condition is not None and (self.filters if condition[1] == "filter" else self.having)

    def _instead_of(self, name: str) -> str:
        shown, rest = name[:MAX_SHOWN_CHARACTERS], _after_word(name)
        word = "having" if name.lower().startswith("hav") else "filter"
        if not (self.filters if word == "filter" else self.having):
            return f"{shown} is not possible here"
        meant = ".".join(part.strip(".") for part in PART.findall(rest[:MAX_SHOWN_CHARACTERS]))
        form = f"{word}[{meant or ('field' if word == 'filter' else 'sum.field.gt')}]"
        return f"{shown} can't be read; do you mean {form}?"


def _looks_like_condition(name: str) -> bool:
    """Whether a name begins like a condition, or has brackets behind a word that is nearly `filter` or `having`."""
    word, bracket, _ = name.partition("[")
    return name.lower().startswith(WORDS) or (bracket != "" and nearest(word, WORDS) is not None)


def _looks_like_safeguard(name: str) -> bool:
    """Whether a name is `dry_run` or `expect`, or nearly so: `dryrun`, `dry-run`, `expected`."""
    plain = name[:MAX_SHOWN_CHARACTERS].lower()
    return any(SequenceMatcher(None, plain, word).ratio() >= MIN_LIKENESS for word in SAFEGUARDS)


def _after_word(name: str) -> str:
    """What follows the word of a condition, also where the word is misspelt."""
    return name[6:] if name.lower().startswith(WORDS) else name.partition("[")[2]


NONE = Parameters()
FREE = Parameters(free=True)


def taking(*names: str, filters: bool = False, having: bool = False, of_records: bool = False) -> Parameters:
    """The parameters of a route that refuses all others."""
    return Parameters(frozenset(names), filters, having, of_records=of_records)


def _refused(name: str, message: str) -> RocketError:
    return RocketError(
        "UNKNOWN_FIELD", message, [{"field": name[:MAX_SHOWN_CHARACTERS], "rule": "unknown", "message": message}]
    )
