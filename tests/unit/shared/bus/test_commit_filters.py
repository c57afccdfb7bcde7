"""Commits are filtered by their headers, without decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.consumers.incoming import Incoming, Notice
from libs.shared.bus.consumers.reactor import Reactor
from libs.shared.bus.nats.protocol import Message, written
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import COMMITS, EFFECTS, REFERENCE, SCHEMA

APP = AppRef("id", "name", "database")


def commit(entity: str, action: str = "create", headers: dict[str, str] | None = None) -> Incoming:
    subject = f"commits.{APP.id}.{entity}.{action}.07".encode()
    return Incoming(Message(subject, b"reply", written({"ce-id": "5", **(headers or {})}), b"no JSON"), cast(Any, None))


def test_the_envelope_has_entity_action_and_version() -> None:
    incoming = commit("ticket", headers={SCHEMA: "12"})
    assert (incoming.app_id, incoming.notice) == (APP.id, Notice("ticket", "create", 12))
    assert (incoming.key, incoming.record_key, incoming.is_reference) == ("5", "5", False)
    assert commit("ticket", headers={REFERENCE: "1.1", SCHEMA: "1"}).is_reference


def test_commits_without_the_header_are_decoded() -> None:
    assert commit("ticket").notice is commit("ticket", headers={SCHEMA: "x"}).notice is None


class Topics:
    """Topics by version, and the versions that they were prepared for."""

    def __init__(self, matches: Callable[[int, str, str], bool]) -> None:
        self.prepared: list[set[int]] = []
        self._matches = matches

    async def prepare(self, app: AppRef, versions: Iterable[int]) -> None:
        self.prepared.append(set(versions))

    def at(self, app: AppRef, version: int) -> Any:
        return SimpleNamespace(matches=partial(self._matches, version))


async def nothing_gets_here(*_: Any) -> Any:
    raise AssertionError("nothing gets here")


def reactor(topics: Topics, *, effects: bool = False) -> Reactor[Any]:
    consumer: Consumer[Any] = Consumer(
        "c", COMMITS, nothing_gets_here, nothing_gets_here, topics=lambda _: topics, effects=effects
    )
    nothing: Any = None
    return Reactor("service", consumer, "state", nothing, nothing)


async def test_unawaited_commits_are_not_decoded() -> None:
    topics = Topics(lambda version, entity, action: (entity, action) == ("ticket", "update"))
    irrelevant = [commit("ticket", headers={SCHEMA: "4"}), commit("other", "update", {SCHEMA: "9"})]
    await reactor(topics).react(APP, irrelevant)
    assert topics.prepared == [{9, 4}]
    old, wanted = commit("other"), commit("ticket", "update", {SCHEMA: "4"})
    assert await reactor(topics)._relevant(APP, [*irrelevant, old, wanted]) == [old, wanted]


async def test_each_commit_is_filtered_by_its_own_version() -> None:
    older, newer = commit("ticket", headers={SCHEMA: "4"}), commit("ticket", headers={SCHEMA: "9"})
    topics = Topics(lambda version, entity, action: version == 4)
    assert await reactor(topics)._relevant(APP, [newer, older]) == [older]


async def test_commits_with_effects_are_decoded() -> None:
    topics = Topics(lambda version, entity, action: False)
    events = [commit("ticket", headers={SCHEMA: "4"}), commit("ticket", headers={SCHEMA: "4", EFFECTS: "1"})]
    for carries, wanted in ((True, events[1:]), (False, [])):
        assert await reactor(topics, effects=carries)._relevant(APP, events) == wanted
