"""Files: uploads, downloads and ranges, safe headers, and no leftovers."""

from __future__ import annotations

import asyncio
import stat
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.stacks import calling, running
from tests.support.uploads import fetch, upload

MIB = 1024 * 1024
DATA = bytes(range(256)) * 4


async def test_an_upload_is_downloaded_unchanged(admin: Client, stack: Stack) -> None:
    reply = (await upload(admin, DATA, "report.pdf", "application/pdf")).expect(201)
    assert reply.data == {
        "id": reply.data["id"],
        "filename": "report.pdf",
        "size": len(DATA),
        "mime_type": "application/pdf",
        "url": f"{admin.prefix}/_files/{reply.data['id']}",
    }
    for url in stack.gateway_urls:
        status, body, headers = await fetch(admin.at(url), reply.data["id"])
        assert (status, body) == (200, DATA)
        assert headers["Content-Type"] == "application/pdf"
        assert headers["Content-Length"] == str(len(DATA))
        assert headers["Content-Disposition"] == 'attachment; filename="report.pdf"'
    (row,) = (await admin.get("/_files")).expect(200).data
    assert set(row) == {"id", "filename", "mime_type", "size", "uploaded_by", "created_at"}
    assert row["filename"] == "report.pdf" and row["size"] == len(DATA)


async def test_empty_files_are_accepted(admin: Client) -> None:
    stored = (await upload(admin, b"", "empty.txt", "text/plain")).expect(201).data
    assert stored["size"] == 0
    status, body, headers = await fetch(admin, stored["id"])
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")
    status, _, headers = await fetch(admin, stored["id"], Range="bytes=0-")
    assert status == 416 and headers["Content-Range"] == "bytes */0"


async def test_downloads_cannot_run_in_a_browser(admin: Client) -> None:
    page = b"<!doctype html><script>alert(1)</script>"
    stored = (await upload(admin, page, "page.html", "text/html")).expect(201).data
    _, _, headers = await fetch(admin, stored["id"])
    assert headers["Content-Type"] == "text/html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["Content-Disposition"].startswith("attachment")
    assert "private" in headers["Cache-Control"]
    refused = (await upload(admin, page, "page.png", "image/png")).expect(422)
    assert refused.code == "VALIDATION_FAILED" and refused.details[0]["field"] == "file"
    assert len((await admin.get("/_files")).data) == 1


@pytest.mark.parametrize(
    ("sent", "kept", "header"),
    [
        ("../../etc/passwd", "passwd", 'attachment; filename="passwd"'),
        ("/etc/passwd", "passwd", 'attachment; filename="passwd"'),
        ("..\\..\\boot.ini", "boot.ini", 'attachment; filename="boot.ini"'),
        (
            "Übersicht.txt",
            "Übersicht.txt",
            "attachment; filename=\"_bersicht.txt\"; filename*=UTF-8''%C3%9Cbersicht.txt",
        ),
    ],
)
async def test_names_are_harmless(admin: Client, sent: str, kept: str, header: str) -> None:
    # Written by hand, as clients clean names themselves.
    body = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\n\r\nhello\r\n--x--\r\n'.encode()
    kind = "multipart/form-data; boundary=x"
    stored = (await admin.request("POST", "/_files/upload", raw=body, Content_Type=kind)).expect(201).data
    assert stored["filename"] == kept
    _, _, headers = await fetch(admin, stored["id"])
    assert headers["Content-Disposition"] == header


