"""Bodies about single sign-on: providers of identities, their configurations, and the ends of logins."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from libs.shared.contracts.accounts import LoginText, RefreshBody
from libs.shared.contracts.bodies import MAX_ROLES, RequestBody, Roles, no_nul, refusal

PROVIDER_TYPES = ("oidc", "saml", "ldap")
ProviderTypeName = Literal["oidc", "saml", "ldap"]
PROVIDER_NAME = r"[a-z][a-z0-9-]{0,62}"
SECRET_MASK = "***"
"""What answers show of a secret; sent back, it keeps the secret."""
MAX_MAPPINGS = 200
MAX_URL_CHARACTERS = 2_000
MAX_METADATA_CHARACTERS = 500_000
MAX_CLAIMS_CHARACTERS = 200_000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
RESERVED_PARAMETERS = frozenset(
    {
        *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "request", "request_uri", "claims", "iss"),
    }
)
"""Parameters of an authorization request that only the gateway sets."""


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine, as text; what is connected to is checked by the address guard."""
    return urlsplit(url).hostname in LOOPBACK


def secure_url(text: str) -> str:
    """An https URL, or one of this machine. Raises a refusal."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        fits = fits and bool(parts.hostname) and parts.username is None and not parts.fragment and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not text.isprintable() or " " in text:
        raise refusal("url", "must be a URL that begins with https:// (http:// only for this machine)")
    return text


def _issuer(text: str) -> str:
    if urlsplit(secure_url(text)).query:
        raise refusal("url", "must have no query")
    return text


def _server_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("ldap", "ldaps") and bool(parts.hostname) and parts.port != 0
        fits = fits and not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    except ValueError:
        fits = False
    if not fits:
        raise refusal("url", "must be ldaps://host:port or ldap://host:port")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(PROVIDER_NAME, text):
        raise refusal("pattern", "must be 1 to 63 of a-z, 0-9 and -, beginning with a letter: it stands in URLs")
    return text


def _domain(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", text.lower()) or len(text) > 253:
        raise refusal("domain", "must be a domain such as example.com")
    return text.lower()


def _extra(values: dict[str, str]) -> dict[str, str]:
    if taken := sorted(RESERVED_PARAMETERS & values.keys()):
        raise refusal("reserved", f"must not hold {taken[0]}, which the gateway sets")
    return values


def _filter(text: str) -> str:
    if text.count("(") != text.count(")") or not (text.startswith("(") and text.endswith(")")):
        raise refusal("filter", "must be an LDAP filter in balanced parentheses")
    return text


Line = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(no_nul)]
SecretText = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(no_nul)]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]
SecureUrl = Annotated[str, Field(max_length=MAX_URL_CHARACTERS), AfterValidator(secure_url)]
Certificate = Annotated[str, Field(min_length=1, max_length=20_000)]
Attribute = Annotated[str, Field(pattern=r"^[A-Za-z0-9;.-]{1,100}$")]


class OidcConfig(RequestBody):
    """An OpenID Connect provider. Everything else is read from its discovery document."""

    issuer: Annotated[str, Field(max_length=MAX_URL_CHARACTERS), AfterValidator(_issuer)]
    client_id: Line
    client_secret: SecretText | None = None
    scopes: Annotated[list[Scope], Field(max_length=50)] = Field(["openid", "profile", "email"])
    extra_params: Annotated[dict[Line, Line], Field(max_length=20), AfterValidator(_extra)] = Field({})
    trust_email: bool = Field(False, description="true: its addresses count as verified without email_verified")

    @model_validator(mode="after")
    def asks_for_an_identity(self) -> Self:
        """Refuse scopes without openid: the provider would send no ID token."""
        if "openid" not in self.scopes:
            raise refusal("required", "must hold openid", "scopes")
        return self


class SamlConfig(RequestBody):
    """A SAML 2.0 identity provider: its metadata as XML, or its parts."""

    idp_metadata: Annotated[str, Field(min_length=1, max_length=MAX_METADATA_CHARACTERS)] | None = None
    entity_id: Line | None = None
    sso_url: SecureUrl | None = None
    slo_url: SecureUrl | None = None
    certificates: Annotated[list[Certificate], Field(max_length=10)] | None = None
    sign_requests: bool = True
    want_encrypted: bool = False
    name_id_format: Line | None = None
    allow_idp_initiated: bool = False
    trust_email: bool = False

    @model_validator(mode="after")
    def is_one_or_the_other(self) -> Self:
        """Refuse metadata beside its parts, and parts that leave something out."""
        parts = {name: getattr(self, name) for name in ("entity_id", "sso_url", "certificates")}
        if self.idp_metadata is not None:
            for name in (*parts, "slo_url"):
                if getattr(self, name) is not None:
                    raise refusal("either", "must not stand beside idp_metadata, which holds it", name)
            return self
        for name, value in parts.items():
            if not value:
                raise refusal("required", "is required without idp_metadata", name)
        return self


class LdapAttributes(RequestBody):
    """The attributes of a user's entry."""

    email: Attribute = "mail"
    name: Attribute | None = None
    id: Attribute | None = Field(None, description="what identifies the user for ever; without it the DN does")


