"""How long requests take, by area and class of status, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from libs.shared.telemetry.metrics import Histogram, metrics

AREAS = {
    "_admin": "admin", "auth": "auth", "_files": "files", "_workflows": "workflows", "_events": "events",
    "_notifications": "notifications", "_commits": "records", "_imports": "imports", "{entity}": "records",
}  # fmt: skip
"""The part of a path behind the app → its area; other parts are `app`."""
APP = "/api/{app}/"
LIVE = ("_live", "_export")
"""The ends of paths whose responses take as long as they are read."""


def template_of(path: str) -> str:
    """The path of a route without the patterns of its parts: `/api/{app}/{entity}/{id}`."""
    parts = (part.partition(":")[0] + "}" if ":" in part and part.startswith("{") else part for part in path.split("/"))
    return "/".join(parts)


def area_of(path: str) -> str:
    """The area of a route, by its template. There are few, so that few series are kept."""
    if path.endswith(LIVE):
        return "live"
    if path.startswith(APP):
        return AREAS.get(path.removeprefix(APP).partition("/")[0], "app")
    return "platform" if path.startswith("/api/_platform") else "other"


def observer(path: str) -> Callable[[int, int], None]:
    """Takes the status of a response to a route, named by its template, and the nanoseconds until it."""
    area = area_of(path)
    known: dict[int, Histogram] = {}

    def observe(status: int, nanoseconds: int) -> None:
        kind = status // 100
        histogram = known.get(kind)
        if histogram is None:
            histogram = known[kind] = metrics.histogram("rocket_http_request_seconds", area=area, status=f"{kind}xx")
        histogram.observe(nanoseconds / 1e9)

    return observe
