"""Query parameters: read, ignored and refused ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from libs.shared.errors import RocketError
from libs.shared.parameters import Parameters, taking

CORE = Parameters(frozenset(("page", "sort")), filters=True, core=True, of_records=True)
STRICT = taking("page", "sort", filters=True, having=True, of_records=True)
PLAIN = taking("page", "status")
FIELDS = ("status", "page", "amount")


@pytest.mark.parametrize(
    ("parameters", "asked"),
    [
        (CORE, ["filter[status]", "filter[status.in]", "filter[a.b.c]", "page", "sort"]), (CORE, ["whatever", "_"]),
        (CORE, ["page", "ids[]", "data[x]"]),
        (STRICT, ["having[count.gt]", "having[sum.amount.gt]", "filter[page]"]), (PLAIN, ["status"]),
        (CORE, []),
    ],
)  # fmt: skip
def test_read_and_ignored_parameters(parameters: Parameters, asked: Sequence[str]) -> None:
    parameters.check(asked, FIELDS)


@pytest.mark.parametrize(
    ("parameters", "name", "words"),
    [
        (CORE, "filter[status][eq]", "do you mean filter[status.eq]?"), (CORE, "filter[status", "filter[status]?"),
        (CORE, "filter", "do you mean filter[field]?"), (CORE, "filter[]", "do you mean filter[field]?"),
        (CORE, "filterstatus]", "filter[status]?"), (CORE, "Filter[status]", "filter[status]?"),
        (CORE, "filters[status]", "can't be read"), (CORE, "filter[status]x", "can't be read"),
        (CORE, "having[count.gt]", "not possible here"), (STRICT, "having[count][gt]", "having[count.gt]?"),
        (STRICT, "having", "having[sum.field.gt]"), (PLAIN, "filter[status]", "not possible here"),
        (CORE, "status", "do you mean filter[status]?"), (STRICT, "status", "do you mean filter[status]?"),
        (STRICT, "pgae", "do you mean `page`?"), (PLAIN, "sttus", "do you mean `status`?"),
        (PLAIN, "whatever", "`whatever` is unknown"), (CORE, "filer[name]", "do you mean filter[name]?"),
        (CORE, "Fitler[a][in]", "do you mean filter[a.in]?"),
        (STRICT, "havin[count.gt]", "do you mean having[count.gt]?"),
    ],
)  # fmt: skip
def test_refused_parameters(parameters: Parameters, name: str, words: str) -> None:
    with pytest.raises(RocketError, match="UNKNOWN_FIELD") as refusal:
        parameters.check([name], FIELDS)
    assert words in refusal.value.message
    assert [detail["field"] for detail in refusal.value.details] == [name]


@pytest.mark.parametrize("name", ["dry_run", "dryrun", "dry-run", "dryRun", "DRY_RUN", "dry_rn", "expect", "expected"])
def test_what_would_keep_a_write_from_happening_is_never_ignored(name: str) -> None:
    with pytest.raises(RocketError, match="UNKNOWN_FIELD") as refusal:
        CORE.check_safeguards(["page", name])
    assert [detail["field"] for detail in refusal.value.details] == [name]
    taking(name).check_safeguards([name])


def test_other_names_are_no_safeguards() -> None:
    CORE.check_safeguards(["whatever", "export", "except", "dry", "run", "direction", "x" * 10_000])


def test_a_long_name_is_not_repeated() -> None:
    with pytest.raises(RocketError) as refusal:
        STRICT.check(["filter[" + "x" * 100_000])
    assert len(refusal.value.message) < 300
