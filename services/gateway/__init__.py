"""gateway: the only HTTP face. Who are you, may you come in, which service answers.

Owns      identity: users, sessions, invites, API keys (every app database), platform users, what has been
          revoked (platform database); the files' bytes.
Answers   HTTP; over NATS who the users of an app are (`identity.*`).
Lives off announcements of changed apps and users, and the table of what was revoked.
When down nobody gets in; what is under way in the other services goes on. Any number of replicas.

The way of a request: `http.server` (trace, limits, errors) → `routes.ROUTES` (the one table) →
`http.door` (app, token, role) → `http.forwarding` (a contract, asked over NATS) → the answer's bytes.
"""
