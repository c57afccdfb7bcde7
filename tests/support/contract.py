"""What `/openapi.json` promises, held against answers."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from services.gateway.openapi.document import plain_path
from services.gateway.openapi.product import product_document
from services.gateway.routes import ROUTES
from services.gateway.routing.router import Router
from tests.support.client import Client, Reply


@lru_cache(1)
def _router() -> Router[str]:
    router: Router[str] = Router()
    for route in ROUTES:
        router.add(route.method, route.path, plain_path(route))
    return router


@lru_cache(None)
def _validator(method: str, path: str, status: str) -> Draft202012Validator | None:
    """What an answer must be; None where the document promises no JSON. Raises KeyError for a status not in it."""
    document = product_document(ROUTES)
    responses = document["paths"][path][method]["responses"]
    response = responses[status] if int(status) < 400 else responses.get(status, responses["default"])
    while "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    return None if schema is None else Draft202012Validator({**schema, "components": document["components"]})


def broken_promises(method: str, path: str, status: int, body: Any) -> list[str]:
    """Where an answer is not what the document says."""
    found = _router().find(method, path)
    assert found is not None, path
    template, variables = found
    template = template.replace("{kind}", variables.get("kind", "{kind}"))
    try:
        validator = _validator(method.lower(), template, str(status))
    except KeyError:
        return [f"{method} {template}: {status} is not described"]
    if validator is None:
        return []
    return [f"{method} {template} {status}: {e.json_path} {e.message[:200]}" for e in validator.iter_errors(body)]


class ContractClient(Client):
    """A caller who holds every answer against the document. `seen` counts them by operation and status."""

    seen: Counter[tuple[str, int]]
    broken: list[str]

    @classmethod
    def of(cls, client: Client) -> ContractClient:
        found = cls(client.session, client.url, client.token, client.prefix)
        found.seen, found.broken = Counter(), []
        return found

    async def request(self, method: str, path: str, json: Any = None, raw: Any = None, **headers: str) -> Reply:
        reply = await super().request(method, path, json, raw, **headers)
        plain = (self.prefix + path).partition("?")[0]
        self.broken += broken_promises(method, plain, reply.status, reply.body)
        self.seen[f"{method} {plain}", reply.status] += 1
        return reply
