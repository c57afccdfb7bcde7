"""Mails of the gateway: their words, and how they are handed to notify, beside the request that asked for them."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import structlog

from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.notifications import SendMail
from services.gateway.state import State

log = structlog.get_logger()

TIME = 10.0
"""Seconds for one attempt to hand a mail over."""
ATTEMPTS = 3
PAUSE = 2.0
"""Seconds between attempts."""


async def invite(state: State, context: Context, email: str, token: str) -> None:
    """Tell somebody that they are invited."""
    app = context.the_app
    way = _way(state.settings.accept_invite_url, app, token, "Your invite")
    text = f"You are invited to {app.name}.\n\n{way}\n\nIt can be used once, within three days."
    await _send(state, context, email, f"Invite to {app.name}", text, f"invite/{token[-12:]}")


async def reset(state: State, context: Context, email: str, token: str) -> None:
    """Tell somebody how to set a new password."""
    app = context.the_app
    way = _way(state.settings.reset_password_url, app, token, "Your code")
    text = (
        f"Somebody, hopefully you, asked for a new password for {email} at {app.name}.\n\n{way}\n\n"
        "It can be used once, within an hour. If it was not you, there is nothing to do: nothing has changed."
    )
    await _send(state, context, email, f"New password for {app.name}", text, f"reset/{token[-12:]}")


def _way(template: str, app: AppRef, token: str, called: str) -> str:
    """The link of the operator's front end, or the bare token."""
    if not template:
        return f"{called}: {token}"
    return template.replace("{app}", quote(app.name, safe="")).replace("{token}", quote(token, safe=""))


async def _send(state: State, context: Context, email: str, subject: str, text: str, key: str) -> None:
    mail = SendMail([email], subject, text, key, confidential=True)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            asking = Context(context.trace_id, app=context.app, identity=SYSTEM, cause="identity").within(TIME)
            await state.core.rpc.request(mail, asking)
            return
        except Exception as error:
            # Neither the address nor the text, which holds a secret.
            log.warning("mail.not_queued", app_id=context.the_app.id, attempt=attempt, error=str(error))
            if attempt < ATTEMPTS:
                await asyncio.sleep(PAUSE)
    state.accounts.figures.mails_lost += 1
