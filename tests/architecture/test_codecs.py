"""Values of records are read and written by libs.shared.exact alone: any other JSON reader loses digits."""

from __future__ import annotations

from tests.architecture.tree import files, imported, name, parse

OWN = {
    "libs/shared/exact.py": "the codec itself",
    "libs/shared/bus/codec.py": "heads of messages: seconds and counts",
    "libs/shared/bus/nats/jetstream.py": "NATS's own answers",
    "libs/shared/bus/rpc/micro_service.py": "NATS's own answers",
    "libs/shared/bus/nats/nkeys.py": "tokens",
    "libs/shared/bus/consumers/dead_letters.py": "headers",
    "libs/shared/bus/consumers/pull.py": "NATS's own questions",
    "libs/shared/bus/rpc/signed_contexts.py": "who asks, and until when",
    "libs/shared/contracts/context.py": "who asks, and until when",
    "libs/shared/errors.py": "refusals",
    "libs/shared/replays/endpoints.py": "how far a replay is",
    "libs/shared/replays/store.py": "how far a replay is",
    "libs/shared/replays/worker.py": "how far a replay is",
    "libs/shared/runtime/idempotency.py": "headers",
    "libs/shared/telemetry/shipping.py": "spans",
    "services/data/query/cursors.py": "texts",
    "services/data/request/execution.py": "plans of PostgreSQL",
    "services/events/rows.py": "spans",
    "services/events/store.py": "JSON that PostgreSQL wrote, handed on unread",
    "services/metadata/import_export/samples.py": "what ids are made of, and JSON that is handed on unread",
}
"""Modules with a JSON library of their own, and what they use it for: never values of records."""
IDENTITY = ("services/gateway/identity/", "services/gateway/live/", "services/gateway/http/")
"""Users, sessions, keys, tickets and answers about them: no values of records either."""
FOREIGN = {
    "libs/shared/bodies.py",
}
"""Readers of what callers send."""


def test_no_other_module_uses_a_json_library() -> None:
    found = {name(path) for path in files("libs", "services") if imported(parse(path)) & {"json", "orjson"}}
    astray = {path for path in found if path not in OWN and path not in FOREIGN and not path.startswith(IDENTITY)}
    assert not astray, f"these must read and write by libs.shared.exact: {sorted(astray)}"
    assert set(OWN) <= found, f"these use none any more: {sorted(set(OWN) - found)}"
