"""From a proved login to a session: a code for the browser, which it exchanges for tokens.

No token travels in a URL, and none is stored: the session begins with the exchange.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from libs.shared.contracts.auth_providers import SsoExchangeBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.encryption import Undecryptable
from libs.shared.postgres.databases import Connection
from services.gateway.identity import sessions
from services.gateway.identity.realms import Realm
from services.gateway.identity.sso.external import AuthProvider, ExternalIdentity
from services.gateway.identity.sso.providers import sealed, unsealed
from services.gateway.identity.sso.provisioning import AdmittedUser
from services.gateway.identity.sso.room import SingleSignOn
from services.gateway.identity.store import external_identities as store
from services.gateway.identity.tokens import unauthorized


@dataclass(frozen=True, slots=True)
class ProvedLogin:
    """A login that is proved. `challenge` is the SHA-256 of a verifier that only the browser knows, or empty."""

    subject: str
    sid: str
    data: dict[str, str]
    redirect_to: str
    challenge: str


async def issue_code(
    realm: Realm,
    provider: AuthProvider,
    user: AdmittedUser,
    identity: ExternalIdentity,
    redirect_to: str,
    challenge: str,
) -> str:
    """A code for the browser, good once and for a minute."""
    session = identity.session
    values = {"subject": identity.subject, "sid": session.sid, "data": dict(session.data),
              "redirect_to": redirect_to, "challenge": challenge}  # fmt: skip
    data = sealed(realm, provider.id, values)
    return await store.issue_code(realm.database, provider.id, user.id, user.version, data)


async def exchange(sso: SingleSignOn, realm: Realm, context: Context, body: SsoExchangeBody) -> Response:
    """Tokens for the code that a login at a provider has ended with. Raises UNAUTHORIZED for any other code."""
    row = await store.redeem_code(realm.database, body.code) if body.code else None
    if row is None or not row["good"]:
        raise _no_code()
    try:
        login = ProvedLogin(**unsealed(realm, row["provider"], row["data"]))
    except Undecryptable:
        raise _no_code() from None
    if login.challenge and not hmac.compare_digest(_hashed(body.verifier), login.challenge):
        raise _no_code()
    user = {name: row[name] for name in ("id", "email", "roles", "version")}
    shown = {name: user[name] for name in ("id", "email", "roles")}
    also = {"user": shown, "redirect_to": login.redirect_to}
    async with realm.database.transaction() as transaction:
        return await begin_session(transaction, realm, context, user, (row["provider"], row["via"]), login, also)


async def begin_session(
    transaction: Connection,
    realm: Realm,
    context: Context,
    user: sessions.User,
    provider: tuple[str, str],
    login: ProvedLogin,
    also: Mapping[str, object],
) -> Response:
    """Begin the session, marked with the provider (its id, and `via`) and what the logout there needs."""
    provider_id, via = provider
    answer, session = await sessions.begin_at_provider(realm, transaction, user, context, via, also)
    data = sealed(realm, provider_id, login.data)
    await store.mark_session(transaction, session, provider_id, login.subject, login.sid, data)
    return answer


def _hashed(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()).decode().rstrip("=")


def _no_code() -> Exception:
    return unauthorized("invalid", sessions.NO_LOGIN)
