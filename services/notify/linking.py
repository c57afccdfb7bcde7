"""Addresses of screens, for links in notifications. Pure."""

from __future__ import annotations

from urllib.parse import quote


def links_of(
    public_url: str, app: str, entity: str | None, record_id: str | None, instance_id: str | None = None
) -> dict[str, str]:
    """The links of a notification, absolute where Rocket's own address is known: its record, its approval."""
    base = f"{public_url.rstrip('/')}/admin/{quote(app, safe='')}"
    links = {}
    if entity and record_id and not entity.startswith("_"):
        links["record"] = f"{base}/records/{quote(entity, safe='')}/{quote(record_id, safe='')}"
    if instance_id:
        links["approval"] = f"{base}/instances/{quote(instance_id, safe='')}"
    return links
