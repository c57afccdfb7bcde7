"""What the routes of single sign-on answer. The platform's and an app's are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.gateway.openapi.components import Schema
from services.gateway.openapi.shapes import FLAG, NUMBER, OBJECT, TEXT, TIME, UUID, gives, shaped

TEXTS: Schema = {"type": "array", "items": TEXT}
METHOD = shaped(("name", "type", "label", "start_url"), name=TEXT, type=TEXT, label=TEXT, start_url=TEXT)
USER = shaped(("id", "email", "roles"), id=UUID, email=TEXT, roles=TEXTS)
TOKENS: dict[str, Schema] = {"access_token": TEXT, "refresh_token": TEXT, "expires_in": NUMBER}
ENTERED = gives(shaped((), **TOKENS, user=USER, redirect_to=TEXT))
PROVIDER = shaped(
    ("id", "name", "type", "config"), id=UUID, name=TEXT, type=TEXT, label={"type": ["string", "null"]}, active=FLAG,
    config=OBJECT, jit=OBJECT, role_mapping={"type": "array", "items": OBJECT}, sync_roles=TEXT, link=TEXT,
    allowed_domains={"type": ["array", "null"], "items": TEXT}, created_at=TIME, updated_at=TIME, endpoints=OBJECT,
)  # fmt: skip
STEP = shaped(("name", "ok"), name=TEXT, ok=FLAG, error=TEXT)
TEST = shaped(("ok", "steps"), ok=FLAG, steps={"type": "array", "items": STEP}, last_login=OBJECT)
TRIAL = shaped(("roles", "mapped", "matching"), roles=TEXTS, mapped=TEXTS, matching={"type": "array", "items": NUMBER})
GONE = gives(shaped(id=UUID, deleted=FLAG))
START_PARAMETERS: list[Schema] = [
    {"name": "redirect_to", "in": "query", "schema": TEXT,
     "description": "Where the login leads back to, with `code` or `error`: this origin, or one of `cors_origins`"},
    {"name": "challenge", "in": "query", "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
     "description": "SHA-256, in Base64 for URLs, of the `verifier` that the exchange will send"},
]  # fmt: skip
XML: Schema = {"description": "Metadata", "content": {"application/samlmetadata+xml": {"schema": TEXT}}}
REDIRECT: Schema = {"responses": {"302": {"description": "On to the provider, or back with `code` or `error`"}}}


def _form(*fields: str) -> Schema:
    content = {"application/x-www-form-urlencoded": {"schema": shaped((), **dict.fromkeys(fields, TEXT))}}
    return {"requestBody": {"required": True, "content": content}}


OF_LOGINS: Mapping[tuple[str, str], Schema] = {
    ("GET", "/auth/providers"): gives({"type": "array", "items": METHOD}),
    ("POST", "/auth/sso/exchange"): ENTERED,
    ("POST", "/auth/logout"): gives(shaped(("logged_out",), logged_out=FLAG, logout_url=TEXT)),
    ("GET", "/auth/oidc/{provider}/start"): {"parameters": START_PARAMETERS, **REDIRECT},
    ("GET", "/auth/oidc/{provider}/callback"): REDIRECT,
    ("POST", "/auth/oidc/{provider}/backchannel-logout"): {**_form("logout_token"), **gives(shaped(logged_out=FLAG))},
    ("GET", "/auth/saml/{provider}/metadata"): {"responses": {"200": XML}},
    ("GET", "/auth/saml/{provider}/start"): {"parameters": START_PARAMETERS, **REDIRECT},
    ("POST", "/auth/saml/{provider}/acs"): {**_form("SAMLResponse", "RelayState"), **REDIRECT},
    ("GET", "/auth/saml/{provider}/slo"): REDIRECT,
    ("POST", "/auth/saml/{provider}/slo"): {**_form("SAMLRequest", "SAMLResponse", "RelayState"), **REDIRECT},
    ("POST", "/auth/ldap/{provider}/login"): gives(shaped((), **TOKENS, user=USER)),
}
OF_PROVIDERS: Mapping[tuple[str, str], Schema] = {
    ("GET", ""): gives({"type": "array", "items": PROVIDER}),
    ("POST", ""): gives(PROVIDER, 201),
    ("POST", "/try-mapping"): gives(TRIAL),
    ("GET", "/{id}"): gives(PROVIDER),
    ("PUT", "/{id}"): gives(PROVIDER),
    ("DELETE", "/{id}"): GONE,
    ("POST", "/{id}/test"): gives(TEST),
}
PLATFORM, APP = "/api/_platform", "/api/{app}"


def _all() -> Iterator[tuple[tuple[str, str], Schema]]:
    for realm in (PLATFORM, APP):
        yield from (((method, realm + path), schema) for (method, path), schema in OF_LOGINS.items())
    for base in (f"{PLATFORM}/identity-providers", f"{APP}/_admin/auth-providers"):
        yield from (((method, base + path), schema) for (method, path), schema in OF_PROVIDERS.items())


DETAILS: Mapping[tuple[str, str], Schema] = dict(_all())
"""(method, path) → parameters, requestBody and responses of an operation."""
