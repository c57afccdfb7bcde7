"""Everything that can be written, on an app, by several writers, while parts of the system come and go."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import reference, relation

PAUSE = 0.02
"""Seconds that a polite client waits after a failure."""
LASTING = 800.0
"""Seconds for which a token is good at least."""
STATES = ("open", "taken", "done")
TRIGGERING = "taken"
"""The state that starts a workflow."""
TEMPLATE = {"subject": "{{ record.title }}", "body": "{{ action }}"}
TOLD = ("admin", "clerk")
"""Roles of one user each, who are notified."""
ACCEPTED = (200, 201)
REFUSED = (404, 409, 412, 422)
"""Races among the writers, and what is meant to be refused."""
AWAY = (502, 503, 504)


@dataclass
class Load:
    """The writers of one app, and what they were told."""

    admin: Client
    seed: int
    acknowledged: list[int] = field(default_factory=list)
    outcomes: Counter[int] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)
    taken: bool = False
    stopped: bool = False
    renew_at: float = field(default_factory=lambda: asyncio.get_running_loop().time() + LASTING)
    """From when on the token may be refused, as it has grown old."""

    async def write(self, writer: int) -> None:
        """Write until it is said to stop."""
        dice = random.Random(self.seed * 1000 + writer)
        while not self.stopped:
            try:
                reply = await self._one(dice)
            except (aiohttp.ClientError, TimeoutError):
                self.outcomes[0] += 1
                await asyncio.sleep(PAUSE)
                continue
            if reply.status == 401 and asyncio.get_running_loop().time() > self.renew_at:
                await self._renew()
                continue
            self.outcomes[reply.status] += 1
            assert reply.status in (*ACCEPTED, *REFUSED, *AWAY), (reply.status, reply.body)
            if reply.status in ACCEPTED and "X-Commit" in reply.headers:
                self.acknowledged.append(int(reply.headers["X-Commit"]))
            if reply.status in AWAY:
                await asyncio.sleep(PAUSE)

    async def _renew(self) -> None:
        """Log in anew, as soon as that is possible."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, AssertionError):
            self.admin = await self.admin.renewed()
            self.renew_at = asyncio.get_running_loop().time() + LASTING
        await asyncio.sleep(PAUSE)

    async def _one(self, dice: random.Random) -> Any:
        """One request of a mixture."""
        kind = dice.random()
        if kind < 0.3 or len(self.orders) < 5:
            reply = await self.admin.post("/order", {"title": "new", "items": {"data": [{"sku": "a"}, {"sku": "b"}]}})
            if reply.status == 201:
                self.orders.append(reply.data["id"])
            return reply
        path = f"/order/{dice.choice(self.orders)}"
        if not self.taken:
            # However slow the machine is, something starts a workflow.
            reply = await self.admin.put(path, {"state": TRIGGERING})
            self.taken = reply.status == 200
            return reply
        if kind < 0.55:
            return await self.admin.put(path, {"count": dice.randrange(1000)})
        if kind < 0.65:
            return await self.admin.put(
                path, {"title": "nested", "items": {"_write_mode": "replace", "data": [{"sku": "c"}]}}
            )
        if kind < 0.8:
            return await self.admin.put(path, {"state": dice.choice(STATES)})
        if kind < 0.87:
            self.orders.remove(path.removeprefix("/order/"))
            return await self.admin.delete(path)
        if kind < 0.94:
            return await self.admin.post("/order/_bulk", [{"title": "bulk", "count": n} for n in range(5)])
        # Nothing of this may ever be told: its last row is refused.
        return await self.admin.post("/order/_bulk", [{"title": "refused"}, {"title": "refused", "count": "none"}])


async def define(admin: Client, receiver: HttpReceiver) -> None:
    """Orders with items and a state, a workflow of theirs, webhooks and notifications for whatever happens to them."""
    await admin.define(entity("order", text("title"), integer("count"), text("state")))
    await admin.define(entity("item", text("sku"), reference("order_id")))
    belongs = relation("items", "one_to_many", "order", "item", target_key="order_id", on_delete="cascade")
    await admin.define(belongs, "relations")
    turns = [{"from": ["open", "taken", "done"], "to": state} for state in STATES]
    machine = {"entity": "order", "field": "state", "definition": {"initial": "open", "transitions": turns}}
    await admin.define(machine, "state-machines")
    approval = {"id": "look", "type": "approval", "on_approve": "end", "on_reject": "end"}
    trigger = {"type": "state_change", "entity": "order", "field": "state", "to": TRIGGERING}
    workflow = {"name": "taking", "trigger": trigger, "context": {"id": "record.id"}, "steps": [approval]}
    await admin.define(workflow, "workflows")
    clerk = {"email": "clerk@example.com", "password": "secret-1", "roles": ["clerk"]}
    (await admin.post("/_admin/users", clerk)).expect(201)
    for hook in ("after_write", "after_delete"):
        form = {"entity": "order", "hook": hook, "url": receiver.url, "retry": {"max_attempts": 20}}
        await admin.define(form, "webhooks")
        rule: dict[str, Any] = {"name": hook, "entity": "order", "hook": hook, "channel": "in_app"}
        rule |= {"template": TEMPLATE, "recipients": [{"role": role} for role in TOLD], "tell_actor": True}
        await admin.define(rule, "notification-rules")
