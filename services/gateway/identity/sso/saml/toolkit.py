"""The one adapter of python3-saml: its settings hardened, its answers checked once more. Blocking: for threads only.

The library verifies signatures and most conditions. What it leaves open is checked here on the very assertion that was
verified: there is exactly one in the document, its signature refers to it, and its recipient, audience and InResponseTo
are there and exactly ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import xmlsec
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from libs.shared.contracts.auth_providers import SamlConfig
from services.gateway.identity.sso.external import Endpoints
from services.gateway.identity.sso.saml.descriptions import IdpDescription
from services.gateway.identity.sso.saml.documents import BadDocument, decoded, found, parsed, text_of

CLOCK_SKEW_S = 60
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ASSERTIONS = "//*[local-name()='Assertion' or local-name()='EncryptedAssertion']"


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """What an assertion says that was verified. `expires` is the Unix time until which it could be sent again."""

    id: str
    name_id: str
    name_id_format: str
    in_response_to: str | None
    session_index: str | None
    expires: float
    attributes: dict[str, list[str]] = field(repr=False)
    name_qualifiers: dict[str, str] = field(default_factory=dict)


def settings_of(config: SamlConfig, idp: IdpDescription, secrets: Any, endpoints: Endpoints) -> OneLogin_Saml2_Settings:
    """The library's settings, as strict as they can be."""
    sp = {
        "entityId": endpoints.at("metadata"),
        "assertionConsumerService": {"url": endpoints.at("acs"), "binding": Constants.BINDING_HTTP_POST},
        "singleLogoutService": {"url": endpoints.at("slo"), "binding": Constants.BINDING_HTTP_REDIRECT},
        "NameIDFormat": config.name_id_format or Constants.NAMEID_UNSPECIFIED,
        "x509cert": secrets["certificate"],
        "privateKey": secrets["private_key"],
    }
    of_idp = {
        "entityId": idp.entity_id,
        "singleSignOnService": {"url": idp.sso_url, "binding": Constants.BINDING_HTTP_REDIRECT},
        "x509certMulti": {"signing": list(idp.certificates)},
    }
    if idp.slo_url is not None:
        of_idp["singleLogoutService"] = {
            "url": idp.slo_url, "responseUrl": idp.slo_answer_url, "binding": Constants.BINDING_HTTP_REDIRECT,
        }  # fmt: skip
    security = {
        "authnRequestsSigned": config.sign_requests,
        "logoutRequestSigned": True,
        "logoutResponseSigned": True,
        "wantAssertionsSigned": True,
        "wantAssertionsEncrypted": config.want_encrypted,
        "wantNameId": True,
        "wantAttributeStatement": False,
        "allowRepeatAttributeName": True,
        "requestedAuthnContext": False,
        "rejectDeprecatedAlgorithm": True,
        "signatureAlgorithm": Constants.RSA_SHA256,
        "digestAlgorithm": Constants.SHA256,
    }
    whole = {"strict": True, "debug": False, "sp": sp, "idp": of_idp, "security": security}
    try:
        return OneLogin_Saml2_Settings(whole)
    except OneLogin_Saml2_Error as error:
        raise BadDocument(f"the library refuses the settings ({error})") from None


def metadata(settings: OneLogin_Saml2_Settings) -> bytes:
    """Our metadata."""
    text = settings.get_sp_metadata()
    return text if isinstance(text, bytes) else text.encode()


def login_url(settings: OneLogin_Saml2_Settings, endpoints: Endpoints, state: str) -> tuple[str, str]:
    """Where the browser goes to log in, and the id of the request."""
    auth = OneLogin_Saml2_Auth(_request(endpoints.at("acs")), settings)
    url = auth.login(return_to=state)
    return str(url), str(auth.get_last_request_id())


def logout_url(settings: OneLogin_Saml2_Settings, endpoints: Endpoints, data: Any) -> str:
    """Where the browser goes to log out."""
    auth = OneLogin_Saml2_Auth(_request(endpoints.at("slo")), settings)
    return str(
        auth.logout(
            return_to=endpoints.home,
            name_id=data.get("name_id"),
            session_index=data.get("session_index") or None,
            name_id_format=data.get("name_id_format") or None,
            nq=data.get("nq") or None,
            spnq=data.get("spnq") or None,
        )
    )


def logout_answer(settings: OneLogin_Saml2_Settings, request_id: str, relay_state: str | None) -> str:
    """Where the browser goes to tell the identity provider that its logout was heeded."""
    response = OneLogin_Saml2_Logout_Response(settings)
    response.build(request_id)
    sent = {"SAMLResponse": response.get_response()} | ({"RelayState": relay_state} if relay_state else {})
    auth = OneLogin_Saml2_Auth(_request(settings.get_sp_data()["singleLogoutService"]["url"]), settings)
    auth.add_response_signature(sent, Constants.RSA_SHA256)
    return str(auth.redirect_to(settings.get_idp_slo_response_url(), sent))


def verified(settings: OneLogin_Saml2_Settings, endpoints: Endpoints, text: str, now: float) -> VerifiedAssertion:
    """The assertion of a response, if everything about it holds. Raises BadDocument."""
    # Parsed by our own limits first: the library has none.
    _check_shape(parsed(decoded(text)))
    acs = endpoints.at("acs")
    try:
        response = OneLogin_Saml2_Response(settings, text)
        response.is_valid(_request(acs), raise_exceptions=True)
        return _read(response, settings, acs, now)
    except BadDocument:
        raise
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        # The library's texts quote what was sent; its codes do not.
        raise BadDocument(_reason(error)) from None
    except (xmlsec.Error, ValueError, KeyError, TypeError, AttributeError, IndexError, LookupError):
        raise BadDocument("it can't be decrypted or read") from None


