"""Looking after an app: webhooks and what they sent, audit, proofs, files, exchange, keys; and the platform."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from libs.shared.testing.polling import eventually
from tests.browser.conftest import Opened
from tests.support.client import PLATFORM, Client, entity, text
from tests.support.receivers import HttpReceiver


async def test_a_webhook_shows_its_endpoint_and_what_was_sent_to_it(
    admin: Client, person: Opened, receiver: HttpReceiver
) -> None:
    await admin.define(entity("deal", text("title")))
    receiver.respond = lambda number: 500 if number == 1 else 200
    once = {"entity": "deal", "url": receiver.url, "hook": "after_write", "retry": {"max_attempts": 1}}
    webhook = await admin.define(once, "webhooks")
    (await admin.post("/deal", {"title": "Oven"})).expect(201)
    someone = await person()
    page = someone.page
    await someone.go("/define/webhooks")
    await expect(page.get_by_role("row", name=receiver.url).get_by_text("answers")).to_be_visible()
    await page.get_by_role("link", name=receiver.url).click()
    endpoint = page.get_by_role("region", name="Endpoint")
    await expect(endpoint.get_by_role("row", name="failed")).to_be_visible()

    await someone.button("Send an example").click()
    await expect(page.get_by_text("The example has arrived")).to_be_visible()
    await expect(endpoint.get_by_role("row", name="example").get_by_text("delivered")).to_be_visible()

    # The delivery that failed shows its attempts and both bodies, and is tried again.
    await endpoint.get_by_role("row", name="failed").get_by_role("link").click()
    await expect(page.get_by_text('"title": "Oven"')).to_be_visible()
    await expect(page.get_by_text("1: 500")).to_be_visible()
    await someone.button("Try again").click()
    await expect(page.get_by_text("delivered", exact=True)).to_be_visible()
    assert receiver.payloads[-1]["record"]["title"] == "Oven"

    await someone.go(f"/define/webhooks/{webhook['id']}")
    await someone.button("Send again…").click()
    dialog = page.get_by_role("dialog")
    since = datetime.now(UTC) - timedelta(hours=1)
    await dialog.get_by_label("From").fill(since.strftime("%Y-%m-%dT%H:%M:%S"))
    await dialog.get_by_role("button", name="Send again…").click()
    await expect(page.get_by_text("It is being sent again")).to_be_visible()
    replays = page.get_by_role("group", name="Sent again")
    await expect(replays.get_by_text("done", exact=True)).to_be_visible()
    await expect(replays.get_by_text("one delivery")).to_be_visible()
    await expect(endpoint.get_by_role("row", name="sent again")).to_be_visible()

    await someone.button("New secret").click()
    await expect(page.get_by_role("dialog").get_by_text("whsec_")).to_be_visible()
    await expect(page.get_by_text("The one before is good until")).to_be_visible()
    await someone.button("I have saved it").click()
    await expect(page.get_by_text("whsec_")).to_have_count(0)
    await page.get_by_role("link", name="All its deliveries").click()
    await expect(someone.heading("Deliveries")).to_be_visible()
    assert str(webhook["id"]) in page.url


async def test_changes_are_found_in_the_audit_and_the_log_is_proven(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), {"name": "paper", "type": "file"}))
    record = (await admin.post("/deal", {"title": "Oven"})).expect(201).data
    (await admin.put(f"/deal/{record['id']}", {"title": "Press"})).expect(200)

    async def audited() -> bool:
        return bool((await admin.get("/_admin/audit-logs?entity=deal&action=update")).data)

    await eventually(audited)
    someone = await person()
    page = someone.page
    await someone.go("/audit?entity=deal&action=update")
    await page.get_by_role("table", name="Audit").get_by_role("button", name="title").click()
    change = page.get_by_role("dialog").get_by_role("row", name="title")
    await expect(change).to_contain_text("Oven")
    await expect(change).to_contain_text("Press")

    await someone.go("/projections")
    records = page.get_by_role("table", name="Projections").get_by_role("row", name="records")
    await records.get_by_role("button", name="Verify").click()
    await expect(records.get_by_text(re.compile("compared, all equal"))).to_be_visible()
    await someone.go("/dead-letters")
    await expect(page.get_by_text("Nothing waits here.")).to_be_visible()

    # A file is uploaded in the record's form, and stands in the list of files.
    await someone.go(f"/records/deal/{record['id']}")
    await page.locator("input[type=file]").set_input_files(
        {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"hello"}
    )
    await expect(page.get_by_role("button", name="offer.txt")).to_be_visible()
    await someone.save("Saved")
    await someone.go("/files")
    await expect(page.get_by_role("row", name="offer.txt")).to_be_visible()


async def test_definitions_are_taken_out_planned_and_brought_in(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    someone = await person()
    page = someone.page
    await someone.go("/exchange")
    async with page.expect_download() as taken:
        await someone.button("Export").click()
    document = json.loads((await (await taken.value).path()).read_text(encoding="utf-8"))
    [deal] = document["entities"]
    shop = json.loads(json.dumps(deal).replace("deal", "shop"))
    await page.get_by_label("Definitions as JSON").fill(json.dumps({**document, "entities": [deal, shop]}))
    await someone.button("Show the plan").click()
    await expect(page.get_by_text("CREATE TABLE")).to_be_visible()
    assert [row["name"] for row in (await admin.get("/_admin/entities")).data] == ["deal"]
    await someone.button("Import").click()
    await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    await expect(page.get_by_role("navigation", name="Screens").get_by_role("link", name="shop")).to_be_visible()


async def test_keys_are_shown_once_and_people_are_removed(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    await admin.user("gone@example.com", ["clerk"])
    someone = await person()
    page = someone.page
    await someone.go("/people/api-keys")
    await someone.button("New key").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("till")
    await form.get_by_role("button", name="Add a scope").click()
    await form.get_by_role("combobox", name="Entity").click()
    await page.get_by_role("option", name="deal", exact=True).click()
    await form.get_by_role("button", name="Create").click()
    key = await form.locator(".mantine-Code-root").inner_text()
    await someone.button("I have saved it").click()
    await expect(page.get_by_role("row", name="till")).to_contain_text("deal: read")
    assert (await admin.with_token("").get("/deal", **{"X-API-Key": key})).status == 200

    await someone.go("/people/users")
    await page.get_by_role("row", name="gone@example.com").get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("gone@example.com is deleted")).to_be_visible()
    await expect(page.get_by_role("row", name="gone@example.com")).to_have_count(0)

    await someone.go("/define/permissions/explain")
    await someone.choose("User", "admin@localhost")
    await someone.choose("Entity", "deal")
    await expect(page.get_by_role("status").filter(has_text="Allowed")).to_be_visible()


async def test_the_platform_makes_changes_and_removes_apps(client: Client, person: Opened, admin: Client) -> None:
    someone = await person(login=False)
    page = someone.page
    name = f"{someone.app}-shop"
    await page.goto(f"{someone.url}/admin/login")
    await page.get_by_label("E-mail").fill(PLATFORM[0])
    await page.locator("input[type=password]").fill(PLATFORM[1])
    await someone.button("Log in").click()
    await someone.button("New app").click()
    form = page.get_by_role("dialog")
    await form.get_by_role("textbox", name="Name", exact=True).fill("Not A Name")
    await form.get_by_role("button", name="Create").click()
    await expect(form.get_by_role("textbox", name="Name", exact=True)).to_have_attribute("aria-invalid", "true")
    await form.get_by_role("textbox", name="Name", exact=True).fill(name)
    await form.get_by_label("E-mail").fill("boss@example.com")
    await form.get_by_role("button", name="Create").click()
    await expect(form.locator(".mantine-Code-root")).to_contain_text(f"accept-invite?app={name}&token=")
    await someone.button("I have saved it").click()
    row = page.get_by_role("row", name=name)
    await row.get_by_role("button", name="Edit").click()
    await page.get_by_role("dialog").get_by_label("Name that people read").fill("The shop")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await row.get_by_role("link", name="The shop").click()
    await expect(someone.heading("Overview")).to_be_visible()

    await page.goto(f"{someone.url}/admin/platform/users")
    await expect(page.get_by_role("row", name=PLATFORM[0])).to_be_visible()
    await page.get_by_role("link", name="Signing keys").click()
    await expect(page.get_by_role("row", name="signs now")).to_have_count(1)
    await page.get_by_role("link", name="Apps").click()
    await row.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    await dialog.get_by_label(f"Type {name} to confirm").fill(name)
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("link", name="The shop")).to_have_count(0)


async def test_messages_are_read_and_a_list_is_exported_as_it_is_shown(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title"), text("stage")))
    rule = {
        "name": "new deal", "entity": "deal", "hook": "after_create", "channel": "in_app",
        "recipients": [{"role": "admin"}], "template": {"subject": "New: {{ record.title }}", "body": "Look at it"},
        "tell_actor": True,
    }  # fmt: skip
    await admin.define(rule, "notification-rules")
    for title, stage in (("Oven", "won"), ("Press", "lead")):
        (await admin.post("/deal", {"title": title, "stage": stage})).expect(201)

    async def told() -> bool:
        return len((await admin.get("/_notifications?unread=true")).data) == 2

    await eventually(told)
    someone = await person()
    page = someone.page
    await page.get_by_role("link", name="2 unread messages").click()
    row = page.get_by_role("row", name="New: Oven")
    await row.get_by_role("button", name="Mark as read").click()
    await expect(row).to_have_count(0)
    await someone.button("Mark all as read").click()
    await expect(page.get_by_text("There is nothing for you.")).to_be_visible()
    await someone.go("/notifications")
    await expect(page.get_by_role("row", name="New: Press")).to_contain_text("admin@localhost")

    await someone.go('/records/deal?columns=["title"]&where=[{"field":"stage","op":"eq","value":"won"}]')
    await expect(someone.row("Oven")).to_be_visible()
    await someone.button("Export").click()
    async with page.expect_download() as taken:
        await page.get_by_role("menuitem", name="CSV").click()
    content = (await (await taken.value).path()).read_text(encoding="utf-8")
    assert content.split() == ["title", '"Oven"']
