"""Where a hint may have been lost, it is given again: the looks that find what nobody hinted at are a minute apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from libs.shared.bus.outbox import relay as relays
from libs.shared.bus.outbox.relay import Relay
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.messages import Announcement
from libs.shared.testing.polling import eventually

APP = AppRef("a1", "shop", "rocket_app_1")


class Elsewhere:
    """A replica whose apps are all led by another one: what it says, and the world that it hears."""

    def __init__(self, apps: list[AppRef]) -> None:
        self.replicas = 2
        self.looks = 0
        self.told: list[str] = []
        self.reconnected: list[Callable[[], None]] = []
        self._apps = apps
        stream = SimpleNamespace(connection=self)
        log = SimpleNamespace(service="data", stream=SimpleNamespace(name="log"))
        databases = SimpleNamespace(platform=self)
        self.relay = Relay(*(cast(Any, part) for part in (log, databases, stream, self, self)))

    async def announce(self, hint: Announcement) -> None:
        self.told.append(cast(Any, hint).app_id)

    def on_announcement(self, kind: type[Announcement], call: Callable[[Any], None]) -> None:
        return

    def on_reconnect(self, call: Callable[[], None]) -> None:
        self.reconnected.append(call)

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        self.looks += 1
        return []

    async def all(self) -> list[AppRef]:
        return self._apps

    def holds(self, name: str) -> bool:
        return False

    async def claim(self, names: Iterable[str]) -> set[str]:
        return set()

    async def release(self, names: Iterable[str]) -> None:
        return


async def test_a_starting_replica_hints_at_earlier_writes() -> None:
    replica = Elsewhere([APP])
    async with replica.relay.running():
        await eventually(lambda: replica.told == [APP.id])


async def test_a_reconnected_replica_hints_at_missed_writes() -> None:
    replica = Elsewhere([])
    async with replica.relay.running():
        await replica.relay.activate(APP)
        for call in replica.reconnected:
            call()
        await eventually(lambda: replica.told == [APP.id])


async def test_relays_look_after_a_replica_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "POLL_INTERVAL_S", 0.01)
    replica = Elsewhere([])
    async with replica.relay.running():
        await replica.relay.activate(APP)
        await eventually(lambda: replica.looks > 1)
        assert replica.told == []
        replica.replicas = 1
        await eventually(lambda: replica.told == [APP.id])
