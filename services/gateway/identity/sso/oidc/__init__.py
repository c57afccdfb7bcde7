"""OpenID Connect: the authorization code flow with PKCE, and logout from either side."""
