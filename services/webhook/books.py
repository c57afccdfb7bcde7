"""The webhooks of all apps: as they are, and as they were when a commit was made.

A commit concerns the webhooks of its schema version. One that is handled when the schema has moved on
already is matched with the definitions as of its own version, from metadata's history; so a webhook
that was made later is not told of it, and one that was changed is asked as it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from libs.shared.bus.asking import Asker
from libs.shared.contracts.apps import GetDefinitionsAsOf
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema.cache import Schemas
from libs.shared.schema.compiled import Compiled
from services.webhook.matching import Book, past_book, read_book

MOST = 500
"""Books of older versions that are remembered."""
PATIENCE = 5.0
"""Seconds that asking for one may take."""
NO_TRACE = "00000000-0000-0000-0000-000000000000"


class Books:
    """The books of a process."""

    def __init__(self, schemas: Schemas, asker: Asker) -> None:
        self._today = Compiled(schemas, read_book)
        self._asker = asker
        self._past: OrderedDict[tuple[str, int], Book] = OrderedDict()

    async def load(self, app: AppRef, at_least: int = 0) -> Book:
        """The book of today, of version `at_least` or newer. Raises what asking metadata raises."""
        return await self._today.load(app, at_least)

    async def prepare(self, app: AppRef, versions: Iterable[int]) -> None:
        """Have the books of these versions at hand for `of`. Raises what asking metadata raises."""
        wanted = set(versions)
        today = await self.load(app, max(wanted, default=0))
        for version in wanted:
            if version < today.version and not self._is_known(app, version, today):
                await self._load_past(app, version, today)

    def of(self, app: AppRef, event: CommitEvent) -> Book:
        """The book that holds for a commit, which `prepare` has brought."""
        return self.at(app, event.schema_version)

    def at(self, app: AppRef, version: int) -> Book:
        """The book of a version, which `prepare` has brought."""
        today = self._today.of(app)
        return self._past.get((app.id, version), today) if version < today.version else today

    def today(self, app: AppRef) -> Book:
        """The newest book that has been loaded."""
        return self._today.of(app)

    def _is_known(self, app: AppRef, version: int, today: Book) -> bool:
        known = self._past.get((app.id, version))
        # Which of them are still there, and what entities are called, is a matter of today.
        return known is not None and known.by_id is today.by_id

    async def _load_past(self, app: AppRef, version: int, today: Book) -> None:
        context = Context(trace_id=NO_TRACE, app=app, identity=SYSTEM).within(PATIENCE)
        answer = await self._asker.ask(GetDefinitionsAsOf("webhooks", version), context)
        self._past[app.id, version] = past_book(version, answer.documents, today)
        self._past.move_to_end((app.id, version))
        while len(self._past) > MOST:
            self._past.popitem(last=False)
