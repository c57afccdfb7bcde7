"""Values that would keep a service busy for hours, were they read by code whose time grows faster than they do.

Each request here is answered within the deadline of the gateway, or the test fails by it: a service that is busy with
one value answers nobody.
"""

from __future__ import annotations

import pytest

from tests.support.client import Client, entity, text
from tests.support.relations import make

TITLE = "abc" * 100_000
"""What `%a%b%c%d%` tries in n^3 ways by a regular expression."""
ACCENTS = "a" + "\u0301\u0323" * 200_000
"""What takes an hour to be put into order."""


@pytest.fixture(scope="module")
async def admin(common_admin: Client) -> Client:
    paper = entity("paper", text("title"), text("slug", unique=True), slug={"field": "slug", "source": "title"})
    await common_admin.define(paper)
    return common_admin


async def test_a_policy_pattern_on_a_long_value_is_fast(admin: Client) -> None:
    paper = await make(admin, "paper", title=TITLE, slug="long")
    for action in ("read", "update"):
        condition = {"field": "title", "operator": "like", "value": "%a%b%c%d%"}
        await admin.grant("paper", action, "clerk", conditions=[condition])
    clerk = await admin.user("clerk@example.com", ["clerk"])
    refused = (await clerk.put(f"/paper/{paper['id']}", {"slug": "other"})).expect(403)
    assert refused.code == "FORBIDDEN"
    (await admin.put(f"/paper/{paper['id']}", {"title": TITLE + "d"})).expect(200)
    (await clerk.put(f"/paper/{paper['id']}", {"slug": "other"})).expect(200)


async def test_a_rule_pattern_on_a_long_value_is_fast(admin: Client) -> None:
    definition = {"field": "title", "operator": "like", "value": "%"}
    rule = {"entity": "paper", "hook": "before_write", "type": "field", "definition": definition}
    kept = await admin.define(rule, "rules")
    definition["value"] = "%a_b%c%a_d%"
    (await admin.put(f"/_admin/rules/{kept['id']}", rule)).expect(200)
    refused = (await admin.post("/paper", {"title": TITLE, "slug": "ruled"})).expect(422)
    assert [(detail["field"], detail["rule"]) for detail in refused.details] == [("title", "like")]
    (await admin.delete(f"/_admin/rules/{kept['id']}")).expect(200)


async def test_a_slug_of_many_accents_is_fast(admin: Client) -> None:
    assert (await make(admin, "paper", title=ACCENTS))["slug"] == "a"


@pytest.mark.parametrize("number", ["1e999999999", "-1e308", "1" * 5_000, "0." + "1" * 5_000])
async def test_a_long_number_is_refused(admin: Client, number: str) -> None:
    reply = await admin.request("POST", "/paper", raw=b'{"title": %s}' % number.encode())
    assert reply.status in (400, 422)
