"""Where the bytes of files lie: a folder, or an S3-compatible bucket, behind one interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import obstore
from obstore.store import LocalStore, from_url

from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError, not_found
from services.gateway.settings import GatewaySettings

CHUNK = 256 * 1024


class Storage:
    """Stores, streams and removes files; a file is never in memory whole."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._store: Any = None

    async def put(self, app: AppRef, file_id: str, chunks: AsyncIterator[bytes], limit: int) -> int:
        """Store a stream; answers its size in bytes. Raises FILE_TOO_LARGE, and then keeps nothing."""
        size = 0
        path = self._path(app, file_id)
        try:
            async with obstore.open_writer_async(self._open(), path) as writer:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise RocketError("FILE_TOO_LARGE", f"Files may have at most {limit} bytes")
                    await writer.write(chunk)
        except BaseException:
            await self.remove(app, file_id)
            raise
        return size

    async def stream(self, app: AppRef, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file, in chunks. Raises NOT_FOUND."""
        try:
            result = await obstore.get_async(self._open(), self._path(app, file_id))
        except FileNotFoundError:
            raise not_found("File") from None
        async for chunk in result.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)

    async def remove(self, app: AppRef, file_id: str) -> None:
        """Remove a file's bytes, if they are there."""
        try:
            await obstore.delete_async(self._open(), self._path(app, file_id))
        except FileNotFoundError:
            return

    def _open(self) -> Any:
        if self._store is None:
            if self._settings.storage_url:
                self._store = from_url(self._settings.storage_url)
            else:
                folder = self._settings.data_dir.resolve() / "files"
                self._store = LocalStore(prefix=folder, mkdir=True)
        return self._store

    def _path(self, app: AppRef, file_id: str) -> str:
        # Both are UUIDs of ours; a client's file name never becomes a path.
        return f"{app.id}/{file_id}"
