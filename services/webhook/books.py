"""The webhooks of all apps: as they are, and as they were when a commit was made.

A commit concerns the webhooks of its schema version; so a webhook that was made later is not told of it, and one
that was changed is asked as it was.
"""

from __future__ import annotations

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import Versions, documents_then
from services.webhook.matching import Book, past_book, read_book


class Books(Versions[Book]):
    """The books of a process."""

    def __init__(self, schemas: Schemas, rpc: RpcClient) -> None:
        async def past(app: AppRef, version: int, today: Book) -> Book:
            return past_book(version, await documents_then(rpc, app, "webhooks", version), today)

        super().__init__(schemas, read_book, past)
