"""All storage backends (folder, memory, S3 bucket) pass the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libs.shared.errors import RocketError
from services.gateway.files.storage import BUFFER_BYTES, Storage
from tests.support.buckets import Bucket, bucket_server, variables

APP, OTHER = "0190f0e0-0000-7000-8000-000000000001", "0190f0e0-0000-7000-8000-000000000002"
FILE = "0190f0e0-0000-7000-8000-0000000000aa"
LARGE = bytes(range(256)) * 4096 * 12  # 12 MiB: several parts of an upload


@pytest.fixture
async def bucket() -> AsyncIterator[Bucket]:
    async with bucket_server() as server:
        yield server


@pytest.fixture(params=["folder", "memory", "bucket"])
def storage(request: Any, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Storage:
    for name, value in variables(bucket).items():
        monkeypatch.setenv(name, value)
    url = {"folder": "", "memory": "memory:///", "bucket": "s3://bucket/some/prefix"}[request.param]
    return Storage(url, tmp_path / "files")


async def stream(data: bytes, size: int = 300_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(storage: Storage, start: int, end: int, app: str = APP) -> bytes:
    return b"".join([chunk async for chunk in storage.stream(app, FILE, start, end)])


async def assert_nothing_left(storage: Storage, folder: Path, bucket: Bucket) -> None:
    with pytest.raises(RocketError, match="NOT_FOUND"):
        await read(storage, 0, 1)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert bucket.objects == {} and bucket.uploads == {}


@pytest.mark.parametrize("data", [b"", b"x", b"hello world", LARGE], ids=["empty", "one", "small", "large"])
async def test_a_stored_file_is_read_back(storage: Storage, data: bytes) -> None:
    assert await storage.put(APP, FILE, stream(data), 1 << 30) == len(data)
    assert await read(storage, 0, len(data)) == data


async def test_a_range_is_read(storage: Storage) -> None:
    await storage.put(APP, FILE, stream(LARGE), 1 << 30)
    for start, end in ((0, 1), (5, 9), (BUFFER_BYTES - 3, BUFFER_BYTES + 3), (len(LARGE) - 2, len(LARGE))):
        assert await read(storage, start, end) == LARGE[start:end]


async def test_a_missing_file_is_not_found(storage: Storage) -> None:
    for end in (0, 5):
        with pytest.raises(RocketError, match="NOT_FOUND"):
            await read(storage, 0, end)
    await storage.remove(APP, FILE)


async def test_a_file_over_the_limit_leaves_nothing(storage: Storage, tmp_path: Path, bucket: Bucket) -> None:
    for data, limit in ((b"12345678901", 10), (LARGE, len(LARGE) - 1)):
        with pytest.raises(RocketError, match="FILE_TOO_LARGE"):
            await storage.put(APP, FILE, stream(data), limit)
    await assert_nothing_left(storage, tmp_path, bucket)


async def test_an_upload_that_breaks_off_leaves_nothing(storage: Storage, tmp_path: Path, bucket: Bucket) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LARGE
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await storage.put(APP, FILE, broken(), 1 << 30)
    await assert_nothing_left(storage, tmp_path, bucket)


async def test_an_upload_that_is_cancelled_leaves_nothing(storage: Storage, tmp_path: Path, bucket: Bucket) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield LARGE
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(storage.put(APP, FILE, endless(), 1 << 30))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await assert_nothing_left(storage, tmp_path, bucket)


async def test_removal_is_of_one_file(storage: Storage) -> None:
    await storage.put(APP, FILE, stream(b"a"), 10)
    await storage.put(OTHER, FILE, stream(b"b"), 10)
    await storage.remove(APP, FILE)
    assert await storage.apps() in ([OTHER], [APP, OTHER])
    assert await read(storage, 0, 1, OTHER) == b"b"
    with pytest.raises(RocketError, match="NOT_FOUND"):
        await read(storage, 0, 1)


async def test_an_app_is_removed_whole(storage: Storage) -> None:
    for number in range(3):
        await storage.put(APP, f"{FILE}{number}", stream(b"a"), 10)
    await storage.put(OTHER, FILE, stream(b"b"), 10)
    assert await storage.apps() == [APP, OTHER]
    await storage.remove_app(APP)
    assert await storage.apps() == [OTHER]
    assert await read(storage, 0, 1, OTHER) == b"b"


async def test_leftovers_of_killed_uploads_are_removed(tmp_path: Path) -> None:
    storage = Storage("", tmp_path)
    await storage.put(APP, FILE, stream(b"a"), 10)
    (tmp_path / APP / f"{FILE}#1").write_bytes(b"half")
    await storage.remove(APP, FILE)
    assert list((tmp_path / APP).iterdir()) == []


async def test_large_uploads_go_to_a_bucket_in_parts(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(bucket).items():
        monkeypatch.setenv(name, value)
    await Storage("s3://bucket", Path("unused")).put(APP, FILE, stream(LARGE), 1 << 30)
    assert bucket.objects == {f"{APP}/{FILE}": LARGE}
    assert bucket.largest <= BUFFER_BYTES + 300_000
