"""Lists with relations and includes agree with a plain Python model, now and as of earlier."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.property.models.worlds import NAMES, Deed, Model, Question, World, deeds, questions, worlds
from tests.support.client import Client

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def owner(client: Client) -> Client:
    return await client.new_app()


@given(st.data(), worlds(), deeds())
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
async def test_lists_of_related_entities_agree_with_the_model(
    owner: Client, data: st.DataObject, world: World, done: list[Deed]
) -> None:
    prefix = f"w{next(_numbers)}"
    await _define(owner, world, prefix)
    model, moments = Model(world), []
    for deed in done:
        position = await _do(owner, prefix, model, deed)
        if position:
            moments.append((position, model.copied()))
    asked = data.draw(st.lists(questions(world), min_size=4, max_size=8))
    await asyncio.gather(*(_check(owner, prefix, model, question) for question in asked))
    await _check_groups(owner, prefix, model)
    if moments:
        position, then = data.draw(st.sampled_from(moments))
        await asyncio.gather(*(_check(owner, prefix, then, question, position) for question in asked))
        await _check_groups(owner, prefix, then, position)
        await _check_points(owner, prefix, then, position)


async def _define(owner: Client, world: World, prefix: str) -> None:
    for name in NAMES:
        await owner.define(world.definition(name, prefix))
    for relation in world.relations(prefix):
        await owner.define(relation, "relations")


async def _do(owner: Client, prefix: str, model: Model, deed: Deed) -> int:
    """Do it, in the system and in the model; answers the position in the log, 0 if there was nothing to do it to."""
    path = f"/{prefix}{deed.entity}"
    values = {"text": deed.text, "n": deed.n, **_references(model, deed)}
    if deed.action == "create":
        reply = (await owner.post(path, values)).expect(201)
        model.rows[deed.entity][reply.data["id"]] = {"id": reply.data["id"], **values, "deleted": False}
        return int(reply.headers["X-Commit"])
    live = model.live(deed.entity)
    if not live:
        return 0
    row = live[deed.which % len(live)]
    if deed.action == "update":
        reply = (await owner.put(f"{path}/{row['id']}", values)).expect(200)
        row.update(values)
    elif model.has_targets(deed.entity, row):
        return 0
    else:
        reply = (await owner.delete(f"{path}/{row['id']}")).expect(200)
        row["deleted"] = True
    return int(reply.headers["X-Commit"])


def _references(model: Model, deed: Deed) -> dict[str, Any]:
    """What the record's keys hold: some live record, or nothing."""
    ties = [tie for tie in model.world.ties if tie.target == deed.entity]
    keys = {}
    for tie, pick in zip(ties, deed.refers, strict=False):
        sources = model.live(tie.source)
        keys[tie.key] = sources[pick]["id"] if pick < len(sources) else None
    return keys


async def _check(owner: Client, prefix: str, model: Model, question: Question, as_of: int = 0) -> None:
    pairs = question.pairs(prefix) + ([("as_of", str(as_of))] if as_of else [])
    found = (await owner.get(f"/{prefix}{question.entity}?{urlencode(pairs, quote_via=quote)}")).expect(200)
    rows, total = question.answer(model, prefix)
    event(f"{'then' if as_of else 'now'}: {'some' if rows else 'none'}, filters {len(question.filters)}")
    assert (found.data, found.meta["total"]) == (rows, total)


async def _check_groups(owner: Client, prefix: str, model: Model, as_of: int = 0) -> None:
    """Records counted by a field of the record that each relation leads to."""
    moment = f"&as_of={as_of}" if as_of else ""
    for tie in model.world.ties:
        label = f"{tie.up}.text"
        path = f"/{prefix}{tie.target}/_aggregate?count=*&per_page=100&group_by={label}{moment}"
        groups = (await owner.get(path)).expect(200).data
        ups = [model.beyond((tie, False), row) for row in model.live(tie.target)]
        assert {group[label]: group["count"] for group in groups} == Counter(
            up[0]["text"] if up else None for up in ups
        )


async def _check_points(owner: Client, prefix: str, then: Model, position: int) -> None:
    """Every record there was, by its key."""
    for name in NAMES:
        for row in then.live(name):
            reply = await owner.get(f"/{prefix}{name}/{row['id']}?as_of={position}")
            assert reply.expect(200).data == {key: value for key, value in row.items() if key != "deleted"}
