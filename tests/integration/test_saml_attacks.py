"""SAML responses and logouts that must not be believed, and those that must."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
import xmlsec
from lxml import etree

from libs.shared import clock
from libs.shared.contracts.auth_providers import AuthProviderBody, SamlConfig
from libs.shared.errors import RocketError
from services.gateway.identity.sso.external import AuthProvider, Endpoints, ExternalIdentity
from services.gateway.identity.sso.saml import own_keys
from services.gateway.identity.sso.saml.provider import SamlServiceProvider
from services.gateway.identity.sso.threads import Threads
from tests.support.saml_forge import IDP, NS, Forger, sent, wrapped

BASE = "https://rocket.example/api/shop/auth/saml/idp"
ENDPOINTS = Endpoints(BASE, "https://rocket.example/admin/login?app=shop")
FOREIGN = own_keys.made(clock.now())
IDP_KEYS = own_keys.made(clock.now())
SP_KEYS = own_keys.made(clock.now())
saml = SamlServiceProvider(Threads("saml", 2, 50, 9.0))


def provider(**parts: Any) -> AuthProvider:
    config = SamlConfig(
        entity_id=IDP, sso_url="https://idp.example/sso", slo_url="https://idp.example/slo",
        certificates=[IDP_KEYS["certificate"]], **parts,
    )  # fmt: skip
    body = AuthProviderBody(name="idp", type="saml", config=config.model_dump())
    return AuthProvider(repr(sorted(parts.items())), 1, body, config, SP_KEYS)


async def begun(of: AuthProvider | None = None) -> tuple[Forger, dict[str, str]]:
    """A login that has begun, and who answers it."""
    start = await saml.begin(of or provider(), ENDPOINTS, "a-state")
    return Forger(f"{BASE}/metadata", f"{BASE}/acs", start.kept["request_id"], IDP_KEYS), start.kept


async def finished(root: Any, kept: dict[str, str], of: AuthProvider | None = None) -> ExternalIdentity:
    text = root if isinstance(root, str) else sent(root)
    return await saml.finish(of or provider(), ENDPOINTS, kept, {"SAMLResponse": text})


async def test_a_good_response_is_an_identity() -> None:
    forger, kept = await begun()
    identity = await finished(forger.good(), kept)
    assert (identity.subject, identity.email, identity.email_verified) == ("ann", "ann@example.org", False)
    assert identity.claims["groups"] == ["sales", "staff"] and identity.session.sid == "s1"
    ((key, until),) = identity.once.items()
    assert key.endswith("/a1") and until > clock.unix() + 200
    both = forger.signed(forger.good(), ".")
    assert (await finished(both, kept)).subject == "ann"
    trusting = provider(trust_email=True)
    assert (await finished(forger.good(), kept, trusting)).email_verified


async def test_comments_do_not_cut_a_name() -> None:
    forger, kept = await begun()
    root = forger.good(name="root@example.org.evil.example")
    text = etree.tostring(root).replace(b"root@example.org.evil", b"root@example.org<!-- -->.evil")
    identity = await finished(base64.b64encode(text).decode(), kept)
    assert identity.subject == "root@example.org.evil.example"


@pytest.mark.parametrize("form", [*(f"form {n}" for n in range(1, 9)), "one ID twice"])
async def test_signature_wrapping(form: str) -> None:
    forger, kept = await begun()
    for root in (forger.good(), forger.signed(forger.good(), ".")):
        with pytest.raises(RocketError, match="PROVIDER_REFUSED"):
            await finished(wrapped(root)[form], kept)


def _past(**how: Any) -> str:
    return (datetime.now(UTC) - timedelta(**how)).strftime("%Y-%m-%dT%H:%M:%SZ")


CHANGED: dict[str, dict[str, Any]] = {
    "another audience": {"audience": "https://other.example"},
    "no audience": {"audience": None},
    "another recipient": {"recipient": "https://other.example/acs"},
    "a recipient that contains ours": {"recipient": f"https://evil.example/?{BASE}/acs"},
    "no recipient": {"recipient": None},
    "another destination": {"destination": "https://other.example/acs"},
    "another request": {"answers": "_another"},
    "no request": {"answers": None},
    "another issuer": {"issuer": "https://evil.example"},
    "expired": {"until": _past(minutes=5)},
    "never expiring": {"until": None},
    "old": {"now": datetime.now(UTC) - timedelta(hours=1)},
    "of tomorrow": {"now": datetime.now(UTC) + timedelta(days=1)},
    "not a bearer": {"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"},
    "a failure": {"status": "urn:oasis:names:tc:SAML:2.0:status:Requester"},
    "a transient name": {"format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
    "no name": {"name": ""},
}


@pytest.mark.parametrize("what", CHANGED)
async def test_signed_responses_for_others(what: str) -> None:
    forger, kept = await begun()
    with pytest.raises(RocketError) as refused:
        await finished(forger.good(**CHANGED[what]), kept)
    assert refused.value.code == "PROVIDER_REFUSED" and "ann@example" not in refused.value.message


async def test_responses_that_are_not_signed_as_they_must_be() -> None:
    forger, kept = await begun()
    sha1 = (xmlsec.Transform.RSA_SHA1, xmlsec.Transform.SHA1)
    tampered = forger.good()
    tampered.find(".//saml:NameID", NS).text = "root"
    attacks = {
        "unsigned": forger.response(),
        "only the response": forger.signed(forger.response(), "."),
        "a foreign key": forger.signed(forger.response(), keys=FOREIGN),
        "SHA-1": forger.signed(forger.response(), methods=sha1),
        "changed": tampered,
        "a signature of the whole document": forger.signed(forger.response(), uri=""),
        "nothing": "",
        "no Base64": "%%%",
        "no XML": base64.b64encode(b"<a>").decode(),
        "too large": base64.b64encode(b"<a>" + b"x" * 600_000 + b"</a>").decode(),
        "an assertion alone": forger.good().find("saml:Assertion", NS),
    }
    for name, root in attacks.items():
        with pytest.raises(RocketError) as refused:
            await finished(root, kept)
        assert refused.value.code == "PROVIDER_REFUSED", name


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        "<!DOCTYPE r []>",
    ],
)
async def test_document_types_are_refused(head: str) -> None:
    forger, kept = await begun()
    text = head.encode() + etree.tostring(forger.good()).replace(
        b">ann<", b">ann&x;<" if "ENTITY x" in head else b">ann<"
    )
    with pytest.raises(RocketError) as refused:
        await finished(base64.b64encode(text).decode(), kept)
    assert refused.value.code == "PROVIDER_REFUSED" and "root:" not in refused.value.message
    config = SamlConfig(idp_metadata=f"{head}<a/>")
    with pytest.raises(RocketError, match="VALIDATION_FAILED"):
        await saml.prepare(replace(provider(), config=config), None)


async def test_encrypted_assertions() -> None:
    encrypting = provider(want_encrypted=True)
    forger, kept = await begun(encrypting)
    with pytest.raises(RocketError, match="PROVIDER_REFUSED"):
        await finished(forger.good(), kept, encrypting)
    identity = await finished(_encrypted(forger.good(), SP_KEYS), kept, encrypting)
    assert identity.subject == "ann"
    for root in (_encrypted(forger.good(), FOREIGN), _encrypted(forger.response(), SP_KEYS)):
        with pytest.raises(RocketError, match="PROVIDER_REFUSED"):
            await finished(root, kept, encrypting)


async def test_logins_begun_at_the_provider_only_where_that_is_allowed() -> None:
    forger, kept = await begun()
    unasked = forger.good(answers=None)
    with pytest.raises(RocketError):
        await finished(unasked, kept)
    assert (await finished(unasked, {})).subject == "ann"
    with pytest.raises(RocketError):
        await finished(forger.good(), {})


def _logout(**parts: str) -> bytes:
    text = f"""<samlp:LogoutRequest xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="{parts.get("id", "l1")}"
     Version="2.0" IssueInstant="{parts.get("at", _past(seconds=1))}" Destination="{parts.get("to", f"{BASE}/slo")}">
    <saml:Issuer>{parts.get("issuer", IDP)}</saml:Issuer><saml:NameID>ann</saml:NameID>
    <samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>"""
    return text.encode()


def _redirected(message: bytes, keys: dict[str, str] | None = IDP_KEYS) -> dict[str, str]:
    packed = zlib.compress(message)[2:-4]
    query = f"SAMLRequest={quote_plus(base64.b64encode(packed).decode())}&RelayState=back"
    if keys is not None:
        algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
        query += f"&SigAlg={quote_plus(algorithm)}"
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(keys["private_key"], xmlsec.KeyFormat.PEM)
        signature = context.sign_binary(query.encode(), xmlsec.Transform.RSA_SHA256)
        query += f"&Signature={quote_plus(base64.b64encode(signature).decode())}"
    values = {name: found[0] for name, found in parse_qs(query).items()}
    return {**values, "query_string": query}


async def test_logouts_of_the_identity_provider() -> None:
    heard = await saml.notice(provider(), ENDPOINTS, _redirected(_logout()))
    assert (heard.subject, heard.sid) == ("ann", "s1") and list(heard.once) == ["message/l1"]
    answer = parse_qs(urlsplit(heard.answer).query)
    assert (
        heard.answer.startswith("https://idp.example/slo?")
        and answer["RelayState"] == ["back"]
        and "Signature" in answer
    )
    forger = Forger("", "", None, IDP_KEYS)
    posted = sent(forger.signed(etree.fromstring(_logout()), "."))
    assert (await saml.notice(provider(), ENDPOINTS, {"SAMLRequest": posted})).subject == "ann"
    good = _redirected(_logout())
    swapped = good["query_string"].replace("RelayState=back", "RelayState=elsewhere")
    foreign = sent(forger.signed(etree.fromstring(_logout()), ".", keys=FOREIGN))
    bomb = base64.b64encode(zlib.compress(b" " * 50_000_000)[2:-4]).decode()
    attacks: list[dict[str, str]] = [
        _redirected(_logout(), None), _redirected(_logout(), FOREIGN), _redirected(_logout(issuer="https://evil.example")),
        _redirected(_logout(at=_past(hours=1))), _redirected(_logout(to="https://other.example/slo")),
        {**good, "query_string": swapped}, {"SAMLRequest": sent(etree.fromstring(_logout()))}, {"SAMLRequest": foreign},
        {"query_string": f"SAMLRequest={quote_plus(bomb)}"}, {"query_string": "SAMLRequest=x"}, {},
        {**good, "query_string": good["query_string"] + "&SAMLRequest=x"},
    ]  # fmt: skip
    for attack in attacks:
        with pytest.raises(RocketError, match="PROVIDER_REFUSED"):
            await saml.notice(provider(), ENDPOINTS, attack)


async def test_metadata_and_requests() -> None:
    of = provider(name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    own = etree.fromstring(await saml.metadata(of, ENDPOINTS))
    assert own.get("entityID") == f"{BASE}/metadata" and f"{BASE}/acs" in etree.tostring(own).decode()
    begun_at = await saml.begin(of, ENDPOINTS, "a-state")
    query = parse_qs(urlsplit(begun_at.url).query)
    assert query["RelayState"] == ["a-state"] and query["SigAlg"][0].endswith("rsa-sha256")
    made = await saml.prepare(of, None)
    assert set(made) == {"private_key", "certificate"} and await saml.prepare(of, of) == SP_KEYS
    assert [step.ok for step in await saml.check(of)] == [True, True]


def _encrypted(root: Any, keys: dict[str, str]) -> Any:
    """The document with its assertion encrypted for somebody."""
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(keys["certificate"], xmlsec.KeyFormat.CERT_PEM))
    assertion = root.find("saml:Assertion", NS)
    holder = etree.Element(f"{{{NS['saml']}}}EncryptedAssertion", nsmap={"saml": NS["saml"]})
    root.replace(assertion, holder)
    holder.append(assertion)
    template = xmlsec.template.encrypted_data_create(
        holder, xmlsec.Transform.AES256, type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(template, assertion)
    return root
