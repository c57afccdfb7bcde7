"""An S3-compatible server on a free port, as far as storing files needs one: buckets of bytes in memory."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web

KEY = re.compile(rb"<Key>(.*?)</Key>")


@dataclass(slots=True)
class Bucket:
    """What is stored, by key; uploads in parts that are not complete; and where to find the server."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    largest: int = 0
    """Bytes of the largest body that came in one request."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.Response(status=403)
        key = request.match_info["key"]
        body = await request.read()
        self.largest = max(self.largest, len(body))
        match request.method:
            case "PUT":
                return self._put(request, key, body)
            case "POST":
                return self._post(request, key, body)
            case "DELETE":
                self.uploads.pop(request.query.get("uploadId", ""), None)
                self.objects.pop(key, None)
                return web.Response(status=204)
        return self._list(request) if not key else self._get(request, key)

    def _put(self, request: web.Request, key: str, body: bytes) -> web.Response:
        if upload := request.query.get("uploadId"):
            self.uploads[upload][int(request.query["partNumber"])] = body
        else:
            self.objects[key] = body
        return web.Response(headers={"ETag": _tag(body)})

    def _post(self, request: web.Request, key: str, body: bytes) -> web.Response:
        if "uploads" in request.query:
            upload = f"upload-{len(self.uploads)}"
            self.uploads[upload] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")
        if "delete" in request.query:
            keys = [key.decode() for key in KEY.findall(body)]
            for key in keys:
                self.objects.pop(key, None)
            deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return _xml(f"<DeleteResult>{deleted}</DeleteResult>")
        parts = self.uploads.pop(request.query["uploadId"])
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        tag = escape(_tag(self.objects[key]))
        return _xml(f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>")

    def _get(self, request: web.Request, key: str) -> web.Response:
        if key not in self.objects:
            return web.Response(status=404)
        whole = self.objects[key]
        headers = {"ETag": _tag(whole), "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(whole))})
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        if match is None:
            return web.Response(body=whole, headers=headers)
        first, last = int(match[1]), min(int(match[2]), len(whole) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(whole)}"
        return web.Response(status=206, body=whole[first : last + 1], headers=headers)

    def _list(self, request: web.Request) -> web.Response:
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
        contents, prefixes = [], set()
        for key, body in sorted(self.objects.items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                prefixes.add(prefix + rest.split(delimiter)[0] + delimiter)
                continue
            contents.append(
                f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{escape(_tag(body))}</ETag>"
                "<LastModified>2026-11-02T10:00:00Z</LastModified></Contents>"
            )
        common = [f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in sorted(prefixes)]
        return _xml(f"<ListBucketResult>{''.join(contents)}{''.join(common)}</ListBucketResult>")


@contextlib.asynccontextmanager
async def bucket_server() -> AsyncIterator[Bucket]:
    """A server whose only bucket is called `bucket`."""
    bucket = Bucket()
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/bucket{slash:/?}{key:.*}", bucket.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bucket.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield bucket
    finally:
        await runner.cleanup()


def variables(bucket: Bucket) -> dict[str, str]:
    """The environment in which `s3://bucket/…` means this server."""
    return {
        "AWS_ENDPOINT_URL": bucket.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "here",
    }


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def _xml(text: str) -> web.Response:
    return web.Response(text=f'<?xml version="1.0" encoding="UTF-8"?>{text}', content_type="application/xml")
