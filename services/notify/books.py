"""The rules of all apps: as they are, and as they were when a commit was made.

A commit concerns the rules of its schema version; so nobody is told of it by a rule that was made later, and one that
was changed decides as it was.
"""

from __future__ import annotations

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import Versions, documents_then
from services.notify.matching import Book, past_book, read_book


class Books(Versions[Book]):
    """The books of a process."""

    def __init__(self, schemas: Schemas, rpc: RpcClient) -> None:
        async def past(app: AppRef, version: int, today: Book) -> Book:
            return past_book(version, await documents_then(rpc, app, "notification-rules", version), today)

        super().__init__(schemas, read_book, past)
