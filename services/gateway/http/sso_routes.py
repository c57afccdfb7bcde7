"""The routes of single sign-on, which an app and the platform have alike."""

from __future__ import annotations

from libs.shared.contracts import auth_providers
from libs.shared.parameters import FREE
from services.gateway.http import sso
from services.gateway.http.sso import in_sso
from services.gateway.identity.sso import handover, providers
from services.gateway.routing.route import Access, Local, Route


def login_routes(base: str) -> tuple[Route, ...]:
    """The logins at providers of an app, or of the platform."""
    oidc, saml = base + "/auth/oidc/{provider}", base + "/auth/saml/{provider}"
    return (
        Route("GET", base + "/auth/providers", in_sso(providers.list_login_methods), Access.PUBLIC),
        Route(
            "POST",
            base + "/auth/sso/exchange",
            in_sso(handover.exchange, auth_providers.SsoExchangeBody),
            Access.PUBLIC,
        ),
        Route("GET", oidc + "/start", sso.start("oidc"), Access.PUBLIC),
        Route("GET", oidc + "/callback", sso.finish("oidc"), Access.PUBLIC),
        Route("POST", oidc + "/backchannel-logout", Local(sso.backchannel_logout), Access.PUBLIC),
        Route("GET", saml + "/metadata", Local(sso.saml_metadata), Access.PUBLIC),
        Route("GET", saml + "/start", sso.start("saml"), Access.PUBLIC),
        Route("POST", saml + "/acs", sso.finish("saml"), Access.PUBLIC),
        Route("GET", saml + "/slo", Local(sso.saml_logout, FREE), Access.PUBLIC),
        Route("POST", saml + "/slo", Local(sso.saml_logout, FREE), Access.PUBLIC),
        Route(
            "POST",
            base + "/auth/ldap/{provider}/login",
            Local(sso.ldap_login, body=auth_providers.LdapLoginBody),
            Access.PUBLIC,
        ),
    )


def provider_routes(path: str, access: Access) -> tuple[Route, ...]:
    """The management of providers."""
    body = auth_providers.AuthProviderBody
    return (
        Route("GET", path, in_sso(providers.list_providers), access),
        Route("POST", path, in_sso(providers.create_provider, body), access),
        Route(
            "POST",
            path + "/try-mapping",
            in_sso(providers.try_mapping, auth_providers.MappingTrialBody),
            access,
            reads=True,
        ),
        Route("GET", path + "/{id}", in_sso(providers.get_provider), access),
        Route("PUT", path + "/{id}", in_sso(providers.replace_provider, body), access),
        Route("DELETE", path + "/{id}", in_sso(providers.delete_provider), access),
        Route("POST", path + "/{id}/test", in_sso(providers.test_provider), access),
    )
