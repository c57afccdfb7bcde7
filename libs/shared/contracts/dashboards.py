"""Dashboards, as their viewers ask for them. `query` is the URL's query as pairs, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.records import MOMENTS, Pairs
from libs.shared.parameters import taking


@dataclass(frozen=True, slots=True)
class ListDashboards(Request[Response]):
    """The dashboards for the caller's roles, without their widgets."""

    service, name = "data", "dashboards.list"


@dataclass(frozen=True, slots=True)
class GetDashboard(Request[Response]):
    """One of these dashboards."""

    service, name = "data", "dashboards.get"
    id: str


@dataclass(frozen=True, slots=True)
class GetDashboardData(Request[Response]):
    """The data of its widgets, with the caller's rights and of one moment: widget, from, to, as_of in `query`."""

    service, name = "data", "dashboards.data"
    parameters = taking("widget", "from", "to", *MOMENTS)
    id: str
    query: Pairs = field(default_factory=list)
