"""Field permissions over every path: hidden fields do not exist for the caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.client import Client, entity, text
from tests.support.relations import make, where
from tests.support.staff import RELATIONS, SECRET, STAFF, TEAM, Office, grant


async def test_hidden_fields_are_in_no_response(office: Office) -> None:
    clerk, key = office.clerk, office.closed["id"]
    expected = {"id": key, "name": "Bob", "state": "closed", "card": "****1111", "team_id": office.team["id"]}
    one = (await clerk.get(f"/staff/{key}")).expect(200)
    seen = one.data.pop("seen"), one.data.pop("deleted_at", None)
    assert one.data == expected
    listed = {row["id"]: row for row in (await clerk.get("/staff")).expect(200).data}
    assert listed[key] == {**expected, "seen": seen[0]}
    assert listed[office.open["id"]]["mail"] == "ann@example.com"
    paged = (await clerk.get("/staff?cursor=&per_page=1&sort=-name")).expect(200)
    assert [row["id"] for row in paged.data] == [key]
    included = (await clerk.get("/team?include=members")).expect(200).data[0]["members"]
    assert included == [listed[row["id"]] for row in included]
    assert len(included) == 2
    chosen = (await clerk.get(f"/staff/{key}?fields=card,mail")).expect(200)
    assert chosen.data == {"card": "****1111"}
    assert "-" in chosen.headers["ETag"]
    texts = [await _raw(clerk, f"/staff/_export?format={kind}") for kind in ("json", "ndjson", "csv")]
    commit = (await office.admin.get(f"/staff/{key}/history")).data[0]["commit_id"]
    texts += [await _raw(clerk, path) for path in (
        f"/staff/{key}/history", f"/staff/{key}?version=1", f"/_commits/{commit}", "/staff?include=team,members",
        f"/staff/{key}?include=team", "/team?include=members.members", "/openapi.json",
    )]  # fmt: skip
    position = (await office.admin.get(f"/_commits/{commit}")).data["position"]
    texts.append(await _raw(clerk, f"/staff?as_of={position}"))
    for answer in texts:
        for secret in (SECRET, "salary", "badge", "z-2", "boss_id", '"reports"'):
            assert secret not in answer, (secret, answer)


async def _raw(caller: Client, path: str) -> str:
    headers = {"Authorization": f"Bearer {caller.token}"}
    async with caller.session.get(caller.url + caller.prefix + path, headers=headers) as response:
        found = await response.text()
        assert response.status in (200, 400), (path, found)
        return found


@pytest.mark.parametrize("name", ["salary", "badge", "boss_id", "card", "nobody"])
async def test_hidden_and_masked_fields_cannot_be_queried(office: Office, name: str) -> None:
    """As if it did not exist: the same answer as for a field that does not."""
    questions = [
        f"?filter[{name}]=1", f"?filter[{name}.gt]=0", f"?filter[{name}.is_null]=true", f"?filter[{name}.like]=4%25",
        f"?filter[{name}.in]=70", f"?sort={name}", f"?sort=-{name}", f"?cursor=&sort={name}",
        f"/_aggregate?group_by={name}", f"/_aggregate?min={name}", f"/_aggregate?max={name}",
        f"/_aggregate?count=*&having[min.{name}.gt]=0", f"/_export?sort={name}", f"/_export?filter[{name}]=70",
        f"?filter[team.members.{name}]=70", f"?as_of=1&filter[{name}]=70",
    ]  # fmt: skip
    for question in questions:
        assert (await office.clerk.get(f"/staff{question}")).expect(400).code == "UNKNOWN_FIELD", question
    (await office.clerk.get(f"/team?filter[members.{name}]=70")).expect(400)
    assert (await office.clerk.get("/staff?include=reports")).expect(400).code == "UNKNOWN_FIELD"
    if name != "card":
        (await office.clerk.get(f"/staff?fields=name,{name}")).expect(400)
        (await office.clerk.get(f"/staff/_export?fields={name}")).expect(400)


async def test_conditionally_hidden_fields_are_null(office: Office) -> None:
    clerk = office.clerk
    ids = {"open": office.open["id"], "closed": office.closed["id"]}
    found = (await clerk.get("/staff?filter[mail]=ann@example.com")).expect(200)
    assert ([row["id"] for row in found.data], found.meta["total"]) == ([ids["open"]], 1)
    nulls = (await clerk.get("/staff?filter[mail.is_null]=true")).expect(200).data
    assert [row["id"] for row in nulls] == [ids["closed"]]
    assert [row["id"] for row in (await clerk.get("/staff?sort=mail")).data] == [ids["closed"], ids["open"]]
    groups = (await clerk.get("/staff/_aggregate?group_by=mail&count=*")).expect(200).data
    assert groups == [{"mail": None, "count": 1}, {"mail": "ann@example.com", "count": 1}]
    assert [row["id"] for row in (await clerk.get("/staff?q=ann@")).expect(200).data] == [ids["open"]]
    assert (await clerk.get(f"/staff?q={SECRET}")).expect(200).data == []
    first = (await clerk.get("/staff?cursor=&per_page=1&sort=-mail")).expect(200)
    second = (await clerk.get(f"/staff?per_page=1&sort=-mail&cursor={first.meta['next_cursor']}")).expect(200)
    assert [row["id"] for row in first.data + second.data] == [ids["open"], ids["closed"]]


async def test_writes_to_forbidden_fields_are_refused(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, fields={"exclude": ["salary", "badge"]}, masks={"card": "last4"})
    await grant(admin, "create", fields={"include": ["name", "card", "state"]})
    await grant(admin, "update", fields={"include": ["name", "card", "state"]}, conditions=[where("state", "open")])
    clerk = await admin.user("clerk@example.com", ["clerk"])
    refused = (await clerk.post("/staff", {"name": "x", "salary": 1, "badge": "b"})).expect(403)
    assert [detail["field"] for detail in refused.details] == ["salary", "badge"]
    made = (
        (await clerk.post("/staff", {"name": "Cid", "card": SECRET, "seen": "2001-01-01T00:00:00Z"})).expect(201).data
    )
    assert made["card"] == "****1111"
    assert not {"salary", "badge"} & set(made)
    path = f"/staff/{made['id']}"
    for body in ({"salary": 1}, {"salary": None}, {"badge": "x"}, {"mail": "a@b"}, {"name": "z", "salary": 1}):
        assert (await clerk.put(path, body)).expect(403).details[0]["field"] in body
    assert (await clerk.put(path, {"card": "4222"})).expect(403).details[0]["field"] == "card"
    assert (await clerk.put(path, {"card": "****1111", "name": "Cyd"})).expect(200).data["name"] == "Cyd"
    same = (await clerk.put(path, {"card": "****1111"})).expect(200)
    assert same.headers["ETag"] == '"2"'
    stored = (await admin.get(path)).data
    assert (stored["card"], stored["name"], stored["salary"]) == (SECRET, "Cyd", None)
    for system in ("_version", "id", "deleted_at", "created_by"):
        await clerk.put(path, {system: "2001-01-01T00:00:00Z"})
    assert (await admin.get(path)).data["id"] == made["id"]
    rows = [{"name": "ok"}, {"name": "no", "salary": 2}]
    [detail] = (await clerk.post("/staff/_bulk", rows)).expect(403).details
    assert (detail["index"], detail["field"]) == (1, "salary")
    [detail] = (await clerk.put("/staff/_bulk", [{"id": made["id"], "badge": "q"}])).expect(403).details
    assert (detail["index"], detail["field"]) == (0, "badge")
    assert (await admin.get("/staff")).meta["total"] == 1
    (await clerk.put("/staff/00000000-0000-4000-8000-000000000000", {"salary": 1})).expect(404)
    (await clerk.put(path, {"state": "closed"})).expect(200)
    (await clerk.put(path, {"name": "late"})).expect(403)


async def test_nested_rows_obey_the_policies_of_their_entity(admin: Client) -> None:
    for definition in (STAFF, TEAM):
        await admin.define(definition)
    await admin.define(RELATIONS[0], "relations")
    for action in ("read", "create", "update"):
        await grant(admin, action, on="team")
        await grant(admin, action, fields={"include": ["name"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    bad = {"title": "t", "members": {"data": [{"name": "ok"}, {"name": "no", "salary": 5}]}}
    [detail] = (await clerk.post("/team", bad)).expect(403).details
    assert (detail["field"], detail["relation"], detail["index"]) == ("salary", "members", 1)
    assert (await admin.get("/team")).data == []
    good = {"title": "t", "members": {"data": [{"name": "ok"}]}}
    team = (await clerk.post("/team", good)).expect(201).data
    [member] = (await admin.get(f"/team/{team['id']}?include=members")).data["members"]
    change = {"members": {"data": [{"id": member["id"], "salary": 1}]}}
    assert (await clerk.put(f"/team/{team['id']}", change)).expect(403).details[0]["field"] == "salary"
    # The reference is the relation's doing; by itself it is a field that is not the clerk's.
    assert (await clerk.put(f"/staff/{member['id']}", {"team_id": None})).expect(403).details[0]["field"] == "team_id"
    assert (await clerk.get(f"/team/{team['id']}?include=members")).expect(400).code == "UNKNOWN_FIELD"


async def test_refusals_reveal_no_hidden_fields(admin: Client) -> None:
    needed = {**STAFF, "fields": [*STAFF["fields"], text("pin", required=True)]}
    await admin.define(needed)
    await grant(admin, "read", fields={"include": ["name", "salary"]})
    await grant(admin, "create", fields={"include": ["name", "badge", "salary"]})
    rule = {"entity": "staff", "hook": "before_write", "type": "field"}
    body = {"field": "state", "operator": "neq", "value": "open", "message": "state must not be open"}
    await admin.define({**rule, "definition": body}, "rules")
    clerk = await admin.user("clerk@example.com", ["clerk"])
    refused = (await clerk.post("/staff", {"name": "x"})).expect(422)
    assert "pin" not in str(refused.body)
    (await admin.post("/staff", {"name": "a", "pin": "1", "badge": "same", "state": "new"})).expect(201)
    taken = {**needed, "fields": [f if f["name"] != "pin" else text("pin", default="0") for f in needed["fields"]]}
    (await admin.put("/_admin/entities/staff", taken)).expect(200)
    refused = (await clerk.post("/staff", {"name": "x"})).expect(422)
    assert "state" not in str(refused.body)


async def test_writers_without_read_access_see_only_what_they_wrote(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, "create", fields={"include": ["name", "card"]})
    await grant(admin, "update", role="mover", conditions=[where("state", "open")])
    await grant(admin, "read", role="mover", fields={"exclude": ["salary"]}, conditions=[where("name", "mine")])
    clerk = await admin.user("clerk@example.com", ["clerk"])
    made = (await clerk.post("/staff", {"name": "x", "card": SECRET})).expect(201).data
    assert made == {"id": made["id"], "name": "x", "card": SECRET}
    (await clerk.get(f"/staff/{made['id']}")).expect(403)
    (await admin.put(f"/staff/{made['id']}", {"salary": 9})).expect(200)
    mover = await admin.user("mover@example.com", ["mover"])
    (await mover.get(f"/staff/{made['id']}")).expect(404)
    assert "salary" not in (await mover.put(f"/staff/{made['id']}", {})).expect(200).data


async def test_concurrent_equal_reads_respect_each_caller(admin: Client) -> None:
    """Equal reads are one query: those of people who may see different records are not equal."""
    await admin.define(STAFF)
    await grant(admin, conditions=[where("mail", "$user.email")])
    people = [await admin.user(f"{name}@example.com", ["clerk"]) for name in ("ann", "bob", "eve")]
    for name in ("ann", "bob"):
        await make(admin, "staff", name=name, mail=f"{name}@example.com")
    for _ in range(5):
        replies = await asyncio.gather(*(person.get("/staff?sort=name") for person in people * 8))
        shown = [[row["name"] for row in reply.expect(200).data] for reply in replies]
        assert shown == [["ann"], ["bob"], []] * 8


async def test_unreadable_records_are_not_found_on_every_route(admin: Client) -> None:
    await admin.define(STAFF)
    for action in ("read", "update", "delete"):
        await grant(admin, action, conditions=[where("mail", "$user.email")])
    clerk = await admin.user("clerk@example.com", ["clerk"])
    mine = await make(admin, "staff", name="mine", mail="clerk@example.com")
    other = await make(admin, "staff", name="other", mail="b@x.org")
    commit = (await admin.get(f"/staff/{other['id']}/history")).data[0]["commit_id"]
    path = f"/staff/{other['id']}"
    for reading in (path, f"{path}/history", f"{path}?version=1", f"/_commits/{commit}"):
        (await clerk.get(reading)).expect(404)
    position = (await admin.get(f"/_commits/{commit}")).data["position"]
    (await clerk.get(f"{path}?as_of={position}")).expect(404)
    for reply in (
        await clerk.put(path, {"name": "x"}), await clerk.delete(path),
        await clerk.put("/staff/_bulk", [{"id": other["id"], "name": "x"}]),
        await clerk.request("DELETE", "/staff/_bulk", [other["id"]]),
        await clerk.post(f"/_commits/{commit}/undo"),
    ):  # fmt: skip
        reply.expect(403)
    (await admin.delete(path)).expect(200)
    (await clerk.post(f"{path}/restore")).expect(404)
    assert [row["id"] for row in (await clerk.get("/staff?deleted=with")).expect(200).data] == [mine["id"]]
    assert (await clerk.get(f"/staff?filter[id]={other['id']}&deleted=with")).data == []
    # The right to update stays with the record as it was: handing it over is the last thing one may do to it.
    (await clerk.put(f"/staff/{mine['id']}", {"mail": "b@x.org"})).expect(200)
    (await clerk.put(f"/staff/{mine['id']}", {"name": "x"})).expect(403)
    (await clerk.get(f"/staff/{mine['id']}/history")).expect(404)


async def test_an_undo_needs_write_access_to_its_fields(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin)
    await grant(admin, "update", fields={"exclude": ["salary"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    made = await make(admin, "staff", name="x", salary=1)
    raised = (await admin.put(f"/staff/{made['id']}", {"salary": 2})).expect(200).headers["X-Commit"]
    (await clerk.post(f"/_commits/{raised}/undo")).expect(403)
    renamed = (await admin.put(f"/staff/{made['id']}", {"name": "y"})).expect(200).headers["X-Commit"]
    (await clerk.post(f"/_commits/{renamed}/undo")).expect(200)
    assert (await admin.get(f"/staff/{made['id']}")).data["name"] == "x"


async def test_policies_of_several_roles_are_united(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, masks={"card": "last4", "mail": "null", "salary": {"keep_last": 1}, "name": "hash"})
    await grant(admin, role="lead", fields={"include": ["card"]}, conditions=[where("state", "open")])
    await grant(admin, role="lead", fields={"include": ["mail"]}, masks={"mail": "email"})
    one = await make(admin, "staff", name="Ann", card=SECRET, mail="ann@example.com", salary=120)
    two = await make(admin, "staff", name="Ann", card=SECRET, state="closed")
    clerk = await admin.user("clerk@example.com", ["clerk"])
    lead = await admin.user("lead@example.com", ["clerk", "lead"])
    seen = (await clerk.get(f"/staff/{one['id']}")).data
    assert (seen["card"], seen["mail"], seen["salary"]) == ("****1111", None, "****0")
    # Hashes are a record's own: equal values of others can't be told, nor tried in records of one's own.
    assert len({seen["name"], (await clerk.get(f"/staff/{two['id']}")).data["name"], "Ann"}) == 3
    assert (await clerk.get(f"/staff/{one['id']}?version=1")).data["name"] == seen["name"]
    seen = (await lead.get(f"/staff/{one['id']}")).data
    assert (seen["card"], seen["mail"]) == (SECRET, "a***@example.com")
    assert (await lead.get(f"/staff/{two['id']}")).data["card"] == "****1111"
    assert [row["id"] for row in (await lead.get(f"/staff?filter[card]={SECRET}")).data] == [one["id"]]
    (await clerk.get(f"/staff?filter[card]={SECRET}")).expect(400)


def person(**more: Any) -> dict[str, Any]:
    """People, whose address, card and birth are personal data."""
    fields = [
        text("name"),
        text("mail", pii=True),
        text("card", pii=True),
        {"name": "born", "type": "date", "pii": True},
    ]
    return entity("person", *(field | (more if field["name"] == "name" else {}) for field in fields))


async def test_personal_data_is_masked_by_default(admin: Client) -> None:
    await admin.define(person())
    await grant(admin, on="person", pii_mask="email", masks={"card": "last4"})
    await grant(admin, on="person", role="counter", pii_mask=None)
    await grant(admin, on="person", role="nurse", fields={"include": ["born"]})
    values = {"mail": "ann@example.com", "card": SECRET, "born": "1990-01-02"}
    path = f"/person/{(await make(admin, 'person', name='Ann', **values))['id']}"
    clerk = await admin.user("clerk@example.com", ["clerk"])
    seen = (await clerk.get(path)).expect(200).data
    # A date has no such mask: nothing is shown of it.
    assert [seen[each] for each in ("name", "mail", "card", "born")] == ["Ann", "a***@example.com", "****1111", None]
    for name, value in values.items():
        (await clerk.get(f"/person?filter[{name}]={value}")).expect(400)
    assert values["mail"] not in str((await clerk.get(f"{path}/history")).expect(200).body)
    counter = await admin.user("counter@example.com", ["counter"])
    assert [(await counter.get(path)).data[each] for each in values] == [None, None, None]
    nurse = await admin.user("nurse@example.com", ["clerk", "nurse"])
    assert (await nurse.get(path)).data["born"] == "1990-01-02"
    assert (await admin.get(path)).data["mail"] == values["mail"]
    # What becomes personal data is masked from then on.
    (await admin.put("/_admin/entities/person", person(pii=True))).expect(200)
    assert (await clerk.get(path)).data["name"] == "***"
    assert (await counter.get(path)).data["name"] is None


async def test_earlier_versions_need_access_then_and_now(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, visible_when={"salary": "record.state == 'open'"})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    made = (await admin.post("/staff", {"name": "x", "salary": 5})).expect(201)
    path, then = f"/staff/{made.data['id']}", made.headers["X-Commit"]
    assert (await clerk.get(f"{path}?as_of={then}")).expect(200).data["salary"] == 5
    (await admin.put(path, {"state": "closed"})).expect(200)
    for reading in (f"{path}?as_of={then}", f"{path}?version=1", f"{path}/history", f"/_commits/{then}"):
        assert "salary" not in str((await clerk.get(reading)).expect(200).body), reading
    assert (await clerk.get(f"/staff?as_of={then}&filter[salary]=5")).expect(200).data == []
    (await admin.put(path, {"state": "open"})).expect(200)
    assert (await clerk.get(f"{path}?version=1")).expect(200).data["salary"] == 5
    assert "salary" not in (await clerk.get(f"{path}?version=2")).expect(200).data


async def test_invalid_policies_are_refused_with_the_place(admin: Client) -> None:
    await admin.define(STAFF)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"fields": {"include": ["nope"]}}, "fields"),
        ({"fields": {"exclude": ["id"]}}, "fields.exclude"),
        ({"fields": {"include": ["name"], "exclude": ["mail"]}}, "fields"),
        ({"fields": {}}, "fields"),
        ({"masks": {"card": "last9"}}, "masks.card"),
        ({"masks": {"nope": "last4"}}, "masks.nope"),
        ({"masks": {"salary": "email"}}, "masks.salary"),
        ({"masks": {"card": {"keep_last": 0}}}, "masks.card"),
        ({"visible_when": {"mail": "record.state =="}}, "visible_when.mail"),
        ({"visible_when": {"mail": "record.nope == 1"}}, "visible_when.mail"),
        ({"visible_when": {"mail": "old.state == 'x'"}}, "visible_when.mail"),
        ({"visible_when": {"mail": "lower(record.state) == 'x'"}}, "visible_when.mail"),
        ({"visible_when": {"nope": "true"}}, "visible_when.nope"),
        ({"conditions": [where("nope", 1)]}, "conditions.0"),
        ({"conditions": [where("salary", "much")]}, "conditions.0"),
        ({"effect": "deny"}, "effect"),
        ({"action": "delete", "fields": {"include": ["name"]}}, "fields"),
        ({"pii_mask": "last9"}, "pii_mask"),
        ({"action": "delete", "pii_mask": "hash"}, "pii_mask"),
        ({"action": "create", "pii_mask": "hash"}, "pii_mask"),
    ]
    for more, place in cases:
        policy = {"entity": "staff", "action": "read", "roles": ["clerk"], **more}
        refused = (await admin.post("/_admin/permissions", policy)).expect(422)
        assert refused.code == "VALIDATION_FAILED"
        assert place in [detail.get("field", "") for detail in refused.details], (more, refused.details)
    position = {"entity": "staff", "action": "read", "roles": [], "visible_when": {"mail": "record.state =="}}
    assert "line 1, column" in str((await admin.post("/_admin/permissions", position)).details)


async def test_policies_follow_renames_and_are_exported(client: Client, admin: Client) -> None:
    await admin.define(STAFF)
    say = "record.state == 'open' || 'record.state' == record.name"
    whole: dict[str, Any] = {
        "fields": {"exclude": ["salary"]}, "masks": {"card": {"keep_last": 2}, "mail": None}, "effect": "allow",
        "visible_when": {"card": say},
    }  # fmt: skip
    await grant(admin, **whole, conditions=[where("state", "open")])
    await grant(admin, fields={"include": ["state"]})
    names = {"state": "phase", "card": "iban", "salary": "wage"}
    fields = [{**f, "name": names[f["name"]], "renamed_from": f["name"]} if f["name"] in names else f
              for f in STAFF["fields"]]  # fmt: skip
    (await admin.put("/_admin/entities/staff", {**STAFF, "fields": fields})).expect(200)
    first, second = (await admin.get("/_admin/permissions")).data
    assert first["fields"] == {"exclude": ["wage"]}
    assert first["masks"] == {"iban": {"keep_last": 2}, "mail": None}
    assert first["visible_when"] == {"iban": "record.phase == 'open' || 'record.state' == record.name"}
    assert (first["conditions"][0]["field"], second["fields"]) == ("phase", {"include": ["phase"]})
    exported = (await admin.get("/_admin/export")).data
    copy = await client.new_app()
    assert (await copy.post("/_admin/import", exported)).expect(200).data["imported"]["permissions"] == 2
    assert (await copy.post("/_admin/import", exported)).expect(200).data["imported"]["permissions"] == 0
    assert (await copy.get("/_admin/export")).data["permissions"] == exported["permissions"]


async def test_explain_reports_a_mask_only_if_every_policy_masks(office: Office) -> None:
    async def why(role: str) -> tuple[str, str, str]:
        ask = {"roles": [role], "action": "read", "entity": "staff", "field": "card"}
        data = (await office.admin.post("/_admin/explain", ask)).expect(200).data
        return data["verdict"], data["reason"], data["field"]["access"]

    await grant(office.admin, role="all", masks={"card": "hash"})
    await grant(office.admin, role="some", masks={"card": "hash"})
    await grant(office.admin, role="some", conditions=[where("state", "open")])
    await grant(office.admin, role="two", masks={"card": "hash"})
    await grant(office.admin, role="two", masks={"card": "last4"})
    assert await why("all") == ("masked", "hash", "masked")
    assert (await why("some"))[::2] == ("depends", "depends")
    assert (await why("two"))[::2] == ("masked", "masked")


async def test_a_version_returns_only_selected_fields(office: Office) -> None:
    path = f"/staff/{office.open['id']}?version=1"
    whole = (await office.clerk.get(path)).expect(200).data
    assert (await office.clerk.get(f"{path}&fields=name,card")).expect(200).data == {
        "name": whole["name"], "card": whole["card"],
    }  # fmt: skip
    assert (await office.admin.get(f"{path}&fields=salary,name")).expect(200).data == {
        "salary": office.open["salary"], "name": office.open["name"],
    }  # fmt: skip
    for caller, name in ((office.clerk, "salary"), (office.clerk, "nope"), (office.admin, "nope")):
        reply = (await caller.get(f"{path}&fields=name,{name}")).expect(400)
        assert (reply.code, reply.details[0]["field"]) == ("UNKNOWN_FIELD", name)
    for other in ("include=team", "as_of=1"):
        assert (await office.clerk.get(f"{path}&{other}")).expect(400).code == "INVALID_PAYLOAD"


async def test_explain_names_policy_condition_record_and_field(office: Office) -> None:
    admin = office.admin
    extra = await grant(admin, role="auditor", conditions=[where("state", "open"), where("salary", 50, "gt")],
                        masks={"card": "hash"})  # fmt: skip
    ask: dict[str, Any] = {"roles": ["auditor"], "action": "read", "entity": "staff"}

    async def why(**more: Any) -> Any:
        return (await admin.post("/_admin/explain", {**ask, **more})).expect(200).data

    assert (await why())["verdict"] == "depends"
    closed = await why(record_id=office.closed["id"])
    assert (closed["verdict"], closed["record"]["listed"]) == ("denied", False)
    [policy] = [policy for policy in closed["policies"] if policy["applies"]]
    assert (policy["id"], policy["holds"]) == (extra, False)
    assert [(c["stored"], c["holds"]) for c in policy["conditions"]] == [("closed", False), (70, True)]
    field = await why(record_id=office.open["id"], field="card")
    assert (field["verdict"], field["field"]["access"], field["field"]["askable"]) == ("masked", "masked", False)
    assert (await why(field="card"))["field"] == {"name": "card", "askable": False, "access": "masked"}
    assert (await why(field="card"))["verdict"] == "depends"
    assert (await why(roles=["nobody"]))["verdict"] == "denied"
    by_user = {"user": "clerk@example.com", "roles": None, "record_id": office.closed["id"], "field": "mail"}
    assert (await why(**by_user))["verdict"] == "denied"
    assert (await why(**{**by_user, "record_id": office.open["id"]}))["verdict"] == "allowed"
    assert (await why(roles=["admin"]))["verdict"] == "allowed"
    for wrong in ({"roles": None}, {"action": "fly"}, {"entity": "nope"}, {"field": "nope"}, {"user": "x@y"}):
        (await admin.post("/_admin/explain", {**ask, **wrong})).expect(422)
    (await admin.post("/_admin/explain", {**ask, "record_id": "nope"})).expect(404)
    (await office.clerk.post("/_admin/explain", ask)).expect(403)
    (await admin.delete(f"/_admin/permissions/{extra}")).expect(200)


async def test_a_hidden_slug_does_not_address_records(admin: Client) -> None:
    slug = {"field": "badge"}
    await admin.define({**STAFF, "slug": slug})
    await grant(admin, fields={"exclude": ["badge"]})
    await grant(admin, role="peer", visible_when={"badge": "record.state == 'open'"})
    one = await make(admin, "staff", name="x", badge="z-1")
    await make(admin, "staff", name="y", badge="z-2", state="closed")
    clerk = await admin.user("clerk@example.com", ["clerk"])
    peer = await admin.user("peer@example.com", ["peer"])
    assert (await admin.get("/staff/z-1")).expect(200).data["id"] == one["id"]
    (await clerk.get("/staff/z-1")).expect(404)
    (await clerk.get(f"/staff/{one['id']}")).expect(200)
    assert [(await peer.get(f"/staff/{badge}")).status for badge in ("z-1", "z-2")] == [200, 404]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"field": "owner", "operator": "neq"}, "value: is required"),
        ({"field": "owner"}, "value: is required"),
        ({"field": "owner", "operator": "neq", "value": "$user.mail"}, "$user.email"),
        ({"field": "owner", "operator": "not_in", "value": ["a", "$user.ID"]}, "$user.id"),
        ({"field": "owner", "operator": "neq", "value": "$user.roles"}, "$user.roles for in and not_in"),
    ],
)
async def test_a_condition_with_a_missing_value_is_refused(admin: Client, condition: Any, words: str) -> None:
    """`neq` and `not_in` of a value that was forgotten or misspelt would open all records."""
    await admin.define(entity("note", text("owner")))
    policy = {"entity": "note", "action": "read", "roles": ["clerk"], "conditions": [condition]}
    refused = (await admin.post("/_admin/permissions", policy)).expect(422)
    assert words in refused.body["error"]["message"] and refused.details[0]["field"].startswith("conditions.0")
    imported = (await admin.post("/_admin/import", {"version": 1, "permissions": [policy]})).expect(422)
    assert words in imported.body["error"]["message"]


async def test_conditions_of_create_policies_are_warned_about(admin: Client) -> None:
    await admin.define(entity("note", text("owner")))
    policy = {"entity": "note", "action": "create", "roles": ["admin"], "conditions": [where("owner", "a")]}
    made = (await admin.post("/_admin/permissions", policy)).expect(201)
    assert made.body["warnings"] == [{"path": "conditions", "message": "they do not apply to what is created"}]
