"""Gateway: the only HTTP server. It authenticates callers, limits them, and forwards requests to services.

Owns      identity: users, sessions, invites, API keys (every app database), platform users, what has been
          revoked (platform database); the files' bytes.
Answers   HTTP; over NATS who the users of an app are (`identity.*`).
Consumes  announcements of changed apps and users, and the table of revocations.
Down      no request is answered; work under way in the other services goes on. Any number of replicas.

The way of a request: `http/server.py` (trace, route, errors) → `http/authentication.py` (app, token, role, rates) →
`http/forwarding.py` (a contract, sent over NATS) → the response's bytes. Requests that the gateway handles itself go
to the handler that `routes.py` names, with their body parsed by the model named there (`http/handlers.py`).

The way of a login: `routes.py` → `http/realm_handlers.py` (the realm: an app, or the platform) → `identity/login.py` →
`identity/login_throttle.py` → `identity/passwords.py` → `identity/factors.py` → `identity/sessions.py` →
`identity/tokens.py`. Changes of accounts add their audit entry in `identity/audit.py`.

The way of a login at a provider: `http/sso.py` (redirects, cookies) → `identity/sso/logins.py` (begun and resumed) →
the type of the provider (`identity/sso/oidc`, `saml`, `ldap`) → `identity/sso/provisioning.py` (the user) →
`identity/sso/handover.py` (the code, and the session).

The way of an import: `http/imports.py` stores the file and has data make a job; `imports/worker.py` claims jobs, and
`imports/job_run.py` reads the file and sends batch after batch to data, in the name of the job's owner.
"""
