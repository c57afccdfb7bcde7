"""The requests to synchronous webhooks about one write, and their consent."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.data.model import EntityModel
from services.data.model.synchronous_webhooks import SynchronousWebhook
from services.data.writes.context.drafts import Draft


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """One record for one webhook. `document` is what is sent; `identity` tells a changed request from the former."""

    webhook: SynchronousWebhook
    draft: Draft
    document: dict[str, Any]
    identity: bytes


@dataclass(slots=True)
class WebhookConsent:
    """The requests that one write gives rise to, and those that the webhooks have agreed to.

    `now` is the write's time and `_keys` are the generated keys of its new records, so that each repetition of the
    write has the same result.
    """

    now: datetime
    requests: list[ConsentRequest] = field(default_factory=list)
    _agreed: list[bytes] = field(default_factory=list)
    _keys: list[uuid.UUID] = field(default_factory=list)
    _keys_used: int = 0
    _numbers: list[dict[tuple[str, str], int]] = field(default_factory=list)
    _numbers_used: int = 0

    def begin(self) -> None:
        """Start over: the write is carried out again from its beginning."""
        self.requests.clear()
        self._keys_used = 0
        self._numbers_used = 0

    @property
    def is_given(self) -> bool:
        """Whether the webhooks have agreed to all requests, or there are none."""
        return [request.identity for request in self.requests] == self._agreed

    def agree(self) -> None:
        """Note that the webhooks have agreed to all requests."""
        self._agreed = [request.identity for request in self.requests]

    def keep_keys(self, entity: EntityModel, drafts: Sequence[Draft]) -> None:
        """Give new records the keys that they had the last time."""
        if not entity.key.generated or entity.key.fields[0].type != "uuid":
            return
        name = entity.key.names[0]
        for draft in drafts:
            if self._keys_used == len(self._keys):
                self._keys.append(draft.values[name])
            draft.values[name] = self._keys[self._keys_used]
            self._keys_used += 1

    def forget_numbers(self) -> None:
        """Have new numbers taken: the former ones belong to other records."""
        self._numbers.clear()

    async def keep_numbers(
        self, take: Callable[[], Awaitable[dict[tuple[str, str], int]]]
    ) -> dict[tuple[str, str], int]:
        """The first numbers that were taken at this place the last time, or else now."""
        if self._numbers_used == len(self._numbers):
            self._numbers.append(await take())
        kept = self._numbers[self._numbers_used]
        self._numbers_used += 1
        return dict(kept)
