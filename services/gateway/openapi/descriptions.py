"""The OpenAPI documents of all apps, built on demand and cached while their schema stays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from libs.shared import exact
from libs.shared.contracts.context import AppRef, Identity
from libs.shared.snapshots.cache import Schemas
from services.gateway.openapi.document import Reader, build
from services.gateway.openapi.product import product_document
from services.gateway.routing.route import Route

MAX_DOCUMENTS = 200
"""Documents that are cached."""


@dataclass(frozen=True, slots=True)
class Description:
    """A document as JSON, and its tag."""

    body: bytes
    etag: str


class Descriptions:
    """The document of each app for each kind of caller."""

    def __init__(self, routes: Sequence[Route], schemas: Schemas) -> None:
        self._routes = routes
        self._schemas = schemas
        self._product: Description | None = None
        self._known: LRUCache[tuple[str, str, int, Reader], Description] = LRUCache(MAX_DOCUMENTS)

    def of_product(self) -> tuple[bytes, str]:
        """The document of all routes, made once, and its tag."""
        if self._product is None:
            body = exact.dumps(product_document(self._routes))
            self._product = Description(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        return self._product.body, self._product.etag

    async def of(self, app: AppRef, caller: Identity) -> Description:
        """The document of an app for a caller. Raises what asking metadata raises."""
        # A cached schema may be outdated, and nothing would detect that here: so it is requested again.
        self._schemas.forget(app.id)
        snapshot = await self._schemas.get(app)
        reader = Reader.of(caller)
        key = (app.id, app.name, snapshot.version, reader)
        known = self._known.get(key)
        if known is None:
            body = exact.dumps(build(self._routes, app.name, snapshot, reader))
            known = self._known[key] = Description(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        return known