def check_signed_query(idp: IdpDescription, parts: list[tuple[str, str]]) -> None:
    """That the identity provider has signed a redirect: the raw parts of its query. Raises BadDocument."""
    values = dict(parts)
    if len(values) != len(parts):
        raise BadDocument("a parameter is there twice")
    kind = "SAMLRequest" if "SAMLRequest" in values else "SAMLResponse"
    signed = "&".join(f"{name}={values[name]}" for name in (kind, "RelayState", "SigAlg") if name in values)
    algorithm = unquote_plus(values.get("SigAlg", ""))
    if algorithm not in SIGNATURES:
        raise BadDocument("it is not signed, or by a method that is out of date")
    signature = decoded(unquote_plus(values.get("Signature", "")))
    for certificate in idp.certificates:
        if Utils.validate_binary_sign(signed, signature, Utils.format_cert(certificate), algorithm):
            return
    raise BadDocument("the signature is not the identity provider's")


def check_signed_message(idp: IdpDescription, root: Any, kind: str) -> None:
    """That the identity provider has signed a posted message as a whole. Raises BadDocument."""
    signatures = found(root, "//ds:Signature")
    if len(signatures) != 1 or signatures[0].getparent() is not root or not _refers_to(signatures[0], root):
        raise BadDocument("it is not signed as a whole")
    if not _is_current(signatures[0]):
        raise BadDocument("it is signed by a method that is out of date")
    path = f"/samlp:{kind}/ds:Signature"
    certificates = [Utils.format_cert(certificate) for certificate in idp.certificates]
    if not Utils.validate_sign(root, xpath=path, multicerts=certificates):
        raise BadDocument("the signature is not the identity provider's")


def _check_shape(root: Any) -> None:
    """Exactly one assertion, right below the response: nothing can be wrapped around or beside it."""
    assertions = found(root, ASSERTIONS)
    if not root.tag.endswith("}Response") or len(assertions) != 1 or assertions[0].getparent() is not root:
        raise BadDocument("it is no response with exactly one assertion")
    identifiers = found(root, "//@ID")
    if len(set(identifiers)) != len(identifiers):
        raise BadDocument("two elements have one ID")


def _read(
    response: OneLogin_Saml2_Response, settings: OneLogin_Saml2_Settings, acs: str, now: float
) -> VerifiedAssertion:
    root = response.get_xml_document()
    _check_shape(root)
    (assertion,) = found(root, "//saml:Assertion")
    signatures = found(assertion, "ds:Signature")
    if len(signatures) != 1 or not _refers_to(signatures[0], assertion):
        raise BadDocument("the assertion is not signed as a whole")
    audiences = {text_of(each) for each in found(assertion, "saml:Conditions/saml:AudienceRestriction/saml:Audience")}
    if settings.get_sp_data()["entityId"] not in audiences:
        raise BadDocument("it is for another audience")
    name_id = response.get_nameid_data()
    in_response_to, expires = _confirmed(root, assertion, acs, now)
    qualifiers = {"nq": name_id.get("NameQualifier"), "spnq": name_id.get("SPNameQualifier")}
    return VerifiedAssertion(
        assertion.get("ID", ""),
        str(name_id["Value"]),
        str(name_id.get("Format") or ""),
        in_response_to,
        response.get_session_index(),
        expires,
        _attributes(response),
        {name: value for name, value in qualifiers.items() if value},
    )


def _confirmed(root: Any, assertion: Any, acs: str, now: float) -> tuple[str | None, float]:
    """InResponseTo, and until when, by a confirmation whose recipient is exactly ours."""
    answers = root.get("InResponseTo")
    path = f"saml:Subject/saml:SubjectConfirmation[@Method='{BEARER}']/saml:SubjectConfirmationData"
    for data in found(assertion, path):
        until = data.get("NotOnOrAfter")
        if data.get("Recipient") != acs or until is None or data.get("InResponseTo") != answers:
            continue
        expires = float(Utils.parse_SAML_to_time(until))
        if expires > now - CLOCK_SKEW_S:
            return answers, expires + 2 * CLOCK_SKEW_S
    raise BadDocument("it is for another recipient, or has expired")


def _attributes(response: OneLogin_Saml2_Response) -> dict[str, list[str]]:
    whole = {**response.get_friendlyname_attributes(), **response.get_attributes()}
    return {str(name): [value for value in values if isinstance(value, str)] for name, values in whole.items() if name}


def _refers_to(signature: Any, element: Any) -> bool:
    references = found(signature, "ds:SignedInfo/ds:Reference")
    return len(references) == 1 and bool(element.get("ID")) and references[0].get("URI") == f"#{element.get('ID')}"


def _is_current(signature: Any) -> bool:
    methods = found(signature, "ds:SignedInfo/ds:SignatureMethod/@Algorithm")
    digests = found(signature, "ds:SignedInfo/ds:Reference/ds:DigestMethod/@Algorithm")
    return not set(map(str, [*methods, *digests])) & set(Constants.DEPRECATED_ALGORITHMS)


def _request(url: str) -> dict[str, Any]:
    """A request as the library knows them: only for our own URL, which must be the destination."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return {"https": "on" if scheme == "https" else "off", "http_host": host, "script_name": f"/{path}",
            "get_data": {}, "post_data": {}}  # fmt: skip


def _reason(error: Exception) -> str:
    codes = {value: name for name, value in vars(OneLogin_Saml2_ValidationError).items() if name.isupper()}
    code = codes.get(getattr(error, "code", None), "")
    return code.lower().replace("_", " ") or "it can't be believed"


SIGNATURES = frozenset({Constants.RSA_SHA256, Constants.RSA_SHA384, Constants.RSA_SHA512})
