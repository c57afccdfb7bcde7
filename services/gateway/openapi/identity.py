"""What the routes of accounts, users, invites and keys answer. The platform's and an app's are alike.

What they take is said by the models of their bodies.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.openapi.components import Schema, answer, enveloped
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, TEXT, TIME, UUID, gives, shaped

TEXTS: Schema = {"type": "array", "items": TEXT}
NULLABLE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
TOKENS: dict[str, Schema] = {"access_token": TEXT, "refresh_token": TEXT, "expires_in": NUMBER}
PAIR = gives(shaped((), **TOKENS))
USER = shaped(id=UUID, email=TEXT, roles=TEXTS, active=FLAG, created_at=TIME, updated_at=TIME)
SESSION = shaped(
    id=UUID, via=TEXT, ip=TEXT, user_agent=TEXT, created_at=TIME, last_used_at=TIME, expires_at=TIME, current=FLAG
)
KEEP: Schema = {"name": "keep", "in": "query", "schema": {"type": "string", "enum": ["current"]}}
GONE = gives(shaped(id=UUID, deleted=FLAG))
INVITE = shaped(
    id=UUID, email=TEXT, roles=TEXTS, invited_by=TEXT, created_at=TIME, expires_at=TIME, accepted_at=NULLABLE_TIME
)
NEW_INVITE = shaped(
    ("token",), id=UUID, email=TEXT, roles=TEXTS, token=TEXT, invited_by=TEXT, created_at=TIME, expires_at=TIME
)
BULK = shaped(
    ("created", "skipped", "summary"),
    created={"type": "array", "items": shaped(id=UUID, email=TEXT, token=TEXT, expires_at=TIME)},
    skipped={"type": "array", "items": shaped(email=TEXT, reason=TEXT)},
    summary=shaped(total=NUMBER, created=NUMBER, skipped=NUMBER),
)
SCOPE = shaped(("entity", "actions"), entity=TEXT, actions=TEXTS)
KEY = shaped(
    id=UUID, name=TEXT, prefix=TEXT, roles=TEXTS, scopes={"type": ["array", "null"], "items": SCOPE},
    expires_at=NULLABLE_TIME, last_used_at=NULLABLE_TIME, created_by=TEXT, created_at=TIME,
)  # fmt: skip
NEW_KEY: Schema = {"allOf": [KEY, shaped(("key",), key=TEXT)]}
GENERATION = shaped(generation=NUMBER, kid=TEXT, created_at=NULLABLE_TIME, good_until=NULLABLE_TIME, signs=FLAG)
ENABLED = {"responses": {"200": answer("Done", enveloped(shaped(enabled=FLAG)))}}

ME = shaped(
    ("id", "email", "roles", "via"), id=TEXT, email=TEXT, roles={"type": "array", "items": TEXT}, via=TEXT,
    scopes={"type": "array", "items": shaped(("entity", "actions"), entity=TEXT, actions={"type": "array"})},
    active=FLAG, created_at=TIME, updated_at=TIME, session_id=UUID, totp=FLAG, recovery_codes_left=NUMBER,
    view_as=shaped(("id", "email"), id=TEXT, email=TEXT),
)  # fmt: skip
OWN: Mapping[tuple[str, str], Schema] = {
    ("POST", "/auth/login"): PAIR,
    ("POST", "/auth/refresh"): PAIR,
    ("GET", "/auth/me"): gives(ME),
    ("PUT", "/auth/password"): PAIR,
    ("GET", "/auth/sessions"): gives({"type": "array", "items": SESSION}),
    ("DELETE", "/auth/sessions"): {"parameters": [KEEP], **gives(shaped(ended=NUMBER))},
    ("DELETE", "/auth/sessions/{id}"): GONE,
    ("POST", "/auth/totp/enroll"): gives(shaped(secret=TEXT, uri=TEXT), 201),
    ("POST", "/auth/totp/confirm"): gives(shaped(enabled=FLAG, recovery_codes=TEXTS)),
    ("POST", "/auth/totp/disable"): gives(shaped(enabled=FLAG)),
}
MANAGED: Mapping[tuple[str, str], Schema] = {
    ("GET", "/users"): gives({"type": "array", "items": USER}),
    ("POST", "/users"): gives(USER, 201),
    ("GET", "/users/{id}"): gives(USER),
    ("PUT", "/users/{id}"): gives(USER),
    ("DELETE", "/users/{id}"): GONE,
    ("DELETE", "/users/{id}/totp"): ENABLED,
    ("GET", "/signing-keys"): gives({"type": "array", "items": GENERATION}),
    ("POST", "/signing-keys/rotate"): gives(shaped(generation=NUMBER, kid=TEXT, overlap=NUMBER), 201),
}
VIEWED = shaped(("id", "email", "roles"), id=UUID, email=TEXT, roles={"type": "array", "items": TEXT})
VIEW_TOKEN = shaped(("access_token", "expires_in", "user"), access_token=TEXT, expires_in=NUMBER, user=VIEWED)
OF_APPS: Mapping[tuple[str, str], Schema] = {
    ("POST", "/_admin/users/{id}/view-token"): gives(VIEW_TOKEN, 201),
    ("POST", "/auth/accept-invite"): gives(shaped((), **TOKENS, user=OBJECT), 201),
    ("POST", "/auth/forgot-password"): gives(shaped(accepted=FLAG), 202, "Accepted"),
    ("POST", "/auth/reset-password"): gives(shaped(reset=FLAG)),
    ("GET", "/_admin/invites"): gives({"type": "array", "items": INVITE}),
    ("POST", "/_admin/invites"): gives(NEW_INVITE, 201),
    ("POST", "/_admin/invites/bulk"): gives(BULK),
    ("GET", "/_admin/invites/{id}"): gives(INVITE),
    ("DELETE", "/_admin/invites/{id}"): GONE,
    ("GET", "/_admin/api-keys"): gives({"type": "array", "items": KEY}),
    ("POST", "/_admin/api-keys"): gives(NEW_KEY, 201),
    ("GET", "/_admin/api-keys/{id}"): gives(KEY),
    ("DELETE", "/_admin/api-keys/{id}"): GONE,
}

PLATFORM, APP = "/api/_platform", "/api/{app}"
DETAILS: Mapping[tuple[str, str], Schema] = {
    **{(method, realm + path): schema for realm in (PLATFORM, APP) for (method, path), schema in OWN.items()},
    **{
        (method, base + path): schema
        for base in (PLATFORM, f"{APP}/_admin")
        for (method, path), schema in MANAGED.items()
    },
    **{(method, APP + path): schema for (method, path), schema in OF_APPS.items()},
}
"""(method, path) → parameters, requestBody and responses of an operation."""