@pytest.mark.parametrize(
    ("disposition", "kept"),
    [
        ('filename="für Jürgen.txt"'.encode("latin-1"), "für Jürgen.txt"),
        ('filename="für Jürgen.txt"'.encode(), "für Jürgen.txt"),
        (b"filename*=UTF-8''f%C3%BCr%20J%C3%BCrgen.txt", "für Jürgen.txt"),
        (b"filename*=iso-8859-1'de'f%FCr%20J%FCrgen.txt", "für Jürgen.txt"),
        (b"filename=\"plain.txt\"; filename*=UTF-8''%E2%82%AC.txt", "€.txt"),
        (b"filename=\"plain.txt\"; filename*=UTF-8''%FC.txt", "plain.txt"),
        (b"filename=\"plain.txt\"; filename*=nothing''%FC.txt", "plain.txt"),
    ],
)
async def test_file_names_keep_their_characters(admin: Client, disposition: bytes, kept: str) -> None:
    """UTF-8, Latin-1, and RFC 5987; the response header is RFC 6266's, with the type whole."""
    kind = "text/plain; charset=iso-8859-1"
    head = b'--x\r\nContent-Disposition: form-data; name="file"; ' + disposition + b"\r\nContent-Type: "
    body = head + kind.encode() + b"\r\n\r\n\xfc\r\n--x--\r\n"
    sent_as = "multipart/form-data; boundary=x"
    stored = (await admin.request("POST", "/_files/upload", raw=body, Content_Type=sent_as)).expect(201).data
    assert (stored["filename"], stored["mime_type"]) == (kept, kind)
    assert (await fetch(admin, stored["id"], "HEAD"))[2]["Content-Type"] == kind
    _, body, headers = await fetch(admin, stored["id"])
    assert (body, headers["Content-Type"]) == (b"\xfc", kind)
    ascii_only = "".join(letter if letter.isascii() else "_" for letter in kept)
    whole = "" if kept.isascii() else f"; filename*=UTF-8''{quote(kept)}"
    assert headers["Content-Disposition"] == f'attachment; filename="{ascii_only}"{whole}'


async def test_ranges_of_a_file(admin: Client) -> None:
    stored = (await upload(admin, DATA)).data
    for wanted, part, said in (
        ("bytes=0-9", DATA[:10], "bytes 0-9/1024"),
        ("bytes=1000-", DATA[1000:], "bytes 1000-1023/1024"),
        ("bytes=-4", DATA[-4:], "bytes 1020-1023/1024"),
    ):
        status, body, headers = await fetch(admin, stored["id"], Range=wanted)
        assert (status, body, headers["Content-Range"]) == (206, part, said)
        assert headers["Content-Length"] == str(len(part))
    status, body, headers = await fetch(admin, stored["id"], Range="bytes=2000-")
    assert status == 416 and headers["Content-Range"] == "bytes */1024"
    assert b"RANGE_NOT_SATISFIABLE" in body and headers["Content-Type"].startswith("application/json")
    status, body, _ = await fetch(admin, stored["id"], Range="bytes=0-1,5-6")
    assert (status, body) == (200, DATA)


async def test_conditional_requests_return_304(admin: Client) -> None:
    stored = (await upload(admin, DATA)).data
    _, _, headers = await fetch(admin, stored["id"])
    tag, changed = headers["ETag"], headers["Last-Modified"]
    assert headers["Accept-Ranges"] == "bytes"
    assert parsedate_to_datetime(changed) <= datetime.now(UTC)
    assert (await fetch(admin, stored["id"], If_None_Match=tag))[:2] == (304, b"")
    assert (await fetch(admin, stored["id"], If_Modified_Since=changed))[:2] == (304, b"")
    assert (await fetch(admin, stored["id"], Range="bytes=0-1", If_Range=tag))[0] == 206
    assert (await fetch(admin, stored["id"], Range="bytes=0-1", If_Range='"other"'))[:2] == (200, DATA)


async def test_head_returns_the_headers_of_get(admin: Client) -> None:
    stored = (await upload(admin, DATA, "a.txt", "text/plain")).data
    got, _, said = await fetch(admin, stored["id"])
    status, body, headers = await fetch(admin, stored["id"], "HEAD")
    assert (status, body) == (got, b"")
    differ = {"Date", "X-Trace-ID"}
    assert {n: v for n, v in headers.items() if n not in differ} == {n: v for n, v in said.items() if n not in differ}
    assert (await fetch(admin, stored["id"], "HEAD", Range="bytes=0-9"))[2]["Content-Length"] == "10"
    assert (await fetch(admin, str(uuid.uuid4()), "HEAD"))[0] == 404


