"""Lists: operators, fields, search, deleted records, counts, cursors; ETags of single reads."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.cursors import walk
from tests.support.relations import allow, define_shop, make, where

THING = entity(
    "thing", text("name"), {"name": "notes", "type": "text"}, integer("size"), {"name": "data", "type": "json"},
    {"name": "at", "type": "timestamp"}, soft_delete=True,
)  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {
        "name": "Ant",
        "notes": "50% off",
        "size": 1,
        "data": {"tags": ["a", "b"], "deep": {"x": 1}},
        "at": "2026-01-01T00:00:00Z",
    },
    {"name": "Bee", "notes": "under_score", "size": 2, "data": ["a", 1]},
    {"name": "ant eater", "notes": "back\\slash", "size": 3, "data": {}},
    {"name": None, "notes": None, "size": None, "data": None},
]  # fmt: skip


@pytest.fixture(scope="module")
async def things(common_admin: Client) -> Client:
    """The admin of an app with things that are only looked at."""
    return await with_things(common_admin)


@pytest.fixture
async def own_things(admin: Client) -> Client:
    """The same, for a test that changes them."""
    return await with_things(admin)


async def with_things(admin: Client) -> Client:
    await admin.define(THING)
    for row in ROWS:
        (await admin.post("/thing", row)).expect(201)
    return admin


async def sizes(caller: Client, query: str) -> list[Any]:
    """What a query finds, by size."""
    return [row["size"] for row in (await caller.get(f"/thing?sort=size&{query}")).expect(200).data]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name.ilike", "ANT%", [1, 3]), ("name.like", "ANT%", []), ("name.ilike", "_ee", [2]),
        ("name.starts_with", "ant", [3]), ("notes.starts_with", "50%", [1]), ("size.starts_with", "2", [2]),
        ("name.contains", "ee", [2]), ("notes.contains", "%", [1]), ("notes.contains", "_", [2]),
        ("data.contains", '{"tags":["b"]}', [1]), ("data.contains", '{"deep":{"x":1}}', [1]),
        ("data.contains", '["a"]', [2]), ("data.contains", '"a"', [2]), ("data.contains", "1", [2]),
        ("data.contains", "{}", [1, 3]),
        ("data.is_null", "", [None]), ("name.is_null", "true", [None]), ("name.is_null", "false", [1, 2, 3]),
        ("data.is_not_null", "", [1, 2, 3]), ("size.is_not_null", "false", [None]),
        ("size.between", "2,3", [2, 3]), ("size.between", " 1 , 2 ", [1, 2]), ("size.between", "3,2", []),
        ("name.between", "A,Az", [1]), ("at.between", "2025-12-31T00:00:00Z,2026-01-01T00:00:00Z", [1]),
    ],
)  # fmt: skip
async def test_filter_operators(things: Client, name: str, value: str, expected: list[Any]) -> None:
    assert await sizes(things, f"filter[{name}]={quote(value)}") == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[size.between]=1", "INVALID_PAYLOAD"), ("filter[size.between]=1,2,3", "INVALID_PAYLOAD"),
        ("filter[size.between]=1,x", "INVALID_PAYLOAD"), ("filter[size.is_null]=maybe", "INVALID_PAYLOAD"),
        ("filter[size.contains]=1", "INVALID_PAYLOAD"), ("filter[data.contains]={", "INVALID_PAYLOAD"),
        ("filter[data.starts_with]=a", "INVALID_PAYLOAD"), ("filter[data.ilike]=a", "INVALID_PAYLOAD"),
        ("filter[name.ilike]=a%5C", "INVALID_PAYLOAD"), ("filter[name.starts_with]=%00", "INVALID_PAYLOAD"),
        ("filter[name.contains]=%00", "INVALID_PAYLOAD"), ('filter[data.contains]="%5Cu0000"', "INVALID_PAYLOAD"),
        ("filter[data.contains]=" + "[" * 150 + "]" * 150, "INVALID_PAYLOAD"),
        ("q=%00", "INVALID_PAYLOAD"), ("q=" + "x" * 201, "INVALID_PAYLOAD"),
        ("fields=name,nope", "UNKNOWN_FIELD"), ("fields=_version", "UNKNOWN_FIELD"),
        ("count=maybe", "INVALID_PAYLOAD"), ("deleted=yes", "INVALID_PAYLOAD"),
        ("cursor=x", "INVALID_PAYLOAD"), ("cursor=%C3%A4", "INVALID_PAYLOAD"), ("cursor=W10", "INVALID_PAYLOAD"),
        ("cursor=" + "A" * 5000, "INVALID_PAYLOAD"),
        ("cursor=&direction=up", "INVALID_PAYLOAD"), ("direction=backward", "INVALID_PAYLOAD"),
        ("truncate=0", "INVALID_PAYLOAD"), ("truncate=x", "INVALID_PAYLOAD"), ("truncate=1000001", "INVALID_PAYLOAD"),
        ("min_commit=x", "INVALID_PAYLOAD"), ("min_commit=0", "INVALID_PAYLOAD"), ("min_commit=", "INVALID_PAYLOAD"),
    ],
)  # fmt: skip
async def test_invalid_lists_are_refused(things: Client, query: str, code: str) -> None:
    assert (await things.get(f"/thing?{query}")).expect(400).code == code


async def test_selected_fields(things: Client) -> None:
    listed = (await things.get("/thing?fields= name ,size,&sort=size")).data
    assert listed[0] == {"name": None, "size": None} and listed[1] == {"name": "Ant", "size": 1}
    record = (await things.get("/thing?filter[size]=1")).data[0]
    assert (await things.get(f"/thing/{record['id']}?fields=size")).data == {"size": 1}
    assert (await things.get(f"/thing/{record['id']}?fields=")).data == record
    assert (await things.get(f"/thing/{record['id']}?fields=nope")).expect(400).code == "UNKNOWN_FIELD"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ANT", [1, 3]), ("%", [1]), ("_", [2]), ("\\", [3]), (" bee ", [2]), ("", [None, 1, 2, 3]), ("zebra", [])],
)
async def test_search_covers_all_text_fields(things: Client, text: str, expected: list[Any]) -> None:
    assert await sizes(things, f"q={quote(text)}") == expected


@pytest.mark.parametrize(
    "asked", ["οδυσσεύς", "ΟΔΥΣΣΕΎΣ", "Οδυσσεύσ", "σσεύς", "ΣΕΎΣ ", "STRASSE", "straße", "ẞe 1_0%"]
)
async def test_search_folds_case_as_unicode_does(admin: Client, asked: str) -> None:
    """In lists, of now and of then, in counts and exports."""
    await admin.define(entity("place", text("title")))
    titles = ["ΟΔΥΣΣΕΎΣ", "οδυσσεύς, Straße 1_0%", "STRASSE 1_0%", "Οδυσσεύσ", "Ilias"]
    made = [(await admin.post("/place", {"title": title})).expect(201) for title in titles]
    then = made[-1].headers["X-Commit"]
    folded = asked.strip().casefold()
    expected = [title for title in titles if folded in title.casefold()]
    q = quote(asked)
    assert expected and "Ilias" not in expected
    for query in (f"q={q}", f"q={q}&as_of={then}"):
        found = (await admin.get(f"/place?sort=id&{query}")).expect(200)
        assert [row["title"] for row in found.data] == expected
    assert (await admin.get(f"/place/_aggregate?count=*&q={q}")).expect(200).data[0]["count"] == len(expected)


async def test_search_without_text_fields(admin: Client) -> None:
    await admin.define(entity("number", integer("n")))
    await make(admin, "number", n=1)
    assert (await admin.get("/number?q=1")).expect(200).data == []


async def test_deleted_records_for_those_who_may_delete(own_things: Client) -> None:
    bee = (await own_things.get("/thing?filter[size]=2")).data[0]
    (await own_things.delete(f"/thing/{bee['id']}")).expect(200)
    assert await sizes(own_things, "") == [None, 1, 3]
    assert await sizes(own_things, "deleted=with") == [None, 1, 2, 3]
    only = (await own_things.get("/thing?deleted=only")).expect(200)
    assert [row["size"] for row in only.data] == [2] and only.meta["total"] == 1
    (await own_things.get(f"/thing/{bee['id']}")).expect(404)
    assert (await own_things.get(f"/thing/{bee['id']}?deleted=only")).data == bee
    sales = await own_things.user("sales@example.com", ["sales"])
    await allow(own_things, "thing")
    assert (await sales.get("/thing?deleted=with")).expect(403).code == "FORBIDDEN"
    await allow(own_things, "thing", where("size", 3), action="delete")
    assert await sizes(sales, "deleted=with") == [None, 1, 3]
    assert await sizes(sales, "deleted=only") == []
    await allow(own_things, "thing", where("size", 2), action="delete")
    assert await sizes(sales, "deleted=only") == [2]


async def test_deleted_where_nothing_is_soft_deleted(admin: Client) -> None:
    await admin.define(entity("number", integer("n")))
    await make(admin, "number", n=1)
    assert [row["n"] for row in (await admin.get("/number?deleted=with")).data] == [1]
    assert (await admin.get("/number?deleted=only")).data == []


async def test_counting(things: Client) -> None:
    assert (await things.get("/thing?count=exact&per_page=2")).meta == {"page": 1, "per_page": 2, "total": 4}
    assert (await things.get("/thing?count=none&per_page=2")).meta == {"page": 1, "per_page": 2}
    estimated = (await things.get("/thing?count=estimated&filter[size.gte]=2")).meta
    assert estimated == {"page": 1, "per_page": 25, "total": 2, "estimated": True}


@pytest.fixture(scope="module")
async def gaps(common_admin: Client) -> Client:
    """The admin of an app with gaps: records of which many have the same values, or none."""
    fields = (
        text("name"),
        integer("size"),
        {"name": "at", "type": "timestamp"},
        {"name": "data_less", "type": "decimal"},
    )
    await common_admin.define(entity("gap", *fields))
    rows = [
        {"name": name, "size": size, "at": at, "data_less": number}
        for name in (None, "a", "")
        for size in (None, 1, 2)
        for at, number in ((None, 1.5), ("2026-01-01T00:00:00.123456Z", None))
    ]
    for reply in await asyncio.gather(*(common_admin.post("/gap", row) for row in rows)):
        reply.expect(201)
    return common_admin


@pytest.mark.parametrize("sort", ["", "size", "-size", "at,-name", "-data_less", "name,size"])
async def test_cursors_follow_every_sort_order(gaps: Client, sort: str) -> None:
    whole = (await gaps.get(f"/gap?per_page=100&sort={sort}")).data
    assert len(whole) == 18
    for direction in ("forward", "backward"):
        assert await walk(gaps, f"/gap?per_page=4&sort={sort}", direction) == whole
    page = (await gaps.get(f"/gap?per_page=4&sort={sort}&cursor=")).expect(200)
    assert page.meta == {"per_page": 4, "next_cursor": page.meta["next_cursor"], "prev_cursor": None}
    last = (await gaps.get(f"/gap?per_page=4&sort={sort}&cursor=&direction=backward&count=exact")).expect(200)
    assert last.data == whole[-4:] and last.meta["total"] == 18 and last.meta["next_cursor"] is None


async def test_cursors_are_stable_under_writes(own_things: Client) -> None:
    first = (await own_things.get("/thing?sort=size&cursor=&per_page=2&count=exact")).expect(200)
    assert [row["size"] for row in first.data] == [None, 1] and first.meta["total"] == 4
    await make(own_things, "thing", size=0)
    await own_things.delete(f"/thing/{first.data[1]['id']}")
    await make(own_things, "thing", size=4)
    cursor = first.meta["next_cursor"]
    second = (await own_things.get(f"/thing?sort=size&cursor={cursor}&per_page=2")).expect(200)
    assert [row["size"] for row in second.data] == [2, 3]
    back = f"/thing?sort=size&per_page=2&cursor={second.meta['prev_cursor']}&direction=backward"
    assert [row["size"] for row in (await own_things.get(back)).expect(200).data] == [None, 0]


async def test_an_empty_page_leads_back_to_where_it_was_reached_from(own_things: Client) -> None:
    first = (await own_things.get("/thing?sort=size&cursor=&per_page=3")).expect(200)
    last = (await own_things.get("/thing?sort=size&filter[size]=3")).data[0]
    (await own_things.delete(f"/thing/{last['id']}")).expect(200)
    empty = (await own_things.get(f"/thing?sort=size&per_page=3&cursor={first.meta['next_cursor']}")).expect(200)
    assert empty.data == [] and empty.meta["next_cursor"] is None
    path = f"/thing?sort=size&per_page=3&cursor={empty.meta['prev_cursor']}"
    assert (await own_things.get(f"{path}&direction=backward")).expect(200).data == first.data
    # The row at the place belongs to the page before it, and comes first on the way forward.
    assert [row["size"] for row in (await own_things.get(path)).expect(200).data] == [2]


async def test_long_values_are_truncated_where_asked(own_things: Client) -> None:
    await own_things.define(
        entity("remark", text("body"), {"name": "thing_id", "type": "uuid"}, text("state", enum=["unmistakable"]))
    )
    await own_things.relate("remarks", "one_to_many", "thing", "remark", target_key="thing_id")
    ant = (await own_things.get("/thing?filter[size]=1")).data[0]
    await make(own_things, "remark", body="é😀 and more", thing_id=ant["id"], state="unmistakable")
    path = "/thing?filter[size]=1&include=remarks"
    for suffix in ("", "&cursor="):
        cut = (await own_things.get(f"{path}&truncate=3{suffix}")).expect(200)
        row = cut.data[0]
        assert (row["name"], row["notes"], row["data"], row["id"]) == ("Ant", "50%…", '{"d…', ant["id"])
        assert row["at"] == ant["at"] and row["size"] == 1
        assert [(each["body"], each["state"]) for each in row["remarks"]] == [("é😀 …", "unmistakable")]
        assert sorted(cut.meta["truncated"]) == ["data", "notes", "remarks.body"]
    whole = (await own_things.get(f"{path}&truncate=1000")).expect(200)
    assert whole.data == (await own_things.get(path)).data and whole.meta["truncated"] == []
    only = (await own_things.get("/thing?filter[size]=1&truncate=3&fields=size")).expect(200)
    assert only.data == [{"size": 1}] and only.meta["truncated"] == []


async def test_a_cursor_of_another_list_is_refused(own_things: Client) -> None:
    await own_things.define(entity("other", integer("size")))
    cursor = (await own_things.get("/thing?sort=size&filter[size.gte]=1&cursor=&per_page=1")).meta["next_cursor"]
    (await own_things.get(f"/thing?filter[size.gte]=1&sort=size&cursor={cursor}&include=&fields=size")).expect(200)
    same = "sort=size&filter[size.gte]=1"
    for query in ("sort=-size&filter[size.gte]=1", "sort=size&filter[size.gte]=2", "sort=size", f"{same}&q=a"):
        assert (await own_things.get(f"/thing?{query}&cursor={cursor}")).expect(400).code == "INVALID_PAYLOAD"
    (await own_things.get(f"/other?{same}&cursor={cursor}")).expect(400)
    mark, *place = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
    forgeries: list[Any] = [[mark], [mark, "x", place[1]], [mark, "1", None], [mark, *place, "1"], [mark, 1, place[1]]]
    for forged in [*forgeries, {}]:
        text = base64.urlsafe_b64encode(orjson.dumps(forged)).rstrip(b"=").decode()
        reply = await own_things.get(f"/thing?{same}&cursor={text}")
        assert reply.expect(400).code == "INVALID_PAYLOAD"


async def test_cursors_with_includes(admin: Client) -> None:
    await define_shop(admin)
    for n in range(3):
        customer = await make(admin, "customer", name=str(n))
        await make(admin, "order", title=str(n), customer_id=customer["id"])
    page = (await admin.get("/order?sort=title&cursor=&per_page=2&include=customer&fields=title")).expect(200)
    assert [row["customer"]["name"] for row in page.data] == ["0", "1"]
    rest = await admin.get(f"/order?sort=title&cursor={page.meta['next_cursor']}&include=customer&fields=title")
    assert [(row["title"], row["customer"]["name"]) for row in rest.data] == [("2", "2")]
    assert rest.meta["next_cursor"] is None


async def test_the_etag_of_a_record_is_its_version(things: Client) -> None:
    record = (await things.get("/thing?filter[size]=1")).data[0]
    path = f"/thing/{record['id']}"
    assert (await things.get(path)).headers["ETag"] == '"1"'
    assert (await things.get(path, If_None_Match='"0", W/"1"')).expect(304).body is None
    (await things.get(path, If_None_Match="*")).expect(304)
    (await things.get(path, If_None_Match='"2"')).expect(200)


async def test_other_representations_have_their_own_etags(own_things: Client) -> None:
    record = (await own_things.get("/thing?filter[size]=1")).data[0]
    path = f"/thing/{record['id']}"
    some = await own_things.get(path + "?fields=size")
    tag = some.headers["ETag"]
    assert tag.startswith('"1-') and tag == (await own_things.get(path + "?fields=size")).headers["ETag"]
    assert tag != (await own_things.get(path + "?fields=name")).headers["ETag"]
    # What is included may have changed without the record, so nothing but the plain record is ever unmodified.
    (await own_things.get(path + "?fields=size", If_None_Match=tag)).expect(200)
    await allow(own_things, "thing", where("size", 1))
    sales = await own_things.user("sales@example.com", ["sales"])
    assert (await sales.get(path + "?fields=size")).headers["ETag"] != tag
    (await own_things.put(path, {"size": 1}, If_Match=tag)).expect(200)
    assert (await own_things.put(path, {"size": 1}, If_Match=tag)).expect(412).code == "PRECONDITION_FAILED"


async def test_records_with_eager_relations_have_another_etag(admin: Client) -> None:
    await define_shop(admin, items={"fetch": "eager"})
    order = await make(admin, "order", title="a")
    reply = await admin.get(f"/order/{order['id']}")
    assert reply.headers["ETag"].startswith('"1-')
    (await admin.get(f"/order/{order['id']}", If_None_Match=reply.headers["ETag"])).expect(200)


async def test_a_read_waits_for_the_requested_commit(own_things: Client) -> None:
    record = (await own_things.get("/thing?filter[size]=1")).data[0]
    changed = await own_things.put(f"/thing/{record['id']}", {"size": 7})
    position = int(changed.headers["X-Commit"])
    for path in (f"/thing/{record['id']}", "/thing?filter[size]=7"):
        sign = "&" if "?" in path else "?"
        (await own_things.get(f"{path}{sign}min_commit={position}")).expect(200)

    async def later() -> int:
        return (await own_things.get(f"/thing?min_commit={position + 1}")).status

    waiting = asyncio.create_task(later())
    await make(own_things, "thing", size=8)
    assert await waiting == 200
    assert (await own_things.get(f"/thing?min_commit={position + 1000}")).expect(504).code == "TIMEOUT"
