"""A commit is handled by the definitions of its own version, also when newer ones come while it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

import pytest

from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError
from libs.shared.schema import Snapshot
from libs.shared.snapshots import versions
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import Versions

APP = AppRef("a1", "shop", "rocket_app_1")


@dataclass(frozen=True)
class Form:
    """What is made of a version; `beside` is today's that one of the past was made beside."""

    version: int
    beside: int


class Defined:
    """Definitions that are of one version now, and of another as soon as a test says so."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.go = asyncio.Event()
        self.go.set()
        self.forms = Versions(cast(Schemas, self), lambda snapshot: Form(snapshot.version, snapshot.version), self.past)

    async def get(self, app: AppRef, at_least: int = 0) -> Snapshot:
        return Snapshot.read(self.version, {"entities": [], "kinds": {}})

    async def past(self, app: AppRef, version: int, today: Form) -> Form:
        await self.go.wait()
        return Form(version, today.version)

    async def moves_on(self) -> None:
        self.version += 1
        assert (await self.forms.load(APP)).version == self.version


async def test_a_prepared_version_survives_a_schema_change() -> None:
    defined = Defined(5)
    await defined.forms.prepare(APP, {5})
    await defined.moves_on()
    assert defined.forms.at(APP, 5) == Form(5, 5)
    assert defined.forms.at(APP, 6) == Form(6, 6)
    # The next time it is one of the past, as it looks beside today's.
    await defined.forms.prepare(APP, {5})
    assert defined.forms.at(APP, 5) == Form(5, 6)


async def test_a_prepared_version_survives_a_change_during_loading() -> None:
    defined = Defined(5)
    defined.go.clear()
    preparing = asyncio.create_task(defined.forms.prepare(APP, {4, 5}))
    await asyncio.sleep(0)
    await defined.moves_on()
    defined.go.set()
    await preparing
    assert [defined.forms.at(APP, version) for version in (4, 5)] == [Form(4, 5), Form(5, 5)]


async def test_an_evicted_version_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MAX_VERSIONS", 1)
    defined = Defined(5)
    await defined.forms.prepare(APP, {4})
    await defined.forms.prepare(APP, {3})
    assert defined.forms.at(APP, 3) == Form(3, 5)
    with pytest.raises(RocketError) as refused:
        defined.forms.at(APP, 4)
    assert refused.value.code == "SERVICE_UNAVAILABLE"
