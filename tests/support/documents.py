"""The requests in our documentation: found in Markdown pages, and sent as a reader would send them.

A fenced block of language `http` is one request. Its first line is `METHOD path`, which may go on with
`as <e-mail>` (a user that the page has made; the admin otherwise) and `→ <status>` (any 2xx otherwise); the body is the
JSON behind it. A block of language `json` that says `answer` behind it is a part of the answer to the request above:
objects may have further members, lists are whole, and the text "…" stands for any value.

`{name}` in a request stands for the id in the last answer to `…/name`: of what was made, or of the first row of a list.
`{commit}` is the `X-Commit` of the last write.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply

BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<path>\S+)(?: as (?P<user>\S+))?(?: → (?P<status>\d{3}))?")
REFERENCE = re.compile(r"\{([a-z_][a-z0-9_-]*)\}")
ANY = "…"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a page, and what the page says of its answer. `line` is where it stands, from 1."""

    line: int
    method: str
    path: str
    user: str | None
    status: int | None
    body: Any
    answer: Any = None


@dataclass(slots=True)
class Reader:
    """Sends the requests of a page in order, as people who follow it do."""

    admin: Client
    ids: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    async def follow(self, page: Path) -> int:
        """Send all requests of a page; how many there were. Raises AssertionError naming page and line."""
        sent = 0
        for request in requests_of(page.read_text(encoding="utf-8")):
            try:
                await self._send(request)
            except AssertionError as problem:
                raise AssertionError(f"{page.name}, line {request.line}: {problem}") from None
            sent += 1
        return sent

    async def _send(self, request: Request) -> None:
        client = self.admin if request.user is None else await self._client_of(request.user)
        path, body = self._filled(request.path), self._filled(request.body)

        async def answer() -> Reply:
            return await client.request(request.method, path, body)

        reply = await answer()
        if request.method == "GET" and problem_with(reply, request):
            # What follows a commit happens behind the answer to the write: a read may come too early.
            with contextlib.suppress(AssertionError):
                await eventually(lambda: _fitting(answer, request))
            reply = await answer()
        assert not (problem := problem_with(reply, request)), problem
        self._remember(request, reply)

    def _remember(self, request: Request, reply: Reply) -> None:
        name = request.path.partition("?")[0].rsplit("/", 1)[-1]
        data = reply.body.get("data") if isinstance(reply.body, dict) else None
        row = data[0] if isinstance(data, list) and data else data
        if isinstance(row, dict) and "id" in row:
            self.ids[name] = str(row["id"])
        if request.method != "GET" and "X-Commit" in reply.headers:
            self.ids["commit"] = reply.headers["X-Commit"]
        if request.method == "POST" and name == "users":
            self.passwords[request.body["email"]] = request.body["password"]

    def _filled(self, given: Any) -> Any:
        if isinstance(given, str):
            return REFERENCE.sub(lambda found: self.ids.get(found[1], found[0]), given)
        if isinstance(given, dict):
            return {key: self._filled(value) for key, value in given.items()}
        return [self._filled(value) for value in given] if isinstance(given, list) else given

    async def _client_of(self, email: str) -> Client:
        return await self.admin.login(self.admin.prefix.removeprefix("/api/"), email, self.passwords[email])


def requests_of(text: str) -> Iterator[Request]:
    """The requests of a page. Raises AssertionError for a block that can't be read."""
    pending: Request | None = None
    for block in BLOCK.finditer(text):
        info, line = block["info"].split(), text.count("\n", 0, block.start()) + 1
        if info[:1] == ["http"]:
            if pending:
                yield pending
            pending = _request(block["text"], line)
        elif info[:2] == ["json", "answer"]:
            assert pending, f"line {line}: an answer without a request"
            answer = json.loads(block["text"])
            yield Request(**{**{name: getattr(pending, name) for name in Request.__slots__}, "answer": answer})
            pending = None
        elif info[:1] == ["json"]:
            json.loads(block["text"])
    if pending:
        yield pending


def _request(text: str, line: int) -> Request:
    first, _, body = text.partition("\n")
    found = FIRST_LINE.fullmatch(first.strip())
    assert found, f"line {line}: not a request: {first}"
    status = int(found["status"]) if found["status"] else None
    return Request(
        line, found["method"], found["path"], found["user"], status, json.loads(body) if body.strip() else None
    )


async def _fitting(answer: Callable[[], Awaitable[Reply]], request: Request) -> bool:
    return not problem_with(await answer(), request)


def problem_with(reply: Reply, request: Request) -> str:
    """How an answer differs from what the page says of it; "" where it does not."""
    fits = reply.status == request.status if request.status else 200 <= reply.status < 300
    if fits and (request.answer is None or holds(reply.body, request.answer)):
        return ""
    return f"answered {reply.status}: {reply.body}"


def holds(value: Any, expected: Any) -> bool:
    """Whether an answer has what the page says of it."""
    if expected == ANY:
        return value is not None
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(
            key in value and holds(value[key], part) for key, part in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(holds, value, expected))
    return bool(value == expected)
