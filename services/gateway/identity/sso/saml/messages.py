"""Messages of single logout, in redirects and forms: who has sent them, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from services.gateway.identity.sso.saml import toolkit
from services.gateway.identity.sso.saml.descriptions import IdpDescription
from services.gateway.identity.sso.saml.documents import BadDocument, decoded, found, inflated, parsed, text_of

MAX_AGE_S = 600.0
LEEWAY_S = 60.0
SIGNED = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")


@dataclass(frozen=True, slots=True)
class LogoutMessage:
    """A request to end sessions, or (`is_answer`) the answer to ours."""

    id: str
    name_id: str
    session_index: str
    is_answer: bool


def read(idp: IdpDescription, slo_url: str, sent: Mapping[str, str], now: float) -> LogoutMessage:
    """The message that a browser brings, signed by the identity provider. Raises BadDocument."""
    kind = "SAMLRequest" if "SAMLRequest" in sent else "SAMLResponse"
    expected = "LogoutRequest" if kind == "SAMLRequest" else "LogoutResponse"
    if sent.get("query_string"):
        pairs = [part.partition("=") for part in sent["query_string"].split("&")]
        parts = [(name, value) for name, _, value in pairs if name in SIGNED]
        toolkit.check_signed_query(idp, parts)
        root = parsed(inflated(decoded(unquote_plus(dict(parts).get(kind, "")))))
    else:
        root = parsed(decoded(sent.get(kind, "")))
        toolkit.check_signed_message(idp, root, expected)
    if not root.tag.endswith("}" + expected):
        raise BadDocument("it is no message of a logout")
    _check(root, idp, slo_url, now)
    names, indexes = found(root, "saml:NameID"), found(root, "samlp:SessionIndex")
    if expected == "LogoutRequest" and len(names) != 1:
        raise BadDocument("it names nobody")
    name = text_of(names[0]) if names else ""
    index = text_of(indexes[0]) if len(indexes) == 1 else ""
    return LogoutMessage(root.get("ID", ""), name, index, expected == "LogoutResponse")


def _check(root: Any, idp: IdpDescription, slo_url: str, now: float) -> None:
    issuers = [text_of(each) for each in found(root, "saml:Issuer")]
    if issuers != [idp.entity_id]:
        raise BadDocument("it is of another issuer")
    if root.get("Destination") not in (None, slo_url):
        raise BadDocument("it is for another destination")
    if not root.get("ID"):
        raise BadDocument("it has no ID")
    issued, until = _moment(root.get("IssueInstant")), root.get("NotOnOrAfter")
    if not now - MAX_AGE_S < issued < now + LEEWAY_S or (until and _moment(until) <= now - LEEWAY_S):
        raise BadDocument("it is not of this moment: are the clocks right?")


def _moment(text: str | None) -> float:
    try:
        return float(Utils.parse_SAML_to_time(text or ""))
    except (ValueError, AttributeError):
        raise BadDocument("it has no time that can be read") from None
