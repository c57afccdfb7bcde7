"""What an identity provider says of itself: its metadata, or the same in parts."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography import x509
from pydantic_core import PydanticCustomError

from libs.shared.contracts.auth_providers import SamlConfig, secure_url
from libs.shared.errors import invalid_field
from services.gateway.identity.sso.saml.documents import REDIRECT, BadDocument, found, parsed, text_of

ARMOUR = re.compile(r"-----(BEGIN|END) CERTIFICATE-----|\s")
IDP = "//md:EntityDescriptor[md:IDPSSODescriptor]"


@dataclass(frozen=True, slots=True)
class IdpDescription:
    """An identity provider. `certificates` are PEM bodies in one line, any of which may sign."""

    entity_id: str
    sso_url: str
    slo_url: str | None
    slo_answer_url: str | None
    certificates: tuple[str, ...]


def described(config: SamlConfig) -> IdpDescription:
    """The identity provider of a configuration. Raises VALIDATION_FAILED, naming what can't be used."""
    if config.idp_metadata is not None:
        try:
            return _from_metadata(config.idp_metadata)
        except BadDocument as error:
            raise invalid_field("config.idp_metadata", f"config.idp_metadata can't be used: {error}") from None
    try:
        certificates = tuple(_certificate(text) for text in config.certificates or ())
    except BadDocument as error:
        raise invalid_field("config.certificates", f"config.certificates can't be used: {error}") from None
    return IdpDescription(config.entity_id or "", config.sso_url or "", config.slo_url, config.slo_url, certificates)


def _from_metadata(text: str) -> IdpDescription:
    root = parsed(text.encode())
    entities = found(root, IDP) or ([root] if found(root, "self::md:EntityDescriptor/md:IDPSSODescriptor") else [])
    if len(entities) != 1:
        raise BadDocument(f"it describes {len(entities)} identity providers, and must describe one")
    (entity,) = entities
    sso = _location(entity, "SingleSignOnService", "Location")
    if sso is None:
        raise BadDocument("it has no SingleSignOnService with the binding HTTP-Redirect")
    keys = found(entity, "md:IDPSSODescriptor/md:KeyDescriptor[not(@use) or @use='signing']//ds:X509Certificate")
    if not keys:
        raise BadDocument("it has no certificate that signs")
    slo = _location(entity, "SingleLogoutService", "Location")
    answers = _location(entity, "SingleLogoutService", "ResponseLocation") or slo
    return IdpDescription(entity.get("entityID", ""), sso, slo, answers, tuple(_certificate(text_of(k)) for k in keys))


def _location(entity: object, service: str, attribute: str) -> str | None:
    path = f"md:IDPSSODescriptor/md:{service}[@Binding='{REDIRECT}']/@{attribute}"
    urls = found(entity, path)
    try:
        return secure_url(str(urls[0])) if urls else None
    except PydanticCustomError:
        raise BadDocument(f"the {service} is no https URL") from None


def _certificate(text: str) -> str:
    body = ARMOUR.sub("", text)
    try:
        x509.load_der_x509_certificate(base64.b64decode(body, validate=True))
    except (ValueError, binascii.Error):
        raise BadDocument("a certificate is no X.509 in PEM") from None
    return body
