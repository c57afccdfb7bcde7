"""Mails about invites and resets: their texts, and the request to notify, made after the response."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import structlog

from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.notifications import SendMail
from services.gateway.identity.realms import Accounts

log = structlog.get_logger()

TIMEOUT_S = 10.0
"""Seconds for one attempt to hand a mail over."""
MAX_ATTEMPTS = 3
PAUSE_S = 2.0
"""Seconds between attempts."""


async def invite(accounts: Accounts, context: Context, email: str, token: str) -> None:
    """Mail an invite."""
    app = context.the_app
    link = _link(accounts.settings.accept_invite_url, app, token, "Your invite")
    text = f"You are invited to {app.name}.\n\n{link}\n\nIt can be used once, within three days."
    await _send(accounts, context, email, f"Invite to {app.name}", text, f"invite/{token[-12:]}")


async def reset(accounts: Accounts, context: Context, email: str, token: str) -> None:
    """Mail a token for a new password."""
    app = context.the_app
    link = _link(accounts.settings.reset_password_url, app, token, "Your code")
    text = (
        f"Somebody, hopefully you, asked for a new password for {email} at {app.name}.\n\n{link}\n\n"
        "It can be used once, within an hour. If it was not you, there is nothing to do: nothing has changed."
    )
    await _send(accounts, context, email, f"New password for {app.name}", text, f"reset/{token[-12:]}")


def _link(template: str, app: AppRef, token: str, label: str) -> str:
    """The link of the operator's front end, or the bare token."""
    if not template:
        return f"{label}: {token}"
    return template.replace("{app}", quote(app.name, safe="")).replace("{token}", quote(token, safe=""))


async def _send(accounts: Accounts, context: Context, email: str, subject: str, text: str, key: str) -> None:
    mail = SendMail([email], subject, text, key, confidential=True)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            asking = Context(context.trace_id, app=context.app, identity=SYSTEM, cause="identity").within(TIMEOUT_S)
            await accounts.rpc.request(mail, asking)
            return
        except Exception as error:
            # Neither the address nor the text, which holds a secret.
            log.warning("mail.not_queued", app_id=context.the_app.id, attempt=attempt, error=str(error))
            if attempt < MAX_ATTEMPTS:
                await asyncio.sleep(PAUSE_S)
    accounts.counters.mails_lost += 1
