"""A real SAML identity provider: pysaml2's server, answering in process. It signs with Debian's xmlsec1."""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from saml2 import BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import create_metadata_string
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server

from libs.shared import clock
from services.gateway.identity.sso.saml import own_keys

ENTITY = "https://idp.example/metadata"
SSO, SLO = "https://idp.example/sso", "https://idp.example/slo"
AUTHN = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": ENTITY}
XMLSEC1 = shutil.which("xmlsec1")


def needed() -> None:
    """Skip, and say so, where xmlsec1 is absent; where it is wanted, that is a failure."""
    if XMLSEC1 is None:
        if os.environ.get("ROCKET_REQUIRE_BROWSER"):
            pytest.fail("xmlsec1 is needed: apt-get install xmlsec1")
        pytest.skip("no xmlsec1 is installed: apt-get install xmlsec1")


@dataclass(slots=True)
class SamlIdp:
    """The identity provider; `server` knows us once our metadata are in."""

    folder: Path
    server: Any = None

    def settings(self, sp_metadata: str | None = None) -> dict[str, Any]:
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        if not key.exists():
            made = own_keys.made(clock.now())
            key.write_text(made["private_key"])
            certificate.write_text(made["certificate"])
        endpoints = {
            "single_sign_on_service": [(SSO, BINDING_HTTP_REDIRECT)],
            "single_logout_service": [(SLO, BINDING_HTTP_REDIRECT)],
        }
        policy = {
            "default": {"lifetime": {"minutes": 5}, "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"}
        }
        return {
            "entityid": ENTITY,
            "service": {"idp": {"endpoints": endpoints, "policy": policy, "want_authn_requests_signed": True}},
            "key_file": str(key),
            "cert_file": str(certificate),
            "encryption_keypairs": [{"key_file": str(key), "cert_file": str(certificate)}],
            "xmlsec_binary": XMLSEC1,
            "metadata": {"inline": [sp_metadata]} if sp_metadata else {},
        }

    def metadata(self) -> str:
        """What an admin pastes into our configuration."""
        text: bytes = create_metadata_string(None, IdPConfig().load(self.settings()))
        return text.decode()

    def trust(self, sp_metadata: str) -> None:
        """Take our metadata in."""
        self.server = Server(config=IdPConfig().load(self.settings(sp_metadata)))

    def answer(self, url: str, name: str, person: dict[str, Any]) -> dict[str, str]:
        """The form that the browser is given for an AuthnRequest, whose signature is checked."""
        query = parse_qs(urlsplit(url).query)
        request = self.server.parse_authn_request(query["SAMLRequest"][0], BINDING_HTTP_REDIRECT,
            relay_state=query["RelayState"][0], sigalg=query["SigAlg"][0], signature=query["Signature"][0])  # fmt: skip
        message = request.message
        response = self.server.create_authn_response(
            person,
            in_response_to=message.id,
            destination=message.assertion_consumer_service_url,
            sp_entity_id=message.issuer.text,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=name),
            authn=AUTHN,
            sign_assertion=True,
            sign_response=False,
            sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
        )
        text = base64.b64encode(str(response).encode()).decode()
        return {"SAMLResponse": text, "RelayState": query["RelayState"][0]}

    def logout_of(self, url: str) -> str:
        """Where the browser goes to after a LogoutRequest of ours, which is checked."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        request = self.server.parse_logout_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT,
            relay_state=query["RelayState"], sigalg=query["SigAlg"], signature=query["Signature"])  # fmt: skip
        response = self.server.create_logout_response(request.message, [BINDING_HTTP_REDIRECT], sign=False)
        answer = self.server.apply_binding(
            BINDING_HTTP_REDIRECT, str(response), self._slo(), query["RelayState"], response=True,
            sign=True, sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        )  # fmt: skip
        return str(dict(answer["headers"])["Location"])

    def logout(self, name: str) -> str:
        """The URL by which the identity provider has the browser tell us of a logout."""
        _, request = self.server.create_logout_request(
            self._slo(), ENTITY, name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=name), sign=False,
        )  # fmt: skip
        went = self.server.apply_binding(
            BINDING_HTTP_REDIRECT, str(request), self._slo(), "back", response=False,
            sign=True, sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        )  # fmt: skip
        return str(dict(went["headers"])["Location"])

    def _slo(self) -> str:
        (sp,) = self.server.metadata.with_descriptor("spsso")
        found = self.server.metadata.single_logout_service(sp, BINDING_HTTP_REDIRECT, "spsso")
        return str(found[0]["location"])
