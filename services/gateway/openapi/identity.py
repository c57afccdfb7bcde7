"""What the routes of accounts, users, invites and keys take and answer; the platform's and an app's are alike."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.identity.api_keys import LONGEST_NAME, MOST_SCOPES
from services.gateway.identity.tokens import LIFETIME
from services.gateway.openapi.components import Schema, answer, enveloped
from services.gateway.openapi.shapes import EMAIL, FLAG, NUMBER, OBJECT, ROLES, TEXT, TIME, UUID, gives, shaped, takes

PASSWORD: Schema = {"type": "string", "format": "password", "minLength": 1, "maxLength": 72}
SECRET: Schema = {"type": "string", "minLength": 1}
CODE: Schema = {"type": "string", "description": "A code of this moment, or a recovery code"}

PAIR = shaped(access_token=TEXT, refresh_token=TEXT, expires_in=NUMBER)
CREDENTIALS = shaped(("email", "password"), email=TEXT, password=PASSWORD, totp=CODE)
LOGIN = {**takes(CREDENTIALS), **gives(PAIR)}
REFRESH = {**takes(shaped(("refresh_token",), refresh_token=TEXT)), **gives(PAIR)}
LOGOUT = {**takes(shaped(("refresh_token",), refresh_token=TEXT)), **gives(OBJECT)}

USER = shaped(
    id=UUID, email=TEXT, roles={"type": "array", "items": TEXT}, active=FLAG, created_at=TIME, updated_at=TIME
)
USERS = gives({"type": "array", "items": USER})
USER_FORM = shaped(("email", "password"), email=EMAIL, password=PASSWORD, roles=ROLES, active=FLAG)
USER_CHANGE = shaped(("email",), email=EMAIL, password=PASSWORD, roles=ROLES, active=FLAG)

SESSION = shaped(
    id=UUID, via=TEXT, ip=TEXT, user_agent=TEXT, created_at=TIME, last_used_at=TIME, expires_at=TIME, current=FLAG
)
SESSIONS = gives({"type": "array", "items": SESSION})
KEEP: Schema = {"name": "keep", "in": "query", "schema": {"type": "string", "enum": ["current"]}}
END_SESSIONS = {"parameters": [KEEP], **gives(shaped(ended=NUMBER))}
GONE = gives(shaped(id=UUID, deleted=FLAG))
NEW_PASSWORD = {
    **takes(shaped(("current_password", "password"), current_password=PASSWORD, password=PASSWORD)),
    **gives(PAIR),
}
ENROLL = {**takes(shaped(("password",), password=PASSWORD)), **gives(shaped(secret=TEXT, uri=TEXT), 201)}
CONFIRM = {
    **takes(shaped(("totp",), totp={"type": "string", "pattern": "^[0-9]{6}$"})),
    **gives(shaped(enabled=FLAG, recovery_codes={"type": "array", "items": TEXT})),
}
DISABLE = {**takes(shaped(("password",), password=PASSWORD, totp=CODE)), **gives(shaped(enabled=FLAG))}
FORGOT = {**takes(shaped(("email",), email=EMAIL)), **gives(shaped(accepted=FLAG), 202, "Accepted")}
RESET = {**takes(shaped(("token", "password"), token=SECRET, password=PASSWORD)), **gives(shaped(reset=FLAG))}
ACCEPT = {
    **takes(shaped(("token", "password"), token=SECRET, password=PASSWORD)),
    **gives(shaped(access_token=TEXT, refresh_token=TEXT, expires_in=NUMBER, user=OBJECT), 201),
}

NULLABLE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
INVITE = shaped(
    id=UUID, email=TEXT, roles={"type": "array", "items": TEXT}, invited_by=TEXT, created_at=TIME, expires_at=TIME,
    accepted_at=NULLABLE_TIME,
)  # fmt: skip
NEW_INVITE = shaped(
    ("token",), id=UUID, email=TEXT, roles={"type": "array", "items": TEXT}, token=TEXT, invited_by=TEXT,
    created_at=TIME, expires_at=TIME,
)  # fmt: skip
EMAILS: Schema = {"type": "array", "items": EMAIL, "minItems": 1, "maxItems": 10_000}
BULK = shaped(
    ("created", "skipped", "summary"),
    created={"type": "array", "items": shaped(id=UUID, email=TEXT, token=TEXT, expires_at=TIME)},
    skipped={"type": "array", "items": shaped(email=TEXT, reason=TEXT)},
    summary=shaped(total=NUMBER, created=NUMBER, skipped=NUMBER),
)

SCOPE = shaped(
    ("entity", "actions"),
    entity={"type": "string", "minLength": 1, "maxLength": 63},
    actions={"type": "array", "minItems": 1, "items": {"enum": ["read", "create", "update", "delete"]}},
)
KEY = shaped(
    id=UUID, name=TEXT, prefix=TEXT, roles={"type": "array", "items": TEXT},
    scopes={"type": ["array", "null"], "items": SCOPE}, expires_at=NULLABLE_TIME, last_used_at=NULLABLE_TIME,
    created_by=TEXT, created_at=TIME,
)  # fmt: skip
KEY_FORM = shaped(
    ("name",),
    name={"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
    roles=ROLES,
    scopes={"type": "array", "minItems": 1, "maxItems": MOST_SCOPES, "items": SCOPE},
    expires_at=TIME,
)
NEW_KEY: Schema = {"allOf": [KEY, shaped(("key",), key=TEXT)]}
GENERATION = shaped(generation=NUMBER, kid=TEXT, created_at=NULLABLE_TIME, good_until=NULLABLE_TIME, signs=FLAG)
ROTATE = {
    **takes(shaped(overlap={"type": "integer", "minimum": 0, "maximum": LIFETIME}), required=False),
    **gives(shaped(generation=NUMBER, kid=TEXT, overlap=NUMBER), 201),
}
NO_FACTOR = {"responses": {"200": answer("Done", enveloped(shaped(enabled=FLAG)))}}

OWN: Mapping[tuple[str, str], Schema] = {
    ("POST", "/auth/login"): LOGIN,
    ("POST", "/auth/refresh"): REFRESH,
    ("POST", "/auth/logout"): LOGOUT,
    ("GET", "/auth/me"): gives(OBJECT),
    ("PUT", "/auth/password"): NEW_PASSWORD,
    ("GET", "/auth/sessions"): SESSIONS,
    ("DELETE", "/auth/sessions"): END_SESSIONS,
    ("DELETE", "/auth/sessions/{id}"): GONE,
    ("POST", "/auth/totp/enroll"): ENROLL,
    ("POST", "/auth/totp/confirm"): CONFIRM,
    ("POST", "/auth/totp/disable"): DISABLE,
}
MANAGED: Mapping[tuple[str, str], Schema] = {
    ("GET", "/users"): USERS,
    ("POST", "/users"): {**takes(USER_FORM), **gives(USER, 201)},
    ("GET", "/users/{id}"): gives(USER),
    ("PUT", "/users/{id}"): {**takes(USER_CHANGE), **gives(USER)},
    ("DELETE", "/users/{id}"): GONE,
    ("DELETE", "/users/{id}/totp"): NO_FACTOR,
    ("GET", "/signing-keys"): gives({"type": "array", "items": GENERATION}),
    ("POST", "/signing-keys/rotate"): ROTATE,
}
OF_APPS: Mapping[tuple[str, str], Schema] = {
    ("POST", "/auth/accept-invite"): ACCEPT,
    ("POST", "/auth/forgot-password"): FORGOT,
    ("POST", "/auth/reset-password"): RESET,
    ("GET", "/_admin/invites"): gives({"type": "array", "items": INVITE}),
    ("POST", "/_admin/invites"): {**takes(shaped(("email",), email=EMAIL, roles=ROLES, mail=FLAG)),
                                  **gives(NEW_INVITE, 201)},
    ("POST", "/_admin/invites/bulk"): {**takes(shaped(("emails",), emails=EMAILS, roles=ROLES, mail=FLAG)),
                                       **gives(BULK)},
    ("GET", "/_admin/invites/{id}"): gives(INVITE),
    ("DELETE", "/_admin/invites/{id}"): GONE,
    ("GET", "/_admin/api-keys"): gives({"type": "array", "items": KEY}),
    ("POST", "/_admin/api-keys"): {**takes(KEY_FORM), **gives(NEW_KEY, 201)},
    ("GET", "/_admin/api-keys/{id}"): gives(KEY),
    ("DELETE", "/_admin/api-keys/{id}"): GONE,
}  # fmt: skip

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
