"""Management of providers: the operations of admins, and reading a provider as stored."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from libs.shared.bodies import validate
from libs.shared.contracts.auth_providers import CONFIGS, SECRET_MASK, SECRETS, AuthProviderBody, MappingTrialBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.encryption import Undecryptable
from libs.shared.errors import RocketError, detail_of, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Record
from libs.shared.postgres.errors import UniqueViolation
from services.gateway.identity import audit
from services.gateway.identity.paths import parse_id
from services.gateway.identity.realms import Realm
from services.gateway.identity.sso.claims import mapped_roles, matching
from services.gateway.identity.sso.external import AuthProvider
from services.gateway.identity.sso.room import SingleSignOn
from services.gateway.identity.store import auth_providers as store
from services.gateway.identity.store import external_identities
from services.gateway.identity.store import sessions as session_store

AUDITED = "_auth_providers"
NOT_READ = {"id", "created_at", "updated_at", "endpoints"}


async def list_providers(sso: SingleSignOn, realm: Realm, context: Context) -> Response:
    """All providers of identities, without their secrets."""
    rows = [_shown(sso, realm, row) for row in await store.list_all(realm.database)]
    return Response(body=orjson.dumps({"data": rows}))


async def get_provider(sso: SingleSignOn, realm: Realm, context: Context, provider_id: str) -> Response:
    """One provider of identities, without its secrets."""
    row = await _row(realm, parse_id(provider_id, "Provider"))
    return Response(body=orjson.dumps({"data": _shown(sso, realm, row)}))


async def create_provider(sso: SingleSignOn, realm: Realm, context: Context, body: AuthProviderBody) -> Response:
    """A provider of identities. What it says of itself is read at once, if it is active."""
    provider = await _prepared(sso, _candidate(str(uuid7()), 0, body, None), None)
    async with audit.change(realm, context) as change:
        with _conflict_if_taken():
            values = (uuid.UUID(provider.id), _document(provider), sealed(realm, provider.id, provider.secrets))
            row = await store.insert(change.transaction, *values)
        if row is None:
            raise RocketError("CONFLICT", f"There may be {store.MAX_PROVIDERS} providers")
        await change.record(AUDITED, provider.id, "create", None, _document(provider))
    return Response(201, orjson.dumps({"data": _shown(sso, realm, row)}))


async def replace_provider(
    sso: SingleSignOn, realm: Realm, context: Context, provider_id: str, body: AuthProviderBody
) -> Response:
    """A provider of identities anew; secrets that are left out, or sent back as `***`, stay."""
    identifier = parse_id(provider_id, "Provider")
    before = loaded(realm, await _row(realm, identifier))
    provider = await _prepared(sso, _candidate(before.id, before.version, body, before), before)
    async with audit.change(realm, context) as change:
        with _conflict_if_taken():
            values = (_document(provider), sealed(realm, provider.id, provider.secrets))
            row = await store.update(change.transaction, identifier, before.version, *values)
        if row is None:
            raise RocketError("CONFLICT", "The provider has been changed meanwhile")
        changed = {"secrets": "***"} if provider.secrets != before.secrets else {}
        await change.record(AUDITED, provider.id, "update", _document(before), {**_document(provider), **changed})
    return Response(body=orjson.dumps({"data": _shown(sso, realm, row)}))


async def delete_provider(sso: SingleSignOn, realm: Realm, context: Context, provider_id: str) -> Response:
    """The end of a provider, of its links to users, and of the sessions that were begun there."""
    identifier = parse_id(provider_id, "Provider")
    before = loaded(realm, await _row(realm, identifier))
    ending = await external_identities.sessions_of_provider(realm.database, identifier)
    await realm.accounts.revocations.end(realm.scope, ending)
    await session_store.end(realm.database, ending)
    async with audit.change(realm, context) as change:
        if not await store.delete(change.transaction, identifier):
            raise not_found("Provider")
        await change.record(AUDITED, before.id, "delete", _document(before), None)
    return Response(body=orjson.dumps({"data": {"id": before.id, "deleted": True}}))


async def test_provider(sso: SingleSignOn, realm: Realm, context: Context, provider_id: str) -> Response:
    """Try the connection step by step. The claims of the last login there are shown, too."""
    identifier = parse_id(provider_id, "Provider")
    provider = loaded(realm, await _row(realm, identifier))
    steps = await sso.type_of(provider).check(provider)
    last = await store.last_login(realm.database, identifier)
    data: dict[str, Any] = {"ok": all(step.ok for step in steps), "steps": [step.shown() for step in steps]}
    if last is not None:
        known = realm.accounts.encryptor.decrypt(last["data"], _owner(provider.id))
        data["last_login"] = {"at": last["at"].isoformat(), **orjson.loads(known)}
    return Response(body=orjson.dumps({"data": data}), headers={"Cache-Control": "no-store"})


async def try_mapping(sso: SingleSignOn, realm: Realm, context: Context, body: MappingTrialBody) -> Response:
    """The roles that a mapping gives for pasted claims, and the lines of it that fit. Nothing is changed."""
    mapped = mapped_roles(body.role_mapping, body.claims)
    fitting = [body.role_mapping.index(line) for line in matching(body.role_mapping, body.claims)]
    roles = list(dict.fromkeys([*body.default_roles, *mapped]))
    return Response(body=orjson.dumps({"data": {"roles": roles, "mapped": mapped, "matching": fitting}}))


async def list_login_methods(sso: SingleSignOn, realm: Realm, context: Context) -> Response:
    """How people can log in: the active providers, for login pages."""
    base = sso.path(realm)
    rows = [
        {**row, "start_url": f"{base}/{row['type']}/{row['name']}/{'login' if row['type'] == 'ldap' else 'start'}"}
        for row in await store.list_active(realm.database)
    ]
    return Response(body=orjson.dumps({"data": rows}), headers={"Cache-Control": "no-cache"})


async def named(realm: Realm, name: str, type_name: str) -> AuthProvider:
    """The active provider of a name in a URL. Raises NOT_FOUND."""
    row = await store.find(realm.database, name, type_name) if "\0" not in name else None
    if row is None:
        raise not_found("Provider")
    return loaded(realm, row)


async def active(realm: Realm, provider_id: str) -> AuthProvider | None:
    """The provider, if it still lets people in."""
    row = await store.get(realm.database, uuid.UUID(provider_id))
    provider = loaded(realm, row) if row is not None else None
    return provider if provider is not None and provider.body.active else None


def loaded(realm: Realm, row: Record) -> AuthProvider:
    """A stored provider with its secrets. Raises SERVICE_UNAVAILABLE if they can't be decrypted."""
    body = AuthProviderBody.model_validate(orjson.loads(row["document"]))
    config = CONFIGS[body.type].model_validate(body.config)
    try:
        secrets = orjson.loads(realm.accounts.encryptor.decrypt(row["secrets"], _owner(row["id"])))
    except Undecryptable:
        raise RocketError(
            "SERVICE_UNAVAILABLE", "The provider's secrets can't be read: see previous_secret_keys"
        ) from None
    return AuthProvider(row["id"], row["version"], body, config, secrets)


