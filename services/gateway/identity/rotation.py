"""Rotates signing keys: a new generation signs at once; the former ones stay valid for `overlap` seconds."""

from __future__ import annotations

from typing import Any

import orjson

from libs.shared.contracts.accounts import KeyRotationBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.identity import SigningKeysChanged
from libs.shared.contracts.messages import Response
from services.gateway.identity import audit
from services.gateway.identity.keyring import FIRST_KEY_NUMBER, key_id
from services.gateway.identity.realms import Realm

# The first generation has no row until it is followed by another.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('gateway.signing_keys/' || $1, 0))"
PRESENT = "SELECT coalesce(max(generation), $2) FROM gateway.signing_keys WHERE scope = $1"
KEEP_PRESENT = "INSERT INTO gateway.signing_keys (scope, generation) VALUES ($1, $2) ON CONFLICT DO NOTHING"
RETIRE = """
UPDATE gateway.signing_keys SET changed_at = clock_timestamp(),
    good_until = least(coalesce(good_until, 'infinity'), now() + $2 * interval '1 second')
WHERE scope = $1
"""
ADD = "INSERT INTO gateway.signing_keys (scope, generation) VALUES ($1, $2)"
# Numbers are never reused: the present generation stays, and so do valid former ones.
PRUNE = "DELETE FROM gateway.signing_keys WHERE scope = $1 AND good_until < now() - interval '1 day'"
LIST = """
SELECT generation, created_at, good_until FROM gateway.signing_keys WHERE scope = $1 ORDER BY generation DESC
"""


async def list_keys(realm: Realm, context: Context) -> Response:
    """The generations of the key that signs access tokens, without the keys themselves."""
    rows = await realm.accounts.databases.platform.fetch(LIST, realm.scope)
    generations = [_to_dict(realm, row["generation"], row["created_at"], row["good_until"]) for row in rows]
    return Response(body=orjson.dumps({"data": generations or [_to_dict(realm, FIRST_KEY_NUMBER, None, None)]}))


async def rotate(realm: Realm, context: Context, body: KeyRotationBody) -> Response:
    """Sign access tokens with a new key; tokens of former keys stay valid for `overlap` seconds."""
    async with realm.accounts.databases.platform.transaction() as transaction:
        await transaction.execute(ALONE, realm.scope)
        present: int = await transaction.fetchval(PRESENT, realm.scope, FIRST_KEY_NUMBER)
        await transaction.execute(KEEP_PRESENT, realm.scope, present)
        await transaction.execute(RETIRE, realm.scope, body.overlap)
        await transaction.execute(ADD, realm.scope, present + 1)
        await transaction.execute(PRUNE, realm.scope)
    await realm.accounts.revocations.look()
    await realm.accounts.connection.announce(SigningKeysChanged(realm.scope))
    async with audit.change(realm, context) as change:
        after = {"generation": present + 1, "overlap": body.overlap}
        await change.record("_signing_keys", realm.scope, "update", {"generation": present}, after)
    data = {"generation": present + 1, "kid": key_id(realm.scope, present + 1), "overlap": body.overlap}
    return Response(201, orjson.dumps({"data": data}))


def _to_dict(realm: Realm, generation: int, created_at: Any, good_until: Any) -> dict[str, Any]:
    return {
        "generation": generation,
        "kid": key_id(realm.scope, generation),
        "created_at": created_at,
        "good_until": good_until,
        "signs": good_until is None,
    }
