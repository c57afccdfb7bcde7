"""Commits are filtered by their headers, without decoding."""

from __future__ import annotations

from typing import Any, cast

from libs.shared.bus.consumers.consumer import AppWorker, Consumer
from libs.shared.bus.consumers.incoming import Incoming, Notice
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


async def test_unawaited_commits_are_not_decoded() -> None:
    asked: list[int] = []

    async def interest(state: str, app: AppRef, schema_version: int) -> Any:
        asked.append(schema_version)
        return lambda entity, action: (entity, action) == ("ticket", "update")

    async def handle(*_: Any) -> None:
        raise AssertionError("nothing gets here")

    consumer = Consumer("c", COMMITS, handle, interest=interest)
    nothing: Any = None
    worker = AppWorker("service", consumer, "state", nothing, nothing, nothing)
    uninteresting = [commit("ticket", headers={SCHEMA: "4"}), commit("other", "update", {SCHEMA: "9"})]
    await worker._effect(APP, uninteresting)
    assert asked == [9, 4]
    old, wanted = commit("other"), commit("ticket", "update", {SCHEMA: "4"})
    assert await worker._of_interest(APP, [*uninteresting, old, wanted]) == [old, wanted]


async def test_each_commit_is_filtered_by_its_own_version() -> None:
    async def interest(state: str, app: AppRef, schema_version: int) -> Any:
        return lambda entity, action: schema_version == 4

    async def handle(*_: Any) -> None:
        raise AssertionError("nothing gets here")

    nothing: Any = None
    older, newer = commit("ticket", headers={SCHEMA: "4"}), commit("ticket", headers={SCHEMA: "9"})
    worker = AppWorker("service", Consumer("c", COMMITS, handle, interest=interest), "state", nothing, nothing, nothing)
    assert await worker._of_interest(APP, [newer, older]) == [older]


async def test_commits_with_effects_are_decoded() -> None:
    async def interest(state: str, app: AppRef, schema_version: int) -> Any:
        return lambda entity, action: False

    async def handle(*_: Any) -> None:
        raise AssertionError("nothing gets here")

    nothing: Any = None
    events = [commit("ticket", headers={SCHEMA: "4"}), commit("ticket", headers={SCHEMA: "4", EFFECTS: "1"})]
    for carries, wanted in ((True, events[1:]), (False, [])):
        consumer = Consumer("c", COMMITS, handle, interest=interest, effects=carries)
        worker = AppWorker("service", consumer, "state", nothing, nothing, nothing)
        assert await worker._of_interest(APP, events) == wanted
