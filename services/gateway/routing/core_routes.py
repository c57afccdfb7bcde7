"""The core routes, by method and path: they ignore query parameters that they do not know. All others refuse them."""

from __future__ import annotations

from itertools import product

P = "/api/_platform"
A = "/api/{app}"
RECORDS = A + "/{entity:[A-Za-z][A-Za-z0-9_]*}"
ADMIN = A + "/_admin"
ACCOUNTS = ("/auth/login", "/auth/refresh", "/auth/logout")

CORE = frozenset(
    {
        ("GET", "/health"),
        *product(["POST"], [base + path for base in (P, A) for path in ACCOUNTS]),
        ("POST", A + "/auth/accept-invite"),
        *product(["GET", "POST"], [P + "/apps"]),
        *product(["GET", "DELETE"], [P + "/apps/{app_name}"]),
        *product(["GET", "POST"], [ADMIN + "/users", ADMIN + "/invites", ADMIN + "/{kind}"]),
        *product(["GET", "PUT", "DELETE"], [ADMIN + "/users/{id}", ADMIN + "/{kind}/{id}"]),
        *product(["GET", "DELETE"], [ADMIN + "/invites/{id}"]),
        ("POST", ADMIN + "/invites/bulk"),
        *product(["GET"], [ADMIN + "/webhooks", ADMIN + "/webhooks/{id}", ADMIN + "/webhook-logs"]),
        ("GET", ADMIN + "/webhook-logs/{id}"),
        ("POST", ADMIN + "/webhook-logs/{id}/retry"),
        ("GET", ADMIN + "/export"),
        ("POST", ADMIN + "/import"),
        *product(["GET", "POST"], [RECORDS, A + "/_events"]),
        *product(["GET", "PUT", "DELETE"], [RECORDS + "/{id}"]),
        ("GET", A + "/docs"),  # the list of an entity of this name
        ("POST", A + "/_files/upload"),
        ("GET", A + "/_files"),
        *product(["GET", "HEAD", "DELETE"], [A + "/_files/{id}"]),
        ("GET", A + "/_events/trace/{trace_id}"),
        ("GET", A + "/_events/stats"),
        ("GET", A + "/_workflows/pending"),
        *product(["GET", "DELETE"], [A + "/_workflows/{id}"]),
        *product(["POST"], [A + "/_workflows/{id}/approve", A + "/_workflows/{id}/reject"]),
    }
)
