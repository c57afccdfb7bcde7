"""What drafts say of themselves: their place in the request, their effects; what webhooks are asked about them."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

from libs.shared.errors import RocketError
from services.data.model.synchronous_webhooks import SynchronousWebhook
from services.data.writes.context.consent import ConsentRequest, WebhookConsent
from services.data.writes.context.drafts import TURN_ROWS, Draft, RowPlace, in_turns
from tests.unit.data.writes.shop import LINE, ORDER

[LINES] = [link for link in ORDER.links if link.outward and link.relation.name == "lines"]


def test_details_say_where_a_record_stands_in_the_request() -> None:
    assert Draft({}).mark([{"field": "a"}]) == [{"field": "a"}]
    bulk = Draft({}, place=RowPlace.of_row(2))
    assert bulk.mark([{"field": "a"}]) == [{"field": "a", "index": 2}]
    child = Draft({}, place=bulk.child_place(LINES, 1))
    grandchild = child.child_place(LINES, 0)
    assert child.mark([{}]) == [{"relation": "lines", "path": "[2].lines[1]", "index": 2}]
    assert (grandchild.path, grandchild.row) == ("[2].lines[1].lines[0]", 2)
    assert Draft({}, place=Draft({}).child_place(LINES, 4)).mark([{}]) == [
        {"relation": "lines", "path": "lines[4]", "index": 4}
    ]


def test_an_error_about_a_record_is_given_its_place() -> None:
    error = RocketError("CONFLICT", "taken")
    assert Draft({}).refuse(error) is error
    assert Draft({}, place=RowPlace.of_row(1)).refuse(error).details == [{"message": "taken", "index": 1}]


async def test_long_loops_let_others_run() -> None:
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert [row async for row in in_turns(range(2 * TURN_ROWS))] == list(range(2 * TURN_ROWS))
    task.cancel()
    assert others == 2


def test_consent_is_given_for_exactly_what_was_asked_about() -> None:
    consent = WebhookConsent(datetime(2030, 1, 1, tzinfo=UTC))
    webhook = SynchronousWebhook("w", "before_create", None, optional=False)
    given = []
    for identity in (None, b"1", b"1", b"2"):
        consent.begin()
        if identity is not None:
            consent.requests.append(ConsentRequest(webhook, Draft({}), {}, identity))
        given.append(consent.is_given)
        consent.agree()
    assert given == [True, False, True, False]


def test_new_records_get_the_same_keys_in_every_repetition() -> None:
    consent = WebhookConsent(datetime(2030, 1, 1, tzinfo=UTC))
    first, again = ([Draft({}, values={"id": uuid.uuid4()}) for _ in range(2)] for _ in range(2))
    consent.begin()
    consent.keep_keys(ORDER, first)
    consent.begin()
    consent.keep_keys(ORDER, again)
    assert [draft.values for draft in first] == [draft.values for draft in again]
    numbered = Draft({})
    consent.keep_keys(LINE, [numbered])
    assert numbered.values == {}
