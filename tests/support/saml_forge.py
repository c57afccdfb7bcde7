"""SAML responses as attacks need them: written by hand, signed by the identity provider or by anybody."""

from __future__ import annotations

import base64
import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import xmlsec
from lxml import etree

from libs.shared import clock
from services.gateway.identity.sso.saml import own_keys

IDP = "https://idp.example/metadata"
NS = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"

RESPONSE = """<samlp:Response xmlns:samlp="{samlp}" xmlns:saml="{saml}" ID="r1" Version="2.0" IssueInstant="{now}"
 Destination="{acs}"{answers}><saml:Issuer>{issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
<saml:Assertion ID="{id}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="{format}">{name}</saml:NameID>
<saml:SubjectConfirmation Method="{method}"><saml:SubjectConfirmationData{answers}{recipient}{until}/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{before}" NotOnOrAfter="{end}">{audience}</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="s1"><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>{mail}</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="groups"><saml:AttributeValue>sales</saml:AttributeValue>
<saml:AttributeValue>staff</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
</saml:Assertion></samlp:Response>"""


@dataclass(slots=True)
class Forger:
    """Writes responses for a service provider with these URLs."""

    sp: str
    acs: str
    request_id: str | None
    keys: dict[str, str] = field(default_factory=lambda: own_keys.made(clock.now()))

    def response(self, **parts: Any) -> Any:
        """A response that is not signed; parts may be others, or None to leave them out."""
        now = parts.get("now") or datetime.now(UTC)
        answers = parts.get("answers", self.request_id)
        audience, recipient = parts.get("audience", self.sp), parts.get("recipient", self.acs)
        until = parts.get("until", _moment(now + timedelta(minutes=5)))
        text = RESPONSE.format(
            samlp=NS["samlp"], saml=NS["saml"], now=_moment(now), acs=parts.get("destination", self.acs),
            answers=f' InResponseTo="{answers}"' if answers else "", issuer=parts.get("issuer", IDP),
            status=parts.get("status", SUCCESS), id=parts.get("id", "a1"), format=parts.get("format", PERSISTENT),
            name=parts.get("name", "ann"), method=parts.get("method", BEARER),
            recipient=f' Recipient="{recipient}"' if recipient else "",
            until=f' NotOnOrAfter="{until}"' if until else "", before=_moment(now - timedelta(minutes=5)),
            end=_moment(now + timedelta(minutes=5)), mail=parts.get("mail", "ann@example.org"),
            audience=f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
            if audience else "",
        )  # fmt: skip
        return etree.fromstring(text.encode())

    def signed(self, root: Any, path: str = ".//saml:Assertion", **how: Any) -> Any:
        """The document with an element signed, by the identity provider or by other `keys`."""
        element = root if path == "." else root.find(path, NS)
        keys = how.get("keys", self.keys)
        method, digest = how.get("methods", (xmlsec.Transform.RSA_SHA256, xmlsec.Transform.SHA256))
        signature = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, method, ns="ds")
        element.insert(1, signature)
        reference = xmlsec.template.add_reference(signature, digest, uri=how.get("uri", f"#{element.get('ID')}"))
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(keys["private_key"], xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_memory(keys["certificate"], xmlsec.KeyFormat.PEM)
        context.sign(signature)
        return root

    def good(self, **parts: Any) -> Any:
        """A response with a signed assertion."""
        return self.signed(self.response(**parts))


def sent(root: Any) -> str:
    """A document as a form carries it."""
    return base64.b64encode(etree.tostring(root)).decode()


def evil_twin(assertion: Any, name: str = "root", **attributes: str) -> Any:
    """A copy of an assertion, without its signature, of somebody else."""
    twin = copy.deepcopy(assertion)
    for signature in twin.findall("ds:Signature", NS):
        twin.remove(signature)
    twin.find(".//saml:NameID", NS).text = name
    twin.set("ID", attributes.get("id", "evil"))
    return twin


def wrapped(root: Any) -> dict[str, Any]:
    """The eight known forms of signature wrapping (Somorovsky et al., "On Breaking SAML", 2012), by their names."""
    forms: dict[str, Any] = {}
    for number in range(1, 9):
        document = copy.deepcopy(root)
        assertion = document.find("saml:Assertion", NS)
        signature = assertion.find("ds:Signature", NS)
        twin = evil_twin(assertion)
        if number in (1, 2):
            # The whole response is wrapped: its original below the evil one, or beside the signature.
            evil = copy.deepcopy(document)
            evil.set("ID", "evil-response")
            evil.replace(evil.find("saml:Assertion", NS), twin)
            if number == 1:
                twin.insert(1, copy.deepcopy(signature))
                twin.find("ds:Signature", NS).append(copy.deepcopy(document))
            else:
                evil.insert(1, copy.deepcopy(document))
            document = evil
        elif number == 3:
            document.insert(0, twin)
        elif number == 4:
            document.replace(assertion, twin)
            twin.append(assertion)
        elif number == 5:
            document.replace(assertion, twin)
            assertion.remove(signature)
            twin.insert(1, signature)
            document.append(assertion)
        elif number == 6:
            document.replace(assertion, twin)
            assertion.remove(signature)
            twin.insert(1, signature)
            signature.append(assertion)
        elif number == 7:
            extensions = etree.Element(f"{{{NS['samlp']}}}Extensions")
            extensions.append(assertion)
            document.insert(1, extensions)
            document.append(twin)
        else:
            document.replace(assertion, twin)
            assertion.remove(signature)
            twin.insert(1, signature)
            holder = etree.SubElement(signature, f"{{{NS['ds']}}}Object")
            holder.append(assertion)
        forms[f"form {number}"] = document
    same_id = copy.deepcopy(root)
    same_id.append(evil_twin(same_id.find("saml:Assertion", NS), id="a1"))
    return {**forms, "one ID twice": same_id}


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
