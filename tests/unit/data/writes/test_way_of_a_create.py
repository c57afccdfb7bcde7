"""The files of the data service that a POST of a record passes, from the handler to the SQL, in this order."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, cast

import services.data
from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.contracts.records import CreateRecord
from libs.shared.schema import Snapshot
from services.data.handlers.record_writes import create_record
from services.data.model import Models
from services.data.model.bounds import Bounds
from services.data.state import State
from services.data.writes.context.resources import WriteResources
from tests.unit.data.writes.shop import SHOP

WAY = [
    "request/schema_fence.py",
    "model/model.py",
    "handlers/record_writes.py",
    "request/context.py",
    "permissions/grants.py",
    "writes/context/write_context.py",
    "writes/requests/records.py",
    "writes/preparing/preparing.py",
    "writes/preparing/validation.py",
    "writes/statements/batching.py",
    "writes/statements/statements.py",
]
ANSWER = ["writes/requests/responses.py"]
APP = AppRef("a" * 32, "demo", "app_demo")
CALLER = Identity(str(uuid.UUID(int=1)), "admin@localhost", ("admin",))


class Schemas:
    """The shop's schema for every app."""

    async def get(self, app: AppRef, at_least: int = 0) -> Snapshot:
        return SHOP.schema


class Fakes:
    """A relay that is never woken, and a database that inserts whatever it is given."""

    async def activate(self, app: AppRef) -> None: ...

    def wake(self, app: AppRef) -> None: ...

    def of(self, app: AppRef) -> Fakes:
        return self

    async def fetch(self, sql: str, *values: Any) -> Sequence[dict[str, Any]]:
        return [{"n": 1, "key": "k", "version": 1, "record": "{}", "position": 5}]


def fake_state() -> State:
    """A state with all that writing needs."""
    core, schemas = SimpleNamespace(databases=Fakes()), Schemas()
    missing: Any = None
    return State(
        core=cast(Any, core), schemas=cast(Any, schemas), models=Models(cast(Any, schemas), "secret", Bounds()),
        writes=WriteResources(cast(Any, core), cast(Any, Fakes())), log=missing, hash_chain=missing,
        watermarks=missing, streams=missing,
    )  # fmt: skip


async def test_a_create_passes_eleven_files_on_its_way_to_the_statement() -> None:
    state, root, passed = fake_state(), str(Path(services.data.__file__).parent), dict[str, None]()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(root):
            passed[file.removeprefix(f"{root}/")] = None

    context = Context("0" * 32, app=APP, identity=CALLER)
    request = CreateRecord("customer", b'{"name": "Ada"}')
    assert (await create_record(state, context, request)).status == 201  # what is made once is made
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        await create_record(state, context, request)
    finally:
        sys.setprofile(before)
    assert list(passed) == WAY + ANSWER
