"""Whole logins at a SAML identity provider and at a directory: users, roles, replay over gateways, logout, outages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from yarl import URL

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.accounts import code, log_in
from tests.support.client import ADMIN, Client
from tests.support.saml_idp import SSO, SamlIdp, needed
from tests.support.slapd import BASE, SERVICE, RunningDirectory, directory
from tests.support.sso import browsing, exchanged, followed, query_of

PERSON = {"mail": ["ann@example.org"], "eduPersonAffiliation": ["sales"]}
AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"


@dataclass(frozen=True, slots=True)
class Federation:
    """An app with an identity provider."""

    admin: Client
    idp: SamlIdp
    definition: dict[str, Any]

    @property
    def base(self) -> str:
        return f"{self.admin.prefix}/auth/saml/idp"


@pytest.fixture(scope="module")
async def federation(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    needed()
    admin = await client.new_app()
    idp = SamlIdp(tmp_path_factory.mktemp("idp"))
    body = {
        "name": "idp", "type": "saml", "config": {"idp_metadata": idp.metadata(), "trust_email": True},
        "jit": {"enabled": True}, "role_mapping": [{"claim": AFFILIATION, "value": "sales", "roles": ["sales"]}],
    }  # fmt: skip
    made = (await admin.post("/_admin/auth-providers", body)).expect(201).data
    async with admin.session.get(f"{admin.url}{admin.prefix}/auth/saml/idp/metadata") as answer:
        assert answer.status == 200
        idp.trust(await answer.text())
    return Federation(admin, idp, made)


async def begun(browser: aiohttp.ClientSession, place: Federation, url: str = "") -> tuple[str, dict[str, str]]:
    """Where a login leads to, and the cookie that it leaves (which is for https, or a browser on this machine)."""
    start = f"{url or place.admin.url}{place.base}/start?redirect_to=/admin/login"
    async with browser.get(start, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        cookie = answer.headers["Set-Cookie"]
        assert "SameSite=None; Secure" in cookie and "HttpOnly" in cookie
        name, _, value = cookie.partition(";")[0].partition("=")
        return answer.headers["Location"], {name: value}


async def answered(place: Federation, form: dict[str, str], cookie: dict[str, str], url: str = "") -> tuple[int, str]:
    """What comes of the form of the identity provider: status, and where it leads to."""
    jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookie.items())}
    target = f"{url or place.admin.url}{place.base}/acs"
    async with place.admin.session.post(target, data=form, headers=jar, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def entered(place: Federation, name: str = "ann") -> tuple[Client, dict[str, Any]]:
    async with browsing() as browser:
        url, cookie = await begun(browser, place)
    _, back = await answered(place, place.idp.answer(url, name, PERSON), cookie)
    tokens = (await exchanged(place.admin, query_of(back)["code"])).expect(200).data
    return place.admin.with_token(tokens["access_token"]), tokens


async def test_a_saml_login_is_good_once_at_one_gateway(federation: Federation, stack: Stack) -> None:
    first, second = stack.gateway_urls
    async with browsing() as browser:
        url, cookie = await begun(browser, federation, first)
        assert url.startswith(SSO)
        form = federation.idp.answer(url, "ann", PERSON)
        assert (await answered(federation, form, {}, second))[0] == 401  # another browser
        # Two gateways have two addresses here, and only one is the recipient.
        status, back = await answered(federation, form, cookie, first)
        tokens = (await exchanged(federation.admin, query_of(back)["code"])).expect(200).data
        assert status == 302 and tokens["user"]["roles"] == ["sales"] and tokens["user"]["email"] == "ann@example.org"
        for gateway in (first, second):
            assert (await answered(federation, form, cookie, gateway))[0] == 401
        # The same assertion in another login of the same browser.
        url, other = await begun(browser, federation, first)
        replayed = {**form, "RelayState": query_of(url)["RelayState"]}
        assert query_of((await answered(federation, replayed, other))[1])["error"] == "PROVIDER_REFUSED"
    caller = federation.admin.with_token(tokens["access_token"])
    assert (await caller.get("/auth/me")).data["via"] == "saml:idp"
    tested = (await federation.admin.post(f"/_admin/auth-providers/{federation.definition['id']}/test")).expect(200)
    assert tested.data["ok"] and tested.data["last_login"]["claims"][AFFILIATION] == ["sales"]


async def test_saml_logouts_from_both_sides(federation: Federation, stack: Stack) -> None:
    admin, idp = federation.admin, federation.idp
    ann, tokens = await entered(federation)
    body = {"refresh_token": tokens["refresh_token"]}
    url = (await admin.with_token("").post("/auth/logout", body)).expect(200).data["logout_url"]
    async with browsing() as browser:
        home = await followed(browser, idp.logout_of(url))
        assert home.endswith(f"/admin/login?app={admin.prefix[5:]}")
        ann, tokens = await entered(federation)
        notice = idp.logout("ann")
        answer = await followed(browser, notice)
        assert answer.startswith("https://idp.example/slo?SAMLResponse=") and "Signature=" in answer
        async with browser.get(URL(notice, encoded=True), allow_redirects=False) as again:
            assert again.status == 401
    for gateway in stack.gateway_urls:
        await eventually(lambda: _refused(ann.at(gateway)))  # noqa: B023


async def test_assertions_that_must_be_encrypted(federation: Federation) -> None:
    path = f"/_admin/auth-providers/{federation.definition['id']}"
    config = {**federation.definition["config"], "want_encrypted": True}
    (await federation.admin.put(path, {**federation.definition, "config": config})).expect(200)
    async with browsing() as browser:
        url, cookie = await begun(browser, federation)
        plain = await answered(federation, federation.idp.answer(url, "ann", PERSON), cookie)
        assert query_of(plain[1])["error"] == "PROVIDER_REFUSED"
    (await federation.admin.put(path, federation.definition)).expect(200)


@pytest.fixture(scope="module")
async def slapd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningDirectory]:
    async with directory(tmp_path_factory.mktemp("slapd")) as running:
        yield running


async def test_a_directory_login(admin: Client, slapd: RunningDirectory) -> None:
    config = {"urls": [slapd.tls], "ca_certificate": slapd.certificate, "bind_dn": SERVICE[0],
              "bind_password": SERVICE[1], "base_dn": BASE, "trust_email": True}  # fmt: skip
    body = {"name": "staff", "type": "ldap", "config": config, "jit": {"enabled": True},
            "role_mapping": [{"claim": "groups", "value": "sales", "roles": ["sales"]}]}  # fmt: skip
    made = (await admin.post("/_admin/auth-providers", body)).expect(201).data
    assert made["config"]["bind_password"] == "***" and SERVICE[1] not in str(made)
    nobody, path = admin.with_token(""), "/auth/ldap/staff/login"
    (method,) = (await nobody.get("/auth/providers")).data
    assert method["start_url"] == f"{admin.prefix}{path}"
    entered_as = {"username": "ann", "password": "anns-secret"}
    data = (await nobody.post(path, entered_as)).expect(200).data
    assert data["user"]["roles"] == ["sales"]
    ann = admin.with_token(data["access_token"])
    assert (await ann.get("/auth/me")).data["via"] == "ldap:staff"
    (await nobody.post("/auth/refresh", {"refresh_token": data["refresh_token"]})).expect(200)
    for wrong in (
        {**entered_as, "password": ""},
        {**entered_as, "password": "x"},
        {"username": "*", "password": "x"},
        {},
    ):
        assert (await nobody.post(path, wrong)).expect(401).code == "UNAUTHORIZED"
    # Sent back as it was answered, the secret stays; the mask alone is none.
    (await admin.put(f"/_admin/auth-providers/{made['id']}", made)).expect(200)
    (await nobody.post(path, entered_as)).expect(200)
    (await admin.post("/_admin/auth-providers", {**made, "name": "copy"})).expect(422)
    # A second factor here is asked for, too.
    own = {"email": "ann@example.org", "password": "local-secret", "roles": ["sales"]}
    (await admin.put(f"/_admin/users/{data['user']['id']}", own)).expect(200)
    again = admin.with_token((await nobody.post(path, entered_as)).data["access_token"])
    secret = (await again.post("/auth/totp/enroll", {"password": "local-secret"})).expect(201).data["secret"]
    (await again.post("/auth/totp/confirm", {"totp": code(secret)})).expect(200)
    assert (await nobody.post(path, entered_as)).expect(401).code == "TOTP_REQUIRED"
    (await nobody.post(path, {**entered_as, "totp": code(secret, 1)})).expect(200)
    for _ in range(30):
        if (await nobody.post(path, {"username": "bob", "password": "x"})).status == 429:
            break
    else:
        pytest.fail("guesses are not throttled")
    slapd.stop()
    away = (await nobody.post(path, {**entered_as, "username": "zoe"})).expect(503)
    assert away.code == "PROVIDER_UNAVAILABLE" and "staff" in str(away.body)
    (await log_in(admin, *ADMIN)).expect(200)


async def _refused(caller: Client) -> bool:
    return (await caller.get("/auth/me")).status == 401
