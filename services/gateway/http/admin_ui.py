"""`/admin/`: the built Admin UI. Addresses of screens are answered with its page, which shows the screen."""

from __future__ import annotations

import html
import mimetypes
from pathlib import Path

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError
from services.gateway.state import State

PAGE = "index.html"
HASHED_FOLDER = "assets"
"""The folder of files whose names change with their content."""
CACHE_IMMUTABLE = "public, max-age=31536000, immutable"
STATUS_FILE = "admin-build.txt"
"""In the data folder: what the build is doing, or why it failed. Written by deploy/embedded."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
NOT_BUILT = "It is not built. `make run` builds it; `make admin` does by itself. Both need the npm registry once."
WAITING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<title>Rocket</title></head><body><h1>The Admin UI is not here yet</h1><p>{reason}</p>
<p>The API is running. This page looks again every two seconds.</p></body></html>
"""


async def home(state: State, request: web.Request, context: Context) -> Response:
    """Send browsers from `/` to the Admin UI."""
    if "text/html" not in request.headers.get("Accept", ""):
        raise RocketError("NOT_FOUND", "Browsers are sent to /admin/ from here; the API is below /api/")
    return Response(302, headers={"Location": "/admin/", "Cache-Control": "no-cache"})


async def admin_ui(state: State, request: web.Request, context: Context) -> Response | web.StreamResponse:
    """A file of the Admin UI, or its page for the address of a screen. Raises NOT_FOUND for a missing file."""
    path = request.match_info.get("path", "")
    file = found(Path(state.settings.admin_folder), path)
    if file is None and path.startswith(f"{HASHED_FOLDER}/"):
        raise RocketError("NOT_FOUND", "There is no such file")
    if file is None:
        return _waiting(state)
    return _file(file, CACHE_IMMUTABLE if path.startswith(f"{HASHED_FOLDER}/") else "no-cache")


def found(folder: Path, path: str) -> Path | None:
    """The file that answers a path: itself, or the page; None for files that are not there."""
    folder = folder.resolve()
    if path and (file := _existing(folder, path)) and file.suffix != ".br":
        return file
    page = folder / PAGE
    return page if page.is_file() and not path.startswith(f"{HASHED_FOLDER}/") else None


def _existing(folder: Path, path: str) -> Path | None:
    """The file of this path within the folder; None also for names that no file can have: too long, or with NUL."""
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, ValueError):
        return None


def _file(path: Path, caching: str) -> web.FileResponse:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml")
    # A `.br` file beside it is sent to browsers that take it.
    return web.FileResponse(
        path,
        headers={
            "Content-Type": f"{kind}; charset=utf-8" if text else kind,
            "Cache-Control": caching,
            "Content-Security-Policy": POLICY,
        },
    )


def _waiting(state: State) -> Response:
    status = Path(state.settings.data_dir) / STATUS_FILE
    reason = status.read_text(encoding="utf-8") if status.is_file() else NOT_BUILT
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Response(200, WAITING.format(reason=html.escape(reason)).encode(), headers)
