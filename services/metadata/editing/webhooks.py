"""What is particular to webhooks: whoever makes one is shown the secret that its requests are signed with."""

from __future__ import annotations

from libs.shared.schema.webhook_secrets import shown_secret, signing_key
from services.metadata.editing.hooks import Hooks
from services.metadata.store.definitions import Definition


class WebhookHooks(Hooks):
    """The webhook service derives the same secret; it is stored nowhere."""

    beside = ("secret", "circuit", "failing_since", "next_try_at", "last_error")

    def secret(self, platform_secret: str, app_id: str, row: Definition) -> dict[str, str]:
        return {"secret": shown_secret(signing_key(platform_secret, app_id, row.id))}