async def test_file_permissions(admin: Client, client: Client) -> None:
    user = await admin.user("ann@example.org", ["staff"])
    stored = (await upload(user, DATA)).expect(201).data
    assert (await fetch(user, stored["id"]))[0] == 200
    assert (await admin.get("/_files")).data[0]["uploaded_by"]
    (await user.get("/_files")).expect(403)
    (await user.delete(f"/_files/{stored['id']}")).expect(403)
    stranger = admin.with_token("")
    assert (await fetch(stranger, stored["id"]))[0] == 401
    (await upload(stranger, DATA)).expect(401)
    other = await client.new_app()
    assert (await fetch(other, stored["id"]))[0] == 404
    (await other.delete(f"/_files/{stored['id']}")).expect(404)
    for unknown in ("nonsense", str(uuid.uuid4()), "..%2F..%2Fsecrets.json", f"..%2F{stored['id']}", "%2E%2E"):
        (await admin.get(f"/_files/{unknown}")).expect(404)
        (await admin.delete(f"/_files/{unknown}")).expect(404)
    (await admin.delete(f"/_files/{stored['id']}")).expect(200)
    (await admin.delete(f"/_files/{stored['id']}")).expect(404)
    assert (await fetch(user, stored["id"]))[0] == 404


async def test_malformed_uploads_are_refused(admin: Client) -> None:
    assert (await admin.post("/_files/upload", {"file": "a"})).expect(400).code == "INVALID_PAYLOAD"
    fields = aiohttp.FormData()
    fields.add_field("other", b"a", filename="a.txt")
    assert (await admin.request("POST", "/_files/upload", raw=fields)).expect(400).code == "INVALID_PAYLOAD"
    for body in (b"", b"no boundary here", b'--x\r\nContent-Disposition: form-data; name="file"\r\n'):
        reply = await admin.request("POST", "/_files/upload", raw=body, Content_Type="multipart/form-data; boundary=x")
        assert reply.expect(400).code == "INVALID_PAYLOAD"
    assert (await admin.get("/_files")).data == []


async def test_the_size_limit(admin: Client) -> None:
    assert (await upload(admin, b"x" * (10 * MIB))).expect(201).data["size"] == 10 * MIB

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * MIB

    for data in (b"x" * (10 * MIB + 1), endless()):
        assert (await upload(admin, data)).expect(413).code == "FILE_TOO_LARGE"
    assert len((await admin.get("/_files")).data) == 1


async def test_files_are_streamed(tmp_path: Path) -> None:
    size = 96 * MIB
    async with running(tmp_path, variables={"ROCKET_MAX_FILE_BYTES": str(size)}) as stack, calling(stack) as client:
        admin = await client.new_app()
        (await upload(admin, b"first")).expect(201)
        before = _peak(stack)

        async def chunks() -> AsyncIterator[bytes]:
            for number in range(size // MIB):
                yield bytes([number]) * MIB

        stored = (await upload(admin, chunks())).expect(201).data
        assert stored["size"] == size
        url = f"{admin.url}{stored['url']}"
        async with admin.session.get(url, headers={"Authorization": f"Bearer {admin.token}"}) as response:
            for number in range(size // MIB):
                assert await response.content.readexactly(MIB) == bytes([number]) * MIB
        assert _peak(stack) - before < size // 2


def _peak(stack: Stack) -> int:
    """The most memory that the gateway has ever had, in bytes."""
    (pid,) = stack.pids("gateway")
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


async def test_a_killed_upload_leaves_nothing(tmp_path: Path) -> None:
    # What is loose is removed after both, and a margin of 5 s.
    limits = {"ROCKET_UPLOAD_TIMEOUT": "1", "ROCKET_REQUEST_TIMEOUT": "3"}
    async with running(tmp_path, variables=limits) as stack, calling(stack) as client:
        admin = await client.new_app()
        folder = tmp_path / "data" / "files"
        kept = (await upload(admin, b"kept", "kept.txt")).expect(201).data
        begun = await _begin_upload(admin)
        await eventually(lambda: len(_stored(folder)) == 2, within=10)
        await stack.kill("gateway")
        begun.close()
        await stack.ready(30)
        assert [row["id"] for row in (await admin.get("/_files")).data] == [kept["id"]]
        await eventually(lambda: len(_stored(folder)) == 1, within=60)
        assert (await fetch(admin, kept["id"]))[1] == b"kept"


async def _begin_upload(admin: Client) -> asyncio.StreamWriter:
    """Send the head and the first megabytes of an upload, and no more."""
    address = urlsplit(admin.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST {admin.prefix}/_files/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {9 * MIB}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()
    )
    writer.write(b"y" * (6 * MIB))
    await writer.drain()
    return writer


def _stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_files_of_a_stack_are_private_to_its_user(admin: Client, stack: Stack) -> None:
    file_id = (await upload(admin, DATA)).data["id"]
    folder = stack.settings.data_dir
    files = [*(folder / "files").rglob("*"), *(folder / "nats-config").iterdir(), *(folder / "nats-issuer").iterdir()]
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir(), *files)}
    assert {"nats.log", "postgres.log", "secrets.json", "issuer.conf", file_id} <= {path.name for path in found}
    assert not {str(path): oct(mode) for path, mode in found.items() if mode & 0o077}