class LdapConfig(RequestBody):
    """A directory: where users are found, and how they prove who they are."""

    urls: Annotated[
        list[Annotated[str, Field(max_length=300), AfterValidator(_server_url)]], Field(min_length=1, max_length=5)
    ]
    start_tls: bool = False
    ca_certificate: Certificate | None = None
    bind_dn: Line
    bind_password: SecretText | None = None
    base_dn: Line
    user_filter: Annotated[Line, AfterValidator(_filter)] = "(uid={username})"
    group_base_dn: Line | None = None
    group_filter: Annotated[Line, AfterValidator(_filter)] = "(member={dn})"
    attributes: LdapAttributes = LdapAttributes()
    trust_email: bool = False

    @model_validator(mode="after")
    def speaks_encrypted(self) -> Self:
        """Refuse plain LDAP beyond this machine, and filters that ask for nobody."""
        for url in self.urls:
            if url.startswith("ldap://") and not self.start_tls and not is_loopback(url):
                raise refusal(
                    "plain", "must be ldaps://, or use start_tls: passwords would travel in plain text", "urls"
                )
        if "{username}" not in self.user_filter:
            raise refusal("placeholder", "must hold {username}", "user_filter")
        if "{dn}" not in self.group_filter and "{username}" not in self.group_filter:
            raise refusal("placeholder", "must hold {dn} or {username}", "group_filter")
        return self


CONFIGS: dict[str, type[RequestBody]] = {"oidc": OidcConfig, "saml": SamlConfig, "ldap": LdapConfig}
"""The model of `config` by type."""
SECRETS = {"oidc": ("client_secret",), "saml": (), "ldap": ("bind_password",)}
"""The keys of `config` that are written only."""


class JitSettings(RequestBody):
    """Whether somebody who is unknown here becomes a user at their first login, and with which roles."""

    enabled: bool = False
    default_roles: Roles = Field([])


class RoleMapping(RequestBody):
    """Roles for everybody whose claim has a value; a `*` at the end stands for any rest."""

    claim: Line
    value: Line
    roles: Annotated[Roles, Field(min_length=1)]


class AuthProviderBody(RequestBody):
    """A provider of identities. A row as GET answers it can be sent back."""

    name: Annotated[str, Field(pattern=f"^{PROVIDER_NAME}$"), AfterValidator(_name)]
    type: ProviderTypeName
    label: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(no_nul)] | None = None
    active: bool = True
    config: dict[str, Any]
    jit: JitSettings = JitSettings()
    role_mapping: Annotated[list[RoleMapping], Field(max_length=MAX_MAPPINGS)] = Field([])
    sync_roles: Literal["first", "always"] = "always"
    link: Literal["verified_email", "never"] = "never"
    allowed_domains: Annotated[list[Annotated[str, AfterValidator(_domain)]], Field(max_length=100)] | None = None
    id: Any = Field(None, description="Not read")
    created_at: Any = Field(None, description="Not read")
    updated_at: Any = Field(None, description="Not read")
    endpoints: Any = Field(None, description="Not read")


class MappingTrialBody(RequestBody):
    """Claims as a provider sends them, and the mapping to try on them."""

    claims: dict[str, Any]
    role_mapping: Annotated[list[RoleMapping], Field(max_length=MAX_MAPPINGS)]
    default_roles: Roles = Field([], max_length=MAX_ROLES)


class SsoExchangeBody(RequestBody):
    """The code that a login ended with, and the verifier whose SHA-256 the login began with, if it did."""

    code: LoginText = ""
    verifier: LoginText = ""


class LdapLoginBody(RequestBody):
    """A name and password of the directory, and a code where the user has a second factor here."""

    username: LoginText = ""
    password: LoginText = ""
    totp: LoginText = ""


class LogoutBody(RefreshBody):
    """The refresh token of the session to end, and where the provider's logout leads back to."""

    model_config = ConfigDict(extra="ignore")

    redirect_to: LoginText = ""
