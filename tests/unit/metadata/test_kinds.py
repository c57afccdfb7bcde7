"""The table of kinds: its rows are consistent, and a new row is all that a plain kind needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from docs.tables.definitions import models
from libs.shared.errors import RocketError
from libs.shared.schema import Snapshot
from libs.shared.schema.kinds import KINDS, DefinitionKind
from libs.shared.schema.strict import Strict, keys_of
from services.gateway.openapi.definitions import schemas
from services.metadata.checking.documents import stored, unwrapped
from services.metadata.checking.kinds import CHECKS
from services.metadata.checking.parsing import parse
from services.metadata.checking.reference_errors import check_references
from services.metadata.editing.kinds import HOOKS
from services.metadata.handlers import replies
from services.metadata.import_export.document import read
from services.metadata.import_export.exporting import document_of
from services.metadata.model.definition import Definition
from tests.support.client import entity, text
from tests.support.definitions import WHOLE
from tests.support.live_schemas import live_schema

EVERY = list(KINDS.values())


def test_kinds_have_distinct_names_sections_and_labels() -> None:
    assert [kind.name for kind in EVERY] == list(KINDS)
    assert len({kind.section for kind in EVERY}) == len({kind.label for kind in EVERY}) == len(EVERY)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_a_row_names_keys_of_its_model(kind: DefinitionKind) -> None:
    keys = keys_of(kind.model)
    assert {*kind.key, *kind.identity, *(key for _, key in kind.columns or ())} <= set(keys)
    assert not set(kind.answered) & set(keys)
    assert not kind.addressed_by_name or kind.key == ("name",)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_a_consumed_entity_is_found_in_each_sample(kind: DefinitionKind) -> None:
    for document in WHOLE[kind.name]:
        assert not kind.consumes_commits or kind.consumed_entity(document) == (
            "host" if _names_entity(document) else None
        )


def _names_entity(document: Mapping[str, Any]) -> bool:
    """Whether a sample is about an entity: triggers by events are not, nor rules of events and workflows."""
    return bool(document.get("trigger", {}).get("type") != "event") and not {"event", "workflow"} & document.keys()


def test_checks_and_hooks_belong_to_known_kinds() -> None:
    assert CHECKS.keys() | HOOKS.keys() <= KINDS.keys()


class ToyDefinition(Strict):
    """A kind with a unique name, about an entity."""

    name: str
    entity: str
    color: Literal["red", "blue"] = "red"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> DefinitionKind:
    kind = DefinitionKind("toy-cars", "Toy car", ToyDefinition, key=("name",), consumes_commits=("entity",))
    monkeypatch.setitem(KINDS, kind.name, kind)  # type: ignore[arg-type, unused-ignore]
    return kind


def test_a_new_kind_is_parsed_checked_and_stored(toys: DefinitionKind) -> None:
    schema = live_schema([entity("page", text("title"))])
    sent = unwrapped(toys, {"id": "1", "created_at": "", "name": "a", "entity": "page"})
    definition = parse(toys, sent)
    check_references(toys, definition, schema)
    assert stored(toys, sent, definition) == {"name": "a", "entity": "page", "color": "red"}
    for wrong, field in (({**sent, "colour": "red"}, "colour"), ({**sent, "entity": "pgae"}, "entity")):
        with pytest.raises(RocketError) as refused:
            check_references(toys, parse(toys, wrong), schema)
        assert [detail["field"] for detail in refused.value.details] == [field]


def test_a_new_kind_is_answered_exported_and_imported(toys: DefinitionKind) -> None:
    document = {"name": "a", "entity": "page", "color": "blue"}
    row = Definition("7", toys.name, toys.key_of(document), 7, document, {}, "then", "now")
    assert replies.to_dict(toys, row) == {"id": "7", **document, "created_at": "then", "updated_at": "now"}
    exported = document_of([row], [], datetime.now(UTC))
    assert exported["toy_cars"] == [document]
    [item] = read(json.dumps(exported).encode(), str).items
    assert (item.kind, item.path, item.kept) == (toys, "toy_cars[0]", document)


def test_a_new_kind_is_in_snapshots_openapi_and_documentation(toys: DefinitionKind) -> None:
    kinds: Mapping[str, Any] = {toys.name: [{"id": "7", "name": "a", "entity": "page"}]}
    snapshot = Snapshot.read(1, {"entities": [], "kinds": kinds})
    assert "page" in snapshot.awaited and snapshot.documents[toys.name]
    assert schemas()["definition.toy-cars"]["required"] == ["name", "entity"]
    found: Mapping[str, type[BaseModel]] = models()
    assert found["ToyDefinition"] is ToyDefinition
