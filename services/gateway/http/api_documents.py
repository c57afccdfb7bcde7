"""`/openapi.json`, `/asyncapi.json`, `/_schema` and `/docs`: what an app can do and publishes."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import orjson
from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import ListRecords
from services.gateway.asyncapi.document import build
from services.gateway.http import authentication
from services.gateway.http.forwarding import forwarder
from services.gateway.openapi.app_schema import describe
from services.gateway.routing.route import Access
from services.gateway.state import State

PAGE = (Path(__file__).resolve().parent.parent / "openapi" / "page.html").read_text(encoding="utf-8")
ENTITY = "docs"
"""An entity of this name has its list where the page is; its callers get the list."""


async def openapi(state: State, request: web.Request, context: Context) -> Response:
    """The app as an OpenAPI 3.1 document, with what the caller may use and see."""
    description = await state.descriptions.of(context.the_app, context.user)
    headers = {"ETag": description.etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == description.etag:
        return Response(304, headers=headers)
    return Response(body=description.body, headers=headers)


async def product(state: State, request: web.Request, context: Context) -> Response:
    """Every route of the product as an OpenAPI 3.1 document, independent of app and caller."""
    body, tag = state.descriptions.of_product()
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return Response(304, headers=headers)
    return Response(body=body, headers=headers)


async def app_schema(state: State, request: web.Request, context: Context) -> Response:
    """The entities, fields, relations and transitions that the caller may use."""
    state.core.schemas.forget(context.the_app.id)
    snapshot = await state.core.schemas.get(context.the_app)
    body = orjson.dumps({"data": describe(snapshot, context.user)})
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return Response(304, headers=headers)
    return Response(body=body, headers=headers)


async def asyncapi(state: State, request: web.Request, context: Context) -> Response:
    """The public event streams as an AsyncAPI 3 document: of any app, or of one with its entities."""
    app = context.app
    entities = (await state.core.schemas.get(app)).entities if app else {}
    document = build(app, entities, state.settings.nats_public_url)
    return Response(body=orjson.dumps(document), headers={"Cache-Control": "private, no-cache"})


async def docs(state: State, request: web.Request, context: Context) -> Response | web.StreamResponse:
    """A page to read the document and to try it; it needs nothing from elsewhere."""
    if "text/html" not in request.headers.get("Accept", ""):
        schema = await state.core.schemas.get(context.the_app)
        if ENTITY in schema.entities:
            request.match_info["entity"] = ENTITY
            return await _list(state, request, await authentication.authenticate(state, request, context, Access.USER))
    return Response(body=PAGE.encode(), headers=PAGE_HEADERS)


def _hashes(tag: str) -> str:
    """The contents of the page's own scripts or styles, as a policy allows them."""
    contents = re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    digests = (hashlib.sha256(content.encode()).digest() for content in contents)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


_list = forwarder(ListRecords)
PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_hashes('script')}; style-src {_hashes('style')}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
