"""Permissions that are not saved yet."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.contracts.permissions import CheckedPolicies, CheckPolicies
from libs.shared.errors import RocketError
from services.metadata.checking.documents import stored, unwrapped
from services.metadata.checking.parsing import parse
from services.metadata.checking.reference_errors import check_references
from services.metadata.handlers.replies import kind_named
from services.metadata.model.schema import LiveSchema
from services.metadata.state import State
from services.metadata.store import definitions

PERMISSIONS = kind_named("permissions")


async def check_policies(state: State, context: Context, request: CheckPolicies) -> CheckedPolicies:
    schema = LiveSchema.of(await definitions.list_shapes(state.core.databases.of(context.the_app)))
    return CheckedPolicies([_checked(schema, n, document) for n, document in enumerate(request.permissions)])


def _checked(schema: LiveSchema, number: int, sent: dict[str, Any]) -> dict[str, Any]:
    """A permission as it would be stored. Raises VALIDATION_FAILED, naming its place in the list."""
    document = unwrapped(PERMISSIONS, sent)
    try:
        policy = parse(PERMISSIONS, document)
        check_references(PERMISSIONS, policy, schema)
    except RocketError as refusal:
        path = f"permissions.{number}"
        details = [
            {**detail, "field": ".".join(filter(None, (path, str(detail.get("field", "")))))}
            for detail in refusal.details
        ]
        raise RocketError(refusal.code, f"{path}: {refusal.message}", details) from None
    return stored(PERMISSIONS, document, policy)
