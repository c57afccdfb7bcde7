"""Logins at a real directory, and what must not be one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from libs.shared.bodies import validate
from libs.shared.contracts.auth_providers import AuthProviderBody, LdapConfig, RoleMapping
from libs.shared.errors import RocketError
from services.gateway.identity.sso.external import AuthProvider, Endpoints, ExternalIdentity, ProviderSession
from services.gateway.identity.sso.ldap.provider import LdapDirectory
from services.gateway.identity.sso.threads import Threads
from tests.support.slapd import BASE, SERVICE, RunningDirectory, directory

ldap = LdapDirectory(Threads("ldap", 4, 50, 9.0), loopback=True, private=False)
NOWHERE = Endpoints("", "")


@pytest.fixture(scope="module")
async def slapd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningDirectory]:
    async with directory(tmp_path_factory.mktemp("slapd")) as running:
        yield running


def provider(*urls: str, **parts: Any) -> AuthProvider:
    secret = parts.pop("secret", SERVICE[1])
    config = LdapConfig(urls=list(urls), **{"bind_dn": SERVICE[0], "base_dn": BASE, **parts})
    mapping = [RoleMapping(claim="employeeNumber", value="17", roles=["staff"])]
    body = AuthProviderBody(name="dir", type="ldap", config=config.model_dump(), role_mapping=mapping)
    return AuthProvider("p", 1, body, config, {"bind_password": secret})


async def entered(of: AuthProvider, username: str, password: str) -> ExternalIdentity:
    return await ldap.finish(of, NOWHERE, {}, {"username": username, "password": password})


async def refused(of: AuthProvider, username: str, password: str) -> RocketError:
    with pytest.raises(RocketError) as found:
        await entered(of, username, password)
    assert password not in found.value.message or not password
    return found.value


async def test_a_login_over_each_kind_of_connection(slapd: RunningDirectory) -> None:
    kinds = [provider(slapd.plain), provider(slapd.tls, ca_certificate=slapd.certificate),
             provider(slapd.plain, start_tls=True, ca_certificate=slapd.certificate),
             provider("ldap://localhost:1", slapd.plain)]  # fmt: skip
    for of in kinds:
        identity = await entered(of, "ann", "anns-secret")
        assert identity.subject == f"uid=ann,ou=people,{BASE}" and identity.email == "ann@example.org"
        assert identity.claims["groups"] == ["sales", f"cn=sales,ou=groups,{BASE}"] and not identity.email_verified
        assert identity.claims["employeeNumber"] == ["17"]
        assert [step.ok for step in await ldap.check(of)] == [True, True]
    by_id = provider(slapd.plain, attributes={"id": "entryUUID"}, trust_email=True)
    identity = await entered(by_id, "ann", "anns-secret")
    assert len(identity.subject) == 36 and identity.email_verified


async def test_wrong_names_and_passwords(slapd: RunningDirectory) -> None:
    of = provider(slapd.plain)
    attempts = [
        ("ann", "not-anns"), ("nobody", "anns-secret"), ("*", "anns-secret"), ("a*", "anns-secret"), ("ann", ""),
        ("", "x"),
        ("ann)(uid=*", "anns-secret"), ("ann)(|(uid=*))", "anns-secret"), ("*)(objectClass=*", "anns-secret"),
        ("ann\0", "anns-secret"), ("ann\\2a", "anns-secret"), ("an\\6e", "anns-secret"), ("service", SERVICE[1]),
    ]  # fmt: skip
    for username, password in attempts:
        error = await refused(of, username, password)
        assert (error.code, error.message) == ("UNAUTHORIZED", "Unknown account or wrong password"), username


async def test_odd_names_are_names(slapd: RunningDirectory) -> None:
    identity = await entered(provider(slapd.plain), "a*(b)\\c", "odds-secret")
    assert identity.email == "odd@example.org" and "sales" in identity.claims["groups"]
    several = provider(slapd.plain, user_filter="(|(uid={username})(sn=B))")
    assert (await refused(several, "ann", "anns-secret")).code == "UNAUTHORIZED"


async def test_directories_that_can_not_be_used(slapd: RunningDirectory) -> None:
    cases = {
        "no connection": provider("ldap://localhost:1"),
        "certificate": provider(slapd.tls),
        "the service account is refused": provider(slapd.plain, secret="wrong"),
        "not known": provider("ldaps://nowhere.invalid"),
        "the address 10.0.0.1": provider("ldaps://10.0.0.1"),
        "the address 169.254.169.254": provider("ldaps://169.254.169.254"),
    }
    for why, of in cases.items():
        error = await refused(of, "ann", "anns-secret")
        assert error.code == "PROVIDER_UNAVAILABLE" and why in error.message and "secret" not in error.message
        steps = await ldap.check(of)
        assert [step.ok for step in steps] == [False] and why in str(steps[0].error)
    with pytest.raises(RocketError, match="VALIDATION_FAILED"):
        await ldap.prepare(provider(slapd.plain, secret=""), None)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"urls": ["ldap://ldap.example.org"]}, "urls"),
        ({"urls": ["ldap://127.0.0.1.evil.example"]}, "urls"),
        ({"urls": ["https://ldap.example.org"]}, "urls"),
        ({"urls": ["ldaps://user:secret@ldap.example.org"]}, "urls"),
        ({"urls": []}, "urls"),
        ({"user_filter": "(uid=ann)"}, "user_filter"),
        ({"user_filter": "uid={username}"}, "user_filter"),
        ({"user_filter": "(uid={username}))"}, "user_filter"),
        ({"group_filter": "(cn=all)"}, "group_filter"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_configurations_that_are_refused(parts: dict[str, Any], field: str) -> None:
    whole = {"urls": ["ldaps://ldap.example.org"], "bind_dn": "cn=x", "base_dn": "dc=x", **parts}
    with pytest.raises(RocketError) as found:
        validate(LdapConfig, whole)
    assert str(found.value.details[0]["field"]).startswith(field)


async def test_the_end_of_an_entry_ends_its_sessions(slapd: RunningDirectory) -> None:
    of = provider(slapd.plain)
    there, gone = (ProviderSession("", {"dn": f"uid={name},ou=people,{BASE}"}) for name in ("ann", "nobody"))
    assert await ldap.refresh(of, "s", there) == there
    assert await ldap.refresh(of, "s", gone) is None
    assert await ldap.refresh(provider("ldap://localhost:1"), "s", gone) == gone


async def test_a_directory_that_does_not_answer_is_waited_for_briefly() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        error = await refused(provider(f"ldap://127.0.0.1:{port}"), "ann", "anns-secret")
    assert error.code == "PROVIDER_UNAVAILABLE"