def sealed(realm: Realm, provider_id: str, values: Mapping[str, Any]) -> bytes:
    """Values about a provider or its logins, encrypted for it."""
    return realm.accounts.encryptor.encrypt(orjson.dumps(values), _owner(provider_id))


def unsealed(realm: Realm, provider_id: str, data: bytes) -> dict[str, Any]:
    """The values. Raises Undecryptable."""
    values: dict[str, Any] = orjson.loads(realm.accounts.encryptor.decrypt(data, _owner(provider_id)))
    return values


def _owner(provider_id: str) -> str:
    return f"auth_provider/{provider_id}"


def _candidate(provider_id: str, version: int, body: AuthProviderBody, before: AuthProvider | None) -> AuthProvider:
    """The provider as sent: secrets apart, former ones kept where none is sent, `config` checked by its type."""
    sent, secrets = dict(body.config), {}
    same_type = before is not None and before.body.type == body.type
    for name in SECRETS[body.type]:
        value = sent.pop(name, SECRET_MASK) if before is not None else sent.pop(name, None)
        former = before.secrets.get(name) if before is not None and same_type else None
        if body.config.get(name) == SECRET_MASK and former is None:
            raise invalid_field(f"config.{name}", f"config.{name} is a mask, and there is no secret to keep")
        if value not in (None, SECRET_MASK):
            sent[name] = value
        elif former is not None and value is not None:
            secrets[name] = former
    config = _validated(body.type, sent)
    for name in SECRETS[body.type]:
        if (value := getattr(config, name)) is not None:
            secrets[name] = value
            config = config.model_copy(update={name: None})
    kept = config.model_dump(exclude_none=True)
    return AuthProvider(provider_id, version, body.model_copy(update={"config": kept}), config, secrets)


def _validated(type_name: str, config: dict[str, Any]) -> Any:
    """The configuration as its model; its errors name places below `config`."""
    try:
        return validate(CONFIGS[type_name], config)
    except RocketError as error:
        details = [{**one, "field": ".".join(filter(None, ["config", one.get("field")]))} for one in error.details]
        raise RocketError(error.code, f"config: {error.message}", details) from None


async def _prepared(sso: SingleSignOn, provider: AuthProvider, before: AuthProvider | None) -> AuthProvider:
    made = await sso.type_of(provider).prepare(provider, before)
    return replace(provider, secrets={**provider.secrets, **made})


def _document(provider: AuthProvider) -> dict[str, Any]:
    return provider.body.model_dump(exclude=NOT_READ)


def _shown(sso: SingleSignOn, realm: Realm, row: Record) -> dict[str, Any]:
    provider = loaded(realm, row)
    masks = {name: SECRET_MASK for name in SECRETS[provider.body.type] if name in provider.secrets}
    document = _document(provider)
    document["config"] = {**document["config"], **masks}
    times = {name: row[name].isoformat() for name in ("created_at", "updated_at")}
    return {"id": provider.id, **document, **times, "endpoints": sso.endpoint_paths(realm, provider)}


async def _row(realm: Realm, provider_id: uuid.UUID) -> Record:
    row = await store.get(realm.database, provider_id)
    if row is None:
        raise not_found("Provider")
    return row


@contextlib.contextmanager
def _conflict_if_taken() -> Iterator[None]:
    """Turns a unique violation into the refusal of a taken name."""
    try:
        yield
    except UniqueViolation:
        details = [detail_of("name", "is taken", "unique")]
        raise RocketError("CONFLICT", "A provider of this name exists already", details) from None
