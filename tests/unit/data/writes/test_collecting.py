"""What synchronous webhooks are asked about a rehearsed write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from libs.shared.contracts.context import Context, Identity
from libs.shared.errors import RocketError
from services.data.model import Model
from services.data.writes.context.consent import WebhookConsent
from services.data.writes.context.drafts import Draft
from services.data.writes.context.write_context import WriteContext
from services.data.writes.statements.changes import Action
from services.data.writes.synchronous_webhooks import collecting
from services.data.writes.synchronous_webhooks.collecting import collect_deletions, collect_writes, may_be_asked
from services.data.writes.tree.nested import take_nested
from tests.support.client import entity, text
from tests.support.schemas import schema_of
from tests.unit.data.writes.shop import stored

LINES = entity("line", {"name": "order_id", "type": "uuid"})
RELATION = {"name": "lines", "type": "one_to_many", "source": "order", "target": "line", "target_key": "order_id"}


def asked(*webhooks: dict[str, Any]) -> Model:
    """Orders with these synchronous webhooks."""
    rows = [
        {"id": f"w{n}", "entity": "order", "hook": "before_write", "url": "http://localhost/", "async": False, **more}
        for n, more in enumerate(webhooks)
    ]
    return schema_of(entity("order", text("code")), LINES, relations=[RELATION], webhooks=rows)


def rehearsal(model: Model) -> tuple[WriteContext, WebhookConsent]:
    """A write that is being rehearsed."""
    identity = Identity(id="u", email="u@example.com", roles=("clerk",))
    write = WriteContext.of(cast(Any, None), Context("0" * 32, identity=identity), model)
    write.consent = WebhookConsent(datetime(2030, 1, 1, tzinfo=UTC))
    return write, write.consent


@pytest.mark.parametrize(
    ("action", "bodies", "may"),
    [(Action.CREATE, [{}], True), (Action.UPDATE, [{}], True), (Action.DELETE, [], False)],
)
def test_a_write_may_concern_webhooks_of_its_entity_and_action(action: Action, bodies: Any, may: bool) -> None:
    model = asked({})
    write, _ = rehearsal(model)
    assert may_be_asked(write, model.entity("order"), action, bodies) is may


def test_a_nested_write_may_concern_webhooks_of_other_entities() -> None:
    model = asked({"entity": "line"})
    write, _ = rehearsal(model)
    order = model.entity("order")
    assert may_be_asked(write, order, Action.CREATE, [{"code": "a", "lines": {"data": []}}])
    assert not may_be_asked(write, order, Action.CREATE, [{"code": "a"}])


def test_a_request_says_what_the_record_was_and_will_be_with_its_nested_rows() -> None:
    model = asked({"condition": "record.code == 'b'"}, {"condition": "record.code == 'c'"})
    write, consent = rehearsal(model)
    order = model.entity("order")
    draft = take_nested(order, Draft({"lines": {"data": [{}]}}, stored(order, "k", 4, code="a")))
    draft.values = {"code": "b"}
    collect_writes(write, order, Action.UPDATE, [draft])
    [request] = consent.requests
    assert request.document == {
        "webhook_id": "w0", "entity": "order", "record_id": "k", "action": "update",
        "record": {"id": "k", "code": "b", "lines": {"_write_mode": "diff", "data": [{}]}},
        "old": {"id": "k", "code": "a"}, "changes": {"code": {"old": "a", "new": "b"}},
    }  # fmt: skip


def test_a_deletion_is_asked_about_with_the_record_as_it_was() -> None:
    model = asked({"hook": "before_delete"})
    write, consent = rehearsal(model)
    order = model.entity("order")
    collect_deletions(write, order, [Draft({}, stored(order, "k", 4, code="a"))])
    assert [request.document["record"] for request in consent.requests] == [{"id": "k", "code": "a"}]


def test_nothing_is_collected_where_nobody_is_asked() -> None:
    model = asked({})
    write, consent = rehearsal(model)
    write.consent = None
    collect_writes(write, model.entity("order"), Action.CREATE, [Draft({}, values={"code": "a"})])
    assert not consent.requests


def test_a_condition_that_can_not_be_evaluated_refuses_unless_the_webhook_is_optional() -> None:
    broken = {"condition": "record.code > 5"}
    model = asked(broken, broken | {"on_failure": "allow"})
    write, _ = rehearsal(model)
    with pytest.raises(RocketError) as refused:
        collect_writes(write, model.entity("order"), Action.CREATE, [Draft({}, values={"code": "a"})])
    assert refused.value.code == "VALIDATION_FAILED"
    optional = asked(broken | {"on_failure": "allow"})
    write, consent = rehearsal(optional)
    collect_writes(write, optional.entity("order"), Action.CREATE, [Draft({}, values={"code": "a"})])
    assert not consent.requests


def test_there_is_a_greatest_number_of_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MAX_SYNCHRONOUS_WEBHOOKS", 1)
    model = asked({})
    write, _ = rehearsal(model)
    with pytest.raises(RocketError):
        collect_writes(write, model.entity("order"), Action.CREATE, [Draft({}, values={"code": c}) for c in "ab"])
