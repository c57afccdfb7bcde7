"""The workflows of all apps: as they are, and as they were when a commit was made.

A commit starts the workflows of its schema version. One that is handled when the definitions have moved on already
is matched with those as of its own version, from metadata's history; so what a commit starts does not depend on when
it is handled, but for workflows that have been deleted meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from libs.shared.bus.asking import Asker
from libs.shared.bus.incoming import NO_TRACE
from libs.shared.contracts.apps import GetDefinitionsAsOf
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema.cache import Schemas
from libs.shared.schema.compiled import Compiled
from services.workflow.triggers import Workflows, compiled, compiled_past

MOST = 500
"""Older versions that are remembered."""
PATIENCE = 5.0
"""Seconds that asking for one may take."""


class Definitions:
    """The workflows that a process works with."""

    def __init__(self, schemas: Schemas, asker: Asker) -> None:
        self._today = Compiled(schemas, compiled)
        self._asker = asker
        self._past: OrderedDict[tuple[str, int], tuple[Workflows, Workflows]] = OrderedDict()

    async def prepare(self, app: AppRef, versions: Iterable[int]) -> None:
        """Have the workflows of these versions at hand for `of`. Raises what asking metadata raises."""
        wanted = set(versions)
        today = await self._today.load(app, max(wanted, default=0))
        for version in wanted:
            _, beside = self._past.get((app.id, version), (None, None))
            # Which of them are still there, and what entities are called, is a matter of today.
            if version < today.version and beside is not today:
                await self._load_past(app, version, today)

    def today(self, app: AppRef) -> Workflows:
        """The newest ones that have been loaded."""
        return self._today.of(app)

    def of(self, app: AppRef, event: CommitEvent) -> Workflows:
        """Those that hold for a commit, which `prepare` has brought."""
        return self.at(app, event.schema_version)

    def at(self, app: AppRef, version: int) -> Workflows:
        """Those of a version, which `prepare` has brought."""
        today = self._today.of(app)
        past, _ = self._past.get((app.id, version), (today, today))
        return past if version < today.version else today

    async def _load_past(self, app: AppRef, version: int, today: Workflows) -> None:
        context = Context(trace_id=NO_TRACE, app=app, identity=SYSTEM).within(PATIENCE)
        answer = await self._asker.ask(GetDefinitionsAsOf("workflows", version), context)
        self._past[app.id, version] = (compiled_past(version, answer.documents, today), today)
        self._past.move_to_end((app.id, version))
        while len(self._past) > MOST:
            self._past.popitem(last=False)
