"""Users, passwords, tokens and sessions, of the platform and of every app. It knows no routes and no state above it.

`realms` holds the resources of all operations. Operations take `(realm, context, …)` and the parsed body: `login`,
`sessions`, `own_account`, `factors`, `resets`, `users`, `invites`, `api_keys`, `rotation`. Below them: `audit` (changes
and their audit entries), `reauthentication`, `login_throttle` with its policy, `credentials` (what requests are
authenticated by), `tokens`, `keyring`, `revocations`, `passwords`, `totp`, `store` (SQL).
`sso` is the room of logins at providers, and stands on all of it.
"""
