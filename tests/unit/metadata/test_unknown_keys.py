"""A key that no model knows is refused, wherever it stands; the nearest that is known is named."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema.kinds import KINDS
from libs.shared.schema.strict import keys_of
from services.metadata.checking.parsing import parse
from tests.support.definitions import RECIPIENTS, WHOLE, keys_in, misspelt, models_of

EVERY = sorted(KINDS)
CASES = [
    (kind, document, key.path)
    for kind in EVERY
    for document in WHOLE[kind]
    for key in keys_in(KINDS[kind].model, document)
]
NAMES = [f"{kind}-{'.'.join(map(str, path))}" for kind, _, path in CASES]


@pytest.mark.parametrize("kind", EVERY)
def test_the_examples_hold_every_key_of_every_part(kind: str) -> None:
    found = {(key.model, key.path[-1]) for document in WHOLE[kind] for key in keys_in(KINDS[kind].model, document)}
    ours = models_of(KINDS[kind].model, set())
    # Rows come with their id, which no definition has.
    wanted = {(model, key) for model in ours for key in keys_of(model) if key != "id" or kind != "permissions"}
    assert wanted - found == set()


@pytest.mark.parametrize("kind", EVERY)
def test_the_examples_are_valid(kind: str) -> None:
    for document in WHOLE[kind]:
        parse(KINDS[kind], document)


@pytest.mark.parametrize(("kind", "document", "path"), CASES, ids=NAMES)
@pytest.mark.parametrize("lenient", [False, True], ids=["sent", "imported"])
def test_a_misspelt_key_is_named_with_the_one_that_is_meant(
    kind: str, document: dict[str, Any], path: tuple[str | int, ...], lenient: bool
) -> None:
    wrong, where = misspelt(document, path)
    with pytest.raises(RocketError) as refused:
        parse(KINDS[kind], wrong, lenient)
    assert refused.value.status == 422
    told = {detail["field"]: detail["message"] for detail in refused.value.details}
    assert f"`{where.split('.')[-1]}` is unknown; do you mean `{path[-1]}`?" in told[where]


@pytest.mark.parametrize("number", range(len(RECIPIENTS)))
def test_a_misspelt_key_of_a_recipient_is_named(number: int) -> None:
    rule = WHOLE["notification-rules"][0]
    wrong, where = misspelt(rule, ("recipients", number, RECIPIENTS[number]))
    with pytest.raises(RocketError) as refused:
        parse(KINDS["notification-rules"], wrong)
    [detail] = refused.value.details
    assert detail["field"] == where
    assert f"do you mean `{RECIPIENTS[number]}`?" in detail["message"]


@pytest.mark.parametrize(("kind", "document", "path"), CASES, ids=NAMES)
def test_stored_definitions_load_with_unknown_keys(
    kind: str, document: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    model = KINDS[kind].model
    assert model.stored(_beside(document, path)) == model.stored(document)


def _beside(document: Any, path: tuple[str | int, ...]) -> Any:
    """The document with one more key beside the one at `path`."""
    [first, *rest] = path
    if not rest:
        return {**document, "unheard_of": {"a": 1}}
    if isinstance(document, list):
        assert isinstance(first, int)
        return [*document[:first], _beside(document[first], tuple(rest)), *document[first + 1 :]]
    return {**document, first: _beside(document[first], tuple(rest))}
