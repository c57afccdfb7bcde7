"""Stores the bytes of files: in a folder, or an S3-compatible bucket, behind one interface."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore, from_url

from libs.shared.errors import RocketError, not_found

CHUNK_BYTES = 256 * 1024
"""Read at a time."""
BUFFER_BYTES = 5 * 1024 * 1024
"""Written at a time; the least that S3 takes for a part of an upload."""
MAX_PARTS = 2
"""Parts of one upload that are on their way at once, which bounds what an upload holds in memory."""


class Storage:
    """Stores, streams and removes files; a file is never in memory whole.

    `url` is empty for `folder`, or `s3://bucket/prefix`; where the server is and who we are then stand in
    the usual variables (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, …).
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._opened: Any = None

    async def put(self, app_id: str, file_id: str, chunks: AsyncIterator[bytes], limit: int) -> int:
        """Store a stream; returns its size in bytes. Raises FILE_TOO_LARGE. A failed upload leaves nothing."""
        size = 0
        writer = obstore.open_writer_async(
            self._store, _path(app_id, file_id), buffer_size=BUFFER_BYTES, max_concurrency=MAX_PARTS
        )
        async with writer:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                await writer.write(chunk)
        return size

    async def stream(self, app_id: str, file_id: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks. Raises NOT_FOUND."""
        # An empty file has no bytes to read, so only its existence is checked.
        options: Any = {"range": (start, end)} if end > start else {"head": True}
        try:
            result = await obstore.get_async(self._store, _path(app_id, file_id), options=options)
        except FileNotFoundError:
            raise not_found("File") from None
        if end > start:
            async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    def open(self, app_id: str, file_id: str) -> StoredFile:
        """A file to be read at any place, by a thread of its own. Raises NOT_FOUND."""
        try:
            return StoredFile(obstore.open_reader(self._store, _path(app_id, file_id)))
        except FileNotFoundError:
            raise not_found("File") from None

    async def remove(self, app_id: str, file_id: str) -> None:
        """Remove a file's bytes, if they are there, and what a killed upload of it has left."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _path(app_id, file_id))
        if not self._url:
            await asyncio.to_thread(_remove_staged, self._folder / app_id, file_id)

    async def apps(self) -> list[str]:
        """The ids of the apps that have files here."""
        listed = await obstore.list_with_delimiter_async(self._store)
        return [prefix.rstrip("/").rsplit("/", 1)[-1] for prefix in listed["common_prefixes"]]

    async def remove_app(self, app_id: str) -> None:
        """Remove all files of an app."""
        async for page in obstore.list(self._store, prefix=app_id, chunk_size=500):
            await obstore.delete_async(self._store, [found["path"] for found in page])
        if not self._url:
            await asyncio.to_thread(_remove_folder, self._folder / app_id)

    @property
    def _store(self) -> Any:
        if self._opened is None:
            if self._url:
                self._opened = from_url(self._url)
            else:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._opened = LocalStore(prefix=self._folder)
        return self._opened


class StoredFile:
    """A stored file as Python's libraries read files. Every method blocks."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int = -1, /) -> bytes:
        return bytes(self._reader.read(size if size >= 0 else None))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())

    def seekable(self) -> bool:
        return True


def too_large(limit: int) -> RocketError:
    """413 for a file of more than `limit` bytes; the connection is closed, as the rest is not read."""
    message = f"Files may have at most {limit} bytes"
    return RocketError("FILE_TOO_LARGE", message, headers={"Connection": "close"})


def _path(app_id: str, file_id: str) -> str:
    # Both are UUIDs made by the server; a client's file name never becomes a path.
    return f"{app_id}/{file_id}"


def _remove_staged(folder: Path, file_id: str) -> None:
    """Local files are written beside their place, with # and a number behind the name, and moved there at last."""
    for path in folder.glob(f"{file_id}#*"):
        path.unlink(missing_ok=True)


def _remove_folder(folder: Path) -> None:
    for path in folder.glob("*#*"):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
