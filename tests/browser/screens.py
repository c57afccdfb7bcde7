"""Which screens of the demo app have their picture taken: those of the sidebar, and those behind them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from playwright.async_api import Page, expect

from libs.shared.testing.polling import eventually
from tests.browser.pages import Person
from tests.browser.purchases import define_purchases
from tests.support.client import Client

Preparation = Callable[[Page], Awaitable[None]]
FURTHER = (
    "/events/live", "/events/stats", "/api?op=get_api_deal", "/account", "/define/entities/deal", "/define/rules/new",
    "/dashboards/Sales", "/define/permissions/matrix?entity=contact", "/tasks/start", "/tasks/delegations",
    "/define/permissions/explain?user=admin@localhost&entity=deal&action=update",
)  # fmt: skip
IN_DOCS = {
    "records": "/records/deal",
    "record": "/records/deal/{deal}",
    "workflow": "/define/workflows/{workflow}",
    "task": "/instances/{instance}",
    "purchase-order": "/instances/{waiting}",
    "figures": "/instances/figures",
    "dashboard": "/dashboards/Sales",
    "diagram": "/define/relations/diagram",
    "permissions": "/define/permissions/matrix",
    "trace": "/events/{trace}",
}
ROWS = b"title,stage,amount\nOven for the bakery,lead,1200\nPress,somewhere,80\n"
"""Of a file: neither names its company, so both are refused."""


async def all_screens(person: Person, admin: Client) -> dict[str, str]:
    """The screens that the sidebar leads to, and some behind them, by a name for their files."""
    paths = [*await _links(person), *FURTHER]
    found = await _behind(admin)
    return {re.sub(r"\W+", "-", path).strip("-") or "overview": path for path in paths} | found


async def _behind(admin: Client) -> dict[str, str]:
    """Screens of single records, definitions and runs."""
    deal = (await admin.get("/deal?sort=title&per_page=1")).data[0]["id"]
    changed = (await admin.put(f"/deal/{deal}", {"probability": 45})).expect(200)
    headers = {"Content-Type": "text/csv"}
    job = (await admin.request("POST", "/deal/_import", None, ROWS, **headers)).expect(202).data["id"]
    kinds = {"permission": "permissions", "workflow": "workflows", "state-machine": "state-machines"}
    definitions = {name: (await admin.get(f"/_admin/{kind}")).data[0]["id"] for name, kind in kinds.items()}
    run = (await admin.get("/_workflows?workflow=large_offer&status=running")).data[0]
    await _stored(admin, changed.headers["X-Trace-Id"])
    return {
        "record": f"/records/deal/{deal}",
        "import": "/imports/deal",
        "import-mapping": "/imports/deal",
        "import-job": f"/imports/deal/{job}",
        **{name: f"/define/{kinds[name]}/{found}" for name, found in definitions.items()},
        "permission-effect": f"/define/permissions/{definitions['permission']}",
        "run": f"/instances/{run['id']}",
        "simulate": f"/define/workflows/{run['workflow_id']}/simulate",
        "trace": f"/events/{changed.headers['X-Trace-Id']}",
    }


async def screens_of_docs(admin: Client) -> dict[str, str]:
    """The screens of the docs, with a deal, the trace of its change, and a workflow in their addresses."""
    deal = (await admin.get("/deal?per_page=1")).data[0]["id"]
    changed = (await admin.put(f"/deal/{deal}", {"probability": 65})).expect(200)
    start = {"workflow": "purchase order", "record_id": await define_purchases(admin)}
    instance = (await admin.post("/_workflows/start", start)).expect(201).data
    trace = changed.headers["X-Trace-Id"]
    await _stored(admin, trace)
    runs = {"workflow": instance["workflow_id"], "instance": instance["id"], "waiting": await _purchases(admin)}
    return {name: path.format(deal=deal, trace=trace, **runs) for name, path in IN_DOCS.items()}


async def _purchases(admin: Client) -> str:
    """Some purchases on their way; the run of one that waits for finance."""
    mia = await admin.login(admin.prefix.removeprefix("/api/"), "mia@example.com", "secret-1")
    runs = []
    for number in range(9):
        order = {"title": f"Desk {number + 1}", "amount": 450 if number % 3 else 4500}
        record = (await admin.post("/purchase", order)).expect(201).data["id"]
        start = {"workflow": "purchase order", "record_id": record}
        runs.append((await admin.post("/_workflows/start", start)).expect(201).data["id"])
    for number, run in enumerate(runs[:7]):
        verb = "reject" if number == 1 else "approve"
        (await mia.post(f"/_workflows/{run}/{verb}", {"form": {"reason": "The old ones are broken"}})).expect(200)
    return str(runs[0])


async def _stored(admin: Client, trace: str) -> None:
    async def there() -> bool:
        return (await admin.get(f"/_events/trace/{trace}")).status == 200

    await eventually(there)


async def _links(person: Person) -> list[str]:
    """Where the links of the page lead that stay in the app, without it."""
    prefix = f"/admin/{person.app}"
    addresses = [await link.get_attribute("href") or "" for link in await person.page.get_by_role("link").all()]
    return list(dict.fromkeys(address.removeprefix(prefix) for address in addresses if address.startswith(prefix)))


async def _choose_file(page: Page) -> None:
    file = {"name": "deals.csv", "mimeType": "text/csv", "buffer": ROWS}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Try on the server").click()
    await expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()


async def _show_effect(page: Page) -> None:
    await page.get_by_role("button", name="Who gains or loses what?").click()
    await expect(page.get_by_role("region", name="Effect of the policy")).to_be_visible()


PREPARED: Mapping[str, Preparation] = {"import-mapping": _choose_file, "permission-effect": _show_effect}
"""What is done on a screen before its picture is taken."""
