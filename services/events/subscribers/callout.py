"""Answers the auth callout of NATS: identifies connections whose credentials are not in its configuration.

https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_callout specifies both messages.
A refusal has no reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import re
from datetime import datetime
from typing import Any

import structlog

from libs.shared import clock
from libs.shared.bus.nats.jetstream import JetStreamError
from libs.shared.bus.nats.nkeys import Issuer, claims_of
from libs.shared.bus.nats.protocol import Message
from libs.shared.concurrency.tasks import TaskSet
from services.events.state import State
from services.events.subscribers import durables, store
from services.events.subscribers.handlers import subscriber_of
from services.events.subscribers.rights import ACCOUNT, Subscriber

log = structlog.get_logger()

SUBJECT = "$SYS.REQ.USER.AUTH"
MAX_CALLOUTS = 16
"""Callouts handled at once. Further ones get no response, which the server treats as a refusal."""
TIMEOUT_S = 1.5
"""Seconds for a response; the server waits two."""
MAX_PASSWORD_CHARACTERS = 200
"""Characters of a password that are compared."""
USER = re.compile(r"([a-z][a-z0-9_-]{0,62})\.([0-9a-f]{32})")
"""An app's name and a subscriber's id."""


async def answer_callouts(state: State) -> None:
    """Answer the callouts of the server, until cancelled."""
    if state.issuer is None:
        await asyncio.Event().wait()
        return
    await state.core.connection.established()
    running = TaskSet("callout")

    def asked(message: Message) -> None:
        if len(running) >= MAX_CALLOUTS:
            return
        running.start(_answer(state, message))

    subscription = state.core.connection.subscribe(SUBJECT, asked, queue="events")
    try:
        await asyncio.Event().wait()
    finally:
        state.core.connection.unsubscribe(subscription)


async def _answer(state: State, message: Message) -> None:
    try:
        request = claims_of(message.data)["nats"]
        async with asyncio.timeout(TIMEOUT_S):
            admitted = await _admitted(state, request["connect_opts"])
        answer = _token(state.issuer, request, admitted)
        state.core.connection.send(message.reply_to, answer.encode())
    except Exception as error:
        log.warning("subscribers.not_answered", error=type(error).__name__)


async def _admitted(state: State, options: dict[str, Any]) -> tuple[Subscriber, datetime | None] | None:
    """The subscriber of these credentials and when it ends; None if they are wrong."""
    user, password = (
        USER.fullmatch(str(options.get("user", ""))),
        str(options.get("pass", ""))[:MAX_PASSWORD_CHARACTERS],
    )
    app_name, subscriber_id = user.groups() if user else ("", "")
    app = await state.core.apps.by_name(app_name) if app_name else None
    row = await store.find(state.database(app), subscriber_id) if app is not None else None
    # Compared even without such a subscriber: the response time must not reveal which exist.
    right = hmac.compare_digest(store.hash_of(password), row["password_hash"] if row else bytes(32))
    if app is None or row is None or not right:
        log.info("subscribers.refused", app=app_name)
        return None
    subscriber = subscriber_of(row, app)
    with contextlib.suppress(JetStreamError):
        await durables.prepare(state.core.stream, subscriber)
    if await store.find(state.database(app), subscriber_id) is None:
        # Deleted meanwhile: its new durables must not outlive it.
        await durables.remove(state.core.stream, subscriber)
        return None
    return subscriber, row["expires_at"]


def _token(issuer: Issuer | None, request: dict[str, Any], admitted: tuple[Subscriber, datetime | None] | None) -> str:
    """The signed answer: the user's rights, or a refusal."""
    assert issuer is not None, "callouts are answered only with an issuer"
    now, user = clock.unix(), request["user_nkey"]
    verdict: dict[str, Any] = {"error": "unknown or wrong credentials"}
    if admitted is not None:
        subscriber, end = admitted
        rights = {**subscriber.permissions(), "type": "user", "version": 2}
        claims = {"sub": user, "aud": ACCOUNT, "name": subscriber.user, "nats": rights}
        if end is not None:
            claims["exp"] = int(end.timestamp())
        verdict = {"jwt": issuer.sign(claims, now)}
    reply = {**verdict, "type": "authorization_response", "version": 2}
    return issuer.sign({"sub": user, "aud": request["server_id"]["id"], "nats": reply}, now)
