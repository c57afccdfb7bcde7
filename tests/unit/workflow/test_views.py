"""What of an instance may be seen, whatever its values come from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared import exact
from libs.shared.expressions import compile_expression
from libs.shared.schema import Snapshot
from libs.shared.schema.secrecy import MASK
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.paths import resolve
from services.workflow.views.narrowing import Readable, visible_context
from services.workflow.views.origins import OWN, Origins, origins_of
from services.workflow.views.visibility import Viewer, judged, masked, narrowed
from tests.support.client import entity
from tests.support.schemas import schema_of
from tests.unit.workflow.examples import approval, document

RECORD = {"name": "Ann", "pay": 9, "data": {"a": 1}}
SEEN = {"name": "Ann", "data": {"a": 1}}
READABLE = Readable({OWN: frozenset(SEEN)})
LEFT_OUT = object()


def origins(*steps: dict[str, Any], **parts: Any) -> Origins:
    return origins_of(WorkflowDefinition.stored({"id": "w", **document(*(steps or (approval(),)), **parts)}))


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("record", RECORD, SEEN),
        ("trigger.record", RECORD, SEEN),
        ("trigger", {"record_id": "1", "record": RECORD, "old": RECORD, "else": 1},
         {"record_id": "1", "record": SEEN, "old": SEEN}),
        ("trigger.old", RECORD, SEEN),
        ("record_id", "1", "1"),
        ("trigger.record_id", "1", "1"),
        ("record.name", "Ann", "Ann"),
        ("record.data.a", 1, 1),
        ("record.pay", 9, LEFT_OUT),
        ("trigger.record.pay", 9, LEFT_OUT),
        ("trigger.trigger.record", RECORD, SEEN),
        ("record", "Ann", LEFT_OUT),
        ("trigger", "Ann", LEFT_OUT),
        ("steps.a", {"pay": 9}, LEFT_OUT),
        ("pay", 9, LEFT_OUT),
        ("", 9, LEFT_OUT),
        (".record", RECORD, LEFT_OUT),
        ("record_id.pay", 9, LEFT_OUT),
        ("initiator.email", "a@x", "a@x"),
        ("trigger.form.reason", "ill", "ill"),
        ("trigger.event.action", "paid", "paid"),
        ("trigger.event.metadata.pay", 9, LEFT_OUT),
    ],
)  # fmt: skip
def test_hidden_fields_are_left_out(path: str, value: Any, shown: Any) -> None:
    context = visible_context({"key": value, "other": RECORD}, origins(context={"key": path}).context, READABLE)
    assert context == ({} if shown is LEFT_OUT else {"key": shown})


def test_computed_values_are_as_hidden_as_what_they_are_made_of() -> None:
    made = {
        "id": "make", "type": "set",
        "values": {
            "half": "record.pay / 2", "greeting": "'Hi ' + context.name", "twice": "context.half * 2",
            "rows": "len(record.data)", "when": "now", "which": "steps.write.record.secret",
        },
    }  # fmt: skip
    write = {"id": "write", "type": "action", "actions": [
        {"type": "create_record", "entity": "note", "fields": {}},
    ]}  # fmt: skip
    known = origins(made, write, context={"name": "record.name"})
    values = {"name": "Ann", "half": 4.5, "greeting": "Hi Ann", "twice": 9, "rows": 1, "when": "x", "which": "s"}
    assert set(visible_context(values, known.context, READABLE)) == {"name", "greeting", "rows", "when"}
    other = Readable({OWN: frozenset(SEEN), "write": frozenset({"secret"})})
    assert "which" in visible_context(values, known.context, other)


FIELDS = ("name", "pay", "iban", "note")
IMAGES = ("record", "trigger.record", "trigger.old", "steps.write.record")
PATHS = st.sampled_from([
    *(f"{root}.{field}" for root in IMAGES for field in FIELDS),
    "record", "trigger", "trigger.record", "record_id", "initiator.id", "steps.write.record", "steps.write.record_id",
])  # fmt: skip
EXPRESSIONS = st.sampled_from([
    *(f"record.{field} + '!'" for field in FIELDS), "context.a", "context.b", "[context.a, context.c]", "now",
    "steps.write.record.pay", "steps.write.record", "{{}}", "trigger.record",
    "len(record.name) > 2 ? record.iban : 'no'",
])  # fmt: skip


TEXTS = [{"name": field, "type": "text"} for field in FIELDS]
SCHEMA = schema_of(entity("invoice", *TEXTS), entity("note", *TEXTS)).schema


def secret(record: str, field: str) -> str:
    return f"secret-{record}-{field}"


@given(
    paths=st.fixed_dictionaries(dict.fromkeys(("a", "b", "c"), PATHS)),
    computed=st.fixed_dictionaries(dict.fromkeys(("d", "e", "a"), EXPRESSIONS)),
    own=st.frozensets(st.sampled_from(FIELDS)) | st.none(),
    other=st.frozensets(st.sampled_from(FIELDS)) | st.none(),
)
def test_no_hidden_value_is_shown_anywhere(
    paths: dict[str, str], computed: dict[str, str], own: frozenset[str] | None, other: frozenset[str] | None
) -> None:
    write = {"id": "write", "type": "action", "actions": [{"type": "create_record", "entity": "note", "fields": {}}]}
    values = {"when": "now"} | {name: text for name, text in computed.items() if text != "{{}}"}
    make = {"id": "make", "type": "set", "values": values}
    record = {field: secret("own", field) for field in FIELDS}
    written = {field: secret("other", field) for field in FIELDS}
    trigger = {"record_id": "r1", "record": record, "old": {field: f"{record[field]}-old" for field in FIELDS}}
    steps = {"write": {"record_id": "n1", "record": written}}
    environment: dict[str, Any] = {
        "trigger": trigger, "record": record, "record_id": "r1", "initiator": {"id": "u"}, "steps": steps, "now": "now",
    }  # fmt: skip
    context = {key: resolve(path, environment) for key, path in paths.items()}
    for key, text in values.items():
        context[key] = compile_expression(text)({**environment, "context": context})
    reason = exact.dumps(context).decode()
    shown = judged({
        "id": "i", "context": context, "history": [{"step": "make", "status": "failed", "reason": reason}],
        "entity": "invoice", "record_id": "r1", "initiator": {"id": "x"}, "trigger": trigger, "steps": steps,
        "definition": {"id": "w", **document(write, make, context=paths)},
    })  # fmt: skip
    fields = {
        key: known | {"id"} for key, known in ((("invoice", "r1"), own), (("note", "n1"), other)) if known is not None
    }
    text = exact.dumps(narrowed(shown, Viewer(frozenset({"u"}), frozenset({"clerk"})), fields, SCHEMA)).decode()
    for field in FIELDS:
        assert (own is not None and field in own) or secret("own", field) not in text
        assert (other is not None and field in other) or secret("other", field) not in text


def test_instances_without_a_record_are_for_those_who_take_part() -> None:
    row = {
        "id": "i", "context": {"reason": "ill"}, "entity": "", "record_id": "", "initiator": {"id": "ann"},
        "history": [{"step": "ask", "status": "approved", "by": "bob", "at": "t", "comment": "fine"}],
        "approvals": [{"step": "ask", "seats": [{"role": "boss"}, {"users": [{"id": "eve"}]}]}],
        "definition": {"id": "w", **document(approval(), context={"reason": "trigger.form.reason"})},
    }  # fmt: skip

    def context_for(user_id: str, *roles: str) -> Any:
        return narrowed(judged(dict(row)), Viewer(frozenset({user_id}), frozenset(roles)), {}, Snapshot(1, {}, {}, []))[
            "context"
        ]

    assert all(context_for(user) == {"reason": "ill"} for user in ("ann", "bob", "eve"))
    assert context_for("joe", "boss") == {"reason": "ill"} and context_for("joe", "clerk") == {}


def test_admins_see_masks() -> None:
    fields = ({"name": "iban", "type": "string", "sensitive": True}, {"name": "n", "type": "int"})
    schema = schema_of(entity("invoice", *fields)).schema
    values = {"copy": "trigger.form.text", "half": "record.n / 2", "all": "record.iban"}
    make = {"id": "make", "type": "set", "values": values}
    record = {"iban": "DE1234567", "n": 4}
    row = {
        "id": "i", "entity": "invoice", "record_id": "r", "trigger": {"record": record},
        "context": {"r": record, "copy": "pay to DE1234567", "half": 2, "all": "DE1234567", "strange": 1},
        "history": [{"step": "x", "status": "failed", "reason": "no DE1234567"}],
        "definition": {"id": "w", **document(make, context={"r": "record"})},
    }  # fmt: skip
    shown = masked(judged(row), schema)
    assert shown["context"] == {
        "r": {"iban": MASK, "n": 4}, "copy": f"pay to {MASK}", "half": 2, "all": MASK, "strange": MASK,
    }  # fmt: skip
    assert shown["history"][0]["reason"] == f"no {MASK}"