async def test_a_file_in_use_is_not_removed(admin: Client) -> None:
    scan = {"name": "scan", "type": "file"}
    await admin.define(entity("paper", text("name"), scan, {**scan, "name": "back"}, soft_delete=True))
    await admin.define(entity("note", text("name"), scan))
    held = (await upload(admin, DATA)).data["id"]
    paper = (await admin.post("/paper", {"name": "a", "scan": held, "back": held})).expect(201).data
    note = (await admin.post("/note", {"name": "b", "scan": held})).expect(201).data
    trashed = (await admin.post("/paper", {"name": "c", "scan": held})).expect(201).data
    (await admin.delete(f"/paper/{trashed['id']}")).expect(200)
    (await admin.delete(f"/_files/{held}?force=maybe")).expect(400)
    refused = (await admin.delete(f"/_files/{held}")).expect(409)
    assert refused.code == "CONFLICT"
    named = {(each["entity"], each["record_id"], each["field"]) for each in refused.details}
    assert named == {
        ("paper", paper["id"], "scan"), ("paper", paper["id"], "back"), ("note", note["id"], "scan"),
        ("paper", trashed["id"], "scan"),
    }  # fmt: skip
    assert (await fetch(admin, held))[0] == 200

    before = (await admin.get("/_commits")).data[0]["position"]
    (await admin.delete(f"/_files/{held}?force=true")).expect(200)
    assert (await fetch(admin, held))[0] == 404
    (commit,) = [each for each in (await admin.get("/_commits")).data if each["position"] > before]
    assert commit["size"] == 2
    after = (await admin.get(f"/paper/{paper['id']}")).expect(200).data
    assert (after["scan"], after["back"], after["name"]) == (None, None, "a")
    assert (await admin.get(f"/note/{note['id']}")).data["scan"] is None
    # What would bring it back: an undo is refused, a restore comes without it.
    undone = (await admin.post(f"/_commits/{commit['commit_id']}/undo")).expect(409)
    assert undone.code == "CONFLICT" and "file" in str(undone.details)
    restored = (await admin.post(f"/paper/{trashed['id']}/restore")).expect(200).data
    assert (restored["scan"], restored["name"]) == (None, "c")


async def test_attaching_racing_removal_leaves_no_dangling_reference(admin: Client) -> None:
    await admin.define(entity("note", text("name"), {"name": "scan", "type": "file"}))
    note = (await admin.post("/note", {"name": "a"})).expect(201).data["id"]
    for force in ("false", "true"):
        for _ in range(6):
            file_id = (await upload(admin, DATA)).data["id"]
            await asyncio.gather(
                admin.post("/note", {"name": "b", "scan": file_id}),
                admin.delete(f"/_files/{file_id}?force={force}"),
                admin.put(f"/note/{note}", {"scan": file_id}),
                admin.post("/note/_bulk", [{"name": "c", "scan": file_id}]),
            )
    for row in (await admin.get("/note?per_page=100")).expect(200).data:
        assert row["scan"] is None or (await fetch(admin, row["scan"]["id"]))[0] == 200
