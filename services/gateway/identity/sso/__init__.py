"""Single sign-on: people who prove to a provider who they are, and are let in here.

A type of provider is one room (`oidc`, `saml`, `ldap`) behind one interface, `provider_types.ProviderType`: begin,
finish, refresh, end, and check. It knows nothing of users; what it gives is an `ExternalIdentity`. `provisioning` is
the one place that turns one into a user (first login, linking, roles by `claims`), `handover` the one that makes a
session of that. `logins` and `logouts` are the operations, `providers` the management; `outbound` makes all requests to
providers, `sealed_state` holds what a browser keeps between begin and finish.
"""
