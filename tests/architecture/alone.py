"""`python -m tests.architecture.alone MODULE...`: imports each module in an interpreter that has none of ours.

Prints a JSON object {module: traceback} of those that can't be imported. Libraries are loaded once, by
a parent that then forks for every module, as our own modules are what may lean on one another.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import sys
import traceback
from collections.abc import Sequence

from tests.architecture.tree import PACKAGES

WORKERS = 2


def _try(name: str) -> tuple[str, str]:
    try:
        importlib.import_module(name)
    except Exception:
        return name, traceback.format_exc()
    return name, ""


def _libraries(names: Sequence[str]) -> list[str]:
    """Everything that is not ours and gets loaded when all of `names` are."""
    for name in names:
        _try(name)
    return [name for name in sys.modules if name.partition(".")[0] not in (*PACKAGES, "tests", "__main__")]


def failures(names: Sequence[str]) -> dict[str, str]:
    """What is wrong with each module that can't be imported alone."""
    forking = multiprocessing.get_context("fork")
    with forking.Pool(1) as pool:
        for library in pool.apply(_libraries, (names,)):
            _try(library)
    assert not [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    with forking.Pool(WORKERS, maxtasksperchild=1) as pool:
        return {name: problem for name, problem in pool.imap_unordered(_try, names, chunksize=1) if problem}


if __name__ == "__main__":
    print(json.dumps(failures(sys.argv[1:])))
