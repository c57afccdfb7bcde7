"""The workflows of all apps: as they are, and as they were when a commit was made.

A commit starts the workflows of its schema version; so what it starts does not depend on when it is handled, but for
workflows that have been deleted meanwhile.
"""

from __future__ import annotations

from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef
from libs.shared.snapshots.cache import Schemas
from libs.shared.snapshots.versions import Versions, documents_then
from services.workflow.triggers import Workflows, compiled, compiled_past


class Definitions(Versions[Workflows]):
    """The workflows that a process works with."""

    def __init__(self, schemas: Schemas, rpc: RpcClient) -> None:
        async def past(app: AppRef, version: int, today: Workflows) -> Workflows:
            return compiled_past(version, await documents_then(rpc, app, "workflows", version), today)

        super().__init__(schemas, compiled, past)
