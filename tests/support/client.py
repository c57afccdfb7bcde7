"""A client of the REST API."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

_numbers = itertools.count(1)

ADMIN = ("admin@localhost", "changeme")
PLATFORM = ("platform@localhost", "changeme")


@dataclass(slots=True)
class Reply:
    """One answer: status, parsed JSON (None without a body), headers."""

    status: int
    body: Any
    headers: CIMultiDictProxy[str] = field(default_factory=lambda: CIMultiDictProxy(CIMultiDict()))

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def meta(self) -> Any:
        return self.body["meta"]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def details(self) -> list[dict[str, Any]]:
        return list(self.body["error"].get("details", []))

    def expect(self, status: int) -> Reply:
        """Itself, if it has this status."""
        assert self.status == status, f"{self.status} instead of {status}: {self.body}"
        return self


class Client:
    """Requests to one gateway, with one token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = "", prefix: str = "") -> None:
        self.session = session
        self.url = url
        self.token = token
        self.prefix = prefix

    def at(self, url: str) -> Client:
        """The same caller at another gateway."""
        return Client(self.session, url, self.token, self.prefix)

    def with_token(self, token: str) -> Client:
        return Client(self.session, self.url, token, self.prefix)

    async def request(
        self,
        method: str,
        path: str,
        json: Any = None,
        raw: bytes | aiohttp.FormData | None = None,
        **headers: str,
    ) -> Reply:
        """One request; `headers` are written with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        async with self.session.request(
            method, self.url + self.prefix + path, json=json, data=raw, headers=sent
        ) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json and response.content_length != 0 else None
            return Reply(response.status, body, response.headers)

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.request("GET", path, None, None, **headers)

    async def post(self, path: str, json: Any = None, **headers: str) -> Reply:
        return await self.request("POST", path, json, None, **headers)

    async def put(self, path: str, json: Any = None, **headers: str) -> Reply:
        return await self.request("PUT", path, json, None, **headers)

    async def delete(self, path: str, **headers: str) -> Reply:
        return await self.request("DELETE", path, None, None, **headers)

    async def login(self, prefix: str, email: str, password: str) -> Client:
        """A client logged in at `/api/<prefix>`; its paths begin behind that."""
        reply = await Client(self.session, self.url).post(
            f"/api/{prefix}/auth/login", {"email": email, "password": password}
        )
        return Client(self.session, self.url, reply.expect(200).data["access_token"], f"/api/{prefix}")

    async def platform(self) -> Client:
        """The platform's administrator."""
        return await self.login("_platform", *PLATFORM)

    async def new_app(self) -> Client:
        """The admin of an app made for the caller alone."""
        name = f"app-{next(_numbers)}"
        platform = await self.platform()
        (await platform.post("/apps", {"name": name})).expect(201)
        return await self.login(name, *ADMIN)

    async def renewed(self) -> Client:
        """The admin of the same app, logged in anew: a token lasts 15 minutes."""
        return await self.login(self.prefix.removeprefix("/api/"), *ADMIN)

    async def user(self, email: str, roles: list[str]) -> Client:
        """A new user of this admin's app, logged in."""
        form = {"email": email, "password": "secret-1", "roles": roles}
        (await self.post("/_admin/users", form)).expect(201)
        return await self.login(self.prefix.removeprefix("/api/"), email, "secret-1")

    async def define(self, definition: Mapping[str, Any], kind: str = "entities") -> Any:
        """Creates a definition; `kind` is as in its path, such as "state-machines"."""
        return (await self.post(f"/_admin/{kind}", definition)).expect(201).data

    async def relate(self, name: str, kind: str, source: str, target: str, **settings: Any) -> None:
        """Creates a relation."""
        await self.define({"name": name, "type": kind, "source": source, "target": target, **settings}, "relations")

    async def grant(self, entity: str, action: str, *roles: str, **parts: Any) -> str:
        """Creates a policy and returns its id."""
        policy = {"entity": entity, "action": action, "roles": roles, **parts}
        return str((await self.define(policy, "permissions"))["id"])


def entity(name: str, *fields: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """An entity definition with a generated UUID key named id."""
    return {
        "name": name,
        "table": f"{name}s",
        "primary_key": {"field": "id", "type": "uuid", "generated": True},
        "soft_delete": False,
        "fields": [{"name": "id", "type": "uuid"}, *fields],
        **settings,
    }


def text(name: str, **settings: Any) -> dict[str, Any]:
    """A string field."""
    return {"name": name, "type": "string", **settings}


def integer(name: str, **settings: Any) -> dict[str, Any]:
    """An int field."""
    return {"name": name, "type": "int", **settings}
