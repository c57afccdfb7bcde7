"""The endpoints of dashboards. Who may not see a dashboard is told that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts import dashboards as contracts
from libs.shared.contracts.context import Identity
from libs.shared.contracts.messages import Response
from libs.shared.contracts.workflow_reads import GetWorkflowKpis
from libs.shared.errors import RocketError, not_found
from libs.shared.nearest import unknown
from libs.shared.schema.dashboards import Dashboard, KpiQuery, Widget
from services.data.dashboards.kpis import kpi_rows
from services.data.dashboards.parameters import AskedTime, Window
from services.data.dashboards.running import Board, Result, failed, shown_results
from services.data.query.scope import refused
from services.data.request.context import RequestContext
from services.data.request.moments import moment_of, time_of
from services.data.request.schema_fence import under_schema

NO_PAST = RocketError("INVALID_PAYLOAD", "Figures about workflows are not kept for past moments")


@under_schema
async def list_dashboards(ctx: RequestContext, request: contracts.ListDashboards) -> Response:
    shown = [{key: row[key] for key in ("id", "name", "description", "roles")} for row in _for(ctx)]
    return Response(body=exact.dumps({"data": shown}))


@under_schema
async def get_dashboard(ctx: RequestContext, request: contracts.GetDashboard) -> Response:
    return Response(body=exact.dumps({"data": _one(ctx, request.id)}))


@under_schema
async def get_dashboard_data(ctx: RequestContext, request: contracts.GetDashboardData) -> Response:
    widgets = _chosen(Dashboard.stored(_one(ctx, request.id)).widgets, dict(request.query).get("widget"))
    as_of = await moment_of(ctx, request.query)
    asked = AskedTime(time_of(request.query, "from"), time_of(request.query, "to"), clock.now())
    database = ctx.database
    async with database.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        results = await Board(ctx, connection, asked, as_of).results(widgets)
    results |= await _workflow_figures(ctx, widgets, asked, as_of)
    data = {"widgets": shown_results(widgets, results), "as_of": as_of if as_of is not None else clock.iso(asked.now)}
    return Response(body=exact.dumps({"data": data}))


def _for(ctx: RequestContext) -> Iterable[Mapping[str, Any]]:
    """The dashboards that the caller may see, by name."""
    rows = ctx.model.schema.documents.get("dashboards", ())
    return sorted((row for row in rows if _may_see(ctx.caller, row)), key=lambda row: str(row["name"]))


def _may_see(caller: Identity, row: Mapping[str, Any]) -> bool:
    roles = row.get("roles")
    return roles is None or caller.is_admin or not set(roles).isdisjoint(caller.roles)


def _one(ctx: RequestContext, id_: str) -> Mapping[str, Any]:
    """The dashboard of an id or a name. Raises NOT_FOUND."""
    found = next((row for row in _for(ctx) if id_ in (row["id"], row["name"])), None)
    if found is None:
        raise not_found("Dashboard")
    return found


def _chosen(widgets: Sequence[Widget], named: str | None) -> Sequence[Widget]:
    """The widgets of a comma list of ids, or all. Raises INVALID_PAYLOAD."""
    if not named:
        return widgets
    known = {each.id: each for each in widgets}
    for name in (ids := named.split(",")):
        if name not in known:
            raise refused("widget", unknown(name, known))
    return [known[name] for name in dict.fromkeys(ids)]


async def _workflow_figures(
    ctx: RequestContext, widgets: Sequence[Widget], asked: AskedTime, as_of: int | None
) -> dict[str, Result]:
    """The results of the widgets about workflows, which the workflow service answers; equal questions once."""
    answered: dict[tuple[str | None, Window | None], Result] = {}
    results: dict[str, Result] = {}
    for widget in widgets:
        if not isinstance(query := widget.query, KpiQuery):
            continue
        window = asked.window(query.last)
        if (key := (query.workflow, window)) not in answered:
            answered[key] = failed(NO_PAST) if as_of is not None else await _kpis(ctx, *key)
        found = answered[key]
        results[widget.id] = found if "error" in found else kpi_rows(query, found)
    return results


async def _kpis(ctx: RequestContext, workflow: str | None, window: Window | None) -> Result:
    pairs = [("group_by", "day"), *([("workflow", workflow)] if workflow else [])]
    pairs += [(name, text) for name, text in (window.shown if window else {}).items() if text]
    try:
        reply = await ctx.state.core.rpc.request(GetWorkflowKpis(query=pairs), ctx.context)
    except RocketError as error:
        return failed(error)
    data: Result = exact.loads(reply.body)["data"]
    return data
