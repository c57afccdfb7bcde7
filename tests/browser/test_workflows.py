"""Building workflows, deciding their tasks, and following their instances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Opened, serious_findings
from tests.browser.pages import Person
from tests.browser.purchases import define_purchases
from tests.support.client import Client, entity, text


def row(page: Page, step: str) -> Locator:
    """The line of a step in the outline."""
    return page.locator(".rk-outline-row").filter(has=page.locator("strong").get_by_text(step, exact=True))


async def press(target: Locator, *keys: str) -> None:
    """Focus something, and press keys."""
    await target.focus()
    for key in keys:
        await target.page.keyboard.press(key)


async def pick(someone: Person, label: str, option: str) -> None:
    """Choose from a list by keyboard."""
    await press(someone.page.get_by_role("combobox", name=label, exact=True), "Enter")
    wanted = someone.page.get_by_role("option", name=option, exact=True)
    for _ in range(20):
        if await wanted.get_attribute("data-combobox-selected"):
            break
        await someone.page.keyboard.press("ArrowDown")
    await someone.page.keyboard.press("Enter")


async def add(someone: Person, opener: Locator, key: str, kind: str, name: str) -> None:
    """Add a step by keyboard, and name it; its form has the focus at once."""
    await press(opener, key)
    dialog = someone.page.get_by_role("dialog")
    await press(dialog.get_by_role("button", name=kind), "Enter")
    await expect(dialog).to_be_hidden()
    await expect(someone.page.get_by_role("textbox", name="Step", exact=True)).to_be_focused()
    await someone.page.keyboard.type(name)
    await someone.page.keyboard.press("Enter")
    await expect(row(someone.page, name)).to_have_attribute("aria-current", "true")


async def test_a_workflow_is_built_in_the_outline_by_keyboard_alone(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    someone = await person()
    page = someone.page
    await someone.go("/define/workflows/new")
    await press(page.get_by_role("textbox", name="Name", exact=True).first)
    await page.keyboard.type("check")
    await pick(someone, "Trigger", "Somebody starts it")
    await press(page.get_by_role("radio", name="Canvas"), "ArrowRight")

    await add(someone, row(page, "approval"), "Insert", "Parallel", "both")
    await add(someone, someone.button("Add a step to both: left"), "Enter", "Set values", "sum")
    editor = page.get_by_role("textbox", name="Expression")
    await press(editor)
    await page.keyboard.type("steps.approval.by")
    await page.keyboard.press("Escape")
    await add(someone, someone.button("Add a step to both: right"), "Enter", "Set values", "other")
    await press(page.get_by_role("textbox", name="Expression"))
    await page.keyboard.type("1 + 1")

    await press(row(page, "approval"), "Enter")
    await press(
        page.get_by_role("combobox", name="Time limit").or_(page.get_by_role("textbox", name="Time limit")).first
    )
    await page.keyboard.type("3 days")
    await press(page.get_by_role("button", name="approval · timeout"), "Enter")
    limit = page.locator('input[aria-invalid="true"]')
    await expect(limit).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("3h")
    await expect(page.get_by_role("button", name="approval · timeout")).to_have_count(0)

    await press(page.get_by_role("textbox", name="Step", exact=True), "Control+a")
    await page.keyboard.type("ask")
    await page.keyboard.press("Enter")
    await expect(row(page, "ask")).to_contain_text("approved → both")
    await press(row(page, "both"), "Control+d")
    await expect(row(page, "both_copy")).to_be_visible()
    await press(someone.button("Undo"), "Enter")
    await expect(row(page, "both_copy")).to_have_count(0)
    await press(someone.button("Save"), "Enter")
    await expect(page.get_by_text("Saved; it is in force now").first).to_be_visible()

    stored = (await admin.get("/_admin/workflows")).data[0]
    ask, both = stored["steps"]
    assert stored["trigger"]["type"] == "manual"
    assert ask["on_approve"] == {"goto": "both"} and ask["timeout"] == "3h"
    assert both["branches"]["left"]["steps"][0]["values"] == {"value": "steps.ask.by"}
    assert both["branches"]["right"]["steps"][0]["id"] == "other"

    # On the canvas, a step is put on an arrow.
    await press(page.get_by_role("radio", name="Outline"), "ArrowLeft")
    picture = page.get_by_role("region", name="Steps of the workflow")
    await expect(picture.get_by_role("img", name="ask → both: approved")).to_be_attached()
    await press(picture.get_by_role("button", name="Add a step between ask and both"), "Enter")
    await press(page.get_by_role("dialog").get_by_role("button", name="Wait For a time"), "Enter")
    await expect(picture.get_by_role("img", name="ask → wait: approved")).to_be_attached()
    await someone.save("Saved; it is in force now")
    await someone.button("Compare with now").first.click()
    changes = page.get_by_role("table", name="Changes since version 1")
    await expect(changes.get_by_role("row", name="wait added")).to_be_visible()
    await expect(changes.get_by_role("row", name="ask · on_approve.goto")).to_contain_text("both")


async def open_task(someone: Person, workflow: str) -> None:
    """Open a task of a workflow from the list of one's own."""
    await someone.go("/tasks")
    await someone.page.get_by_role("link", name=workflow, exact=True).first.click()
    await expect(someone.heading(workflow)).to_be_visible()


async def test_a_large_purchase_goes_through_its_approvers(admin: Client, person: Opened) -> None:
    order = await define_purchases(admin)
    boss = await person()
    await boss.go(f"/records/purchase/{order}")
    await boss.page.get_by_role("link", name="Start a workflow").click()
    await expect(boss.page.get_by_role("combobox", name="purchase")).to_have_value("A large oven")
    await boss.button("Start a workflow").click()
    await expect(boss.heading("purchase order")).to_be_visible()
    # Nobody decides within a second, so the director may, too.
    await expect(boss.page.get_by_text("escalated").first).to_be_visible()
    await expect(boss.page.get_by_role("listitem").filter(has_text="manager, director")).to_be_visible()

    # The manager decides on a phone; the form says what is missing.
    mia = await person("mia@example.com", "secret-1", viewport={"width": 390, "height": 844}, bypass_csp=True)
    await mia.go("/tasks")
    await expect(mia.page.get_by_role("link", name="A large oven")).to_be_visible()
    await mia.page.get_by_role("link", name="purchase order").click()
    await expect(mia.page.get_by_text("because you have the role manager")).to_be_visible()
    await mia.button("Approve").click()
    await expect(mia.page.get_by_text("is required")).to_be_visible()
    await mia.page.get_by_role("textbox", name="reason").fill("The old one is broken")
    assert await serious_findings(mia.page) == []
    await mia.button("Approve").click()
    await expect(mia.page.get_by_text("This is not yours to decide.")).to_be_visible()

    # One of finance sends it back, another hands over to a deputy while away.
    ann = await person("ann@example.com", "secret-1")
    await open_task(ann, "purchase order")
    await expect(ann.page.get_by_text("You are named as an approver.")).to_be_visible()
    await ann.button("Send back").click()
    dialog = ann.page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Comment").fill("Which oven?")
    await dialog.get_by_role("button", name="Send back").click()
    await expect(ann.page.get_by_text("“Which oven?”")).to_be_visible()
    await open_task(mia, "purchase order")
    await mia.page.get_by_role("textbox", name="reason").fill("The one in hall 2")
    await mia.button("Approve").click()
    await expect(mia.page.get_by_text("This is not yours to decide.")).to_be_visible()
    bob = await person("bob@example.com", "secret-1")
    await bob.go("/tasks/delegations")
    await bob.button("Delegate").click()
    dialog = bob.page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Decides instead").fill("dan@example.com")
    await bob.page.keyboard.press("Tab")
    await dialog.get_by_label("Until").fill(f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%dT%H:%M}")
    await dialog.get_by_role("button", name="Delegate").click()
    await expect(bob.page.get_by_role("row", name="dan@example.com")).to_be_visible()

    await open_task(ann, "purchase order")
    await ann.page.get_by_role("textbox", name="Comment").fill("Within the budget")
    await ann.button("Approve").click()
    await expect(ann.page.get_by_text("2 must approve: 1 approved, 0 rejected, 2 open")).to_be_visible()
    dan = await person("dan@example.com", "secret-1")
    await dan.go(boss.page.url.split(f"/{dan.app}")[1])
    await expect(dan.page.get_by_text("You may decide in place of bob@example.com.")).to_be_visible()
    await dan.button("Approve").click()
    await expect(dan.button("Approve")).to_have_count(0)

    # Two of three have approved: stock and supplier go on side by side, and the supplier is called by a sub-workflow.
    picture = boss.page.get_by_role("region", name="Where it is and was").first
    await expect(picture.get_by_role("img", name="both, Parallel · waiting")).to_be_attached()
    await expect(picture.get_by_role("img", name="large → finance: true")).to_have_attribute("data-taken", "true")
    await expect(picture.get_by_role("img", name="finance → manager: sent back")).to_be_attached()
    children = boss.page.get_by_role("region", name="Sub-workflows")
    await expect(children.get_by_role("link", name="tell the supplier")).to_be_visible()
    ben = await person("ben@example.com", "secret-1")
    await open_task(ben, "tell the supplier")
    await ben.button("Approve").click()
    await expect(boss.button("Delete")).to_be_visible()
    history = boss.page.get_by_role("region", name="History")
    await expect(history.get_by_text("dan@example.com for bob@example.com").first).to_be_visible()
    await expect(history.get_by_text("“Within the budget”")).to_be_visible()
    await expect(history.get_by_text("reason: The one in hall 2")).to_be_visible()
    await expect(picture.get_by_role("img", name="approved → End")).to_have_attribute("data-taken", "true")
    # It is looked at as it was when nobody had decided yet: nothing can be decided there.
    entry = history.locator(".mantine-Timeline-item", has_text="escalated").first
    await entry.get_by_role("button").click()
    await expect(boss.page.get_by_role("region", name="Decision: manager")).to_be_visible()
    await expect(picture.get_by_role("img", name="both, Parallel", exact=True)).to_be_attached()
    await expect(boss.button("Delete")).to_have_count(0)
    await expect(boss.button("Approve")).to_have_count(0)
    await boss.button("Back to now").click()
    await expect(boss.button("Delete")).to_be_visible()
    await boss.page.get_by_role("link", name="A large oven").click()
    await expect(boss.page.get_by_text("approved").first).to_be_visible()
    assert (await admin.get(f"/purchase/{order}")).data["note"] == "Reserved"


async def started(admin: Client, amount: int, title: str) -> str:
    """A run of the purchase order for a new purchase."""
    order = (await admin.post("/purchase", {"title": title, "amount": amount})).expect(201).data["id"]
    start = {"workflow": "purchase order", "record_id": order}
    return str((await admin.post("/_workflows/start", start)).expect(201).data["id"])


async def test_several_tasks_are_decided_at_once_and_a_veto_rejects(admin: Client, person: Opened) -> None:
    await define_purchases(admin)
    runs = [await started(admin, amount, f"Order {amount}") for amount in (20, 3000, 4000)]
    mia = await person("mia@example.com", "secret-1")
    await mia.go("/tasks")
    await expect(mia.page.get_by_role("link", name="Order 4000")).to_be_visible()
    # One of them is cancelled by somebody else meanwhile.
    (await admin.post(f"/_workflows/{runs[2]}/cancel", {"reason": "twice"})).expect(200)
    await press(mia.button("Mark all"), "Enter")
    await press(mia.button("Approve 3"), "Enter")
    dialog = mia.page.get_by_role("dialog")
    await press(dialog.get_by_role("button", name="Approve 3"), "Enter")
    await expect(dialog.get_by_text("is required")).to_be_visible()
    await dialog.get_by_role("textbox", name="reason").fill("All of it is needed")
    await dialog.get_by_role("button", name="Approve 3").click()
    await expect(dialog.get_by_role("status")).to_have_text("2 done, 1 refused")
    refused = dialog.get_by_role("listitem").filter(has_text="refused")
    await expect(refused.get_by_role("link", name="purchase order · Order 4000")).to_be_visible()
    await dialog.get_by_role("button", name="Close").last.click()
    await expect(mia.page.get_by_text("Nothing waits for you.")).to_be_visible()

    cy = await person("cy@example.com", "secret-1")
    await open_task(cy, "purchase order")
    await cy.button("Reject").click()
    await expect(cy.page.get_by_text("completed").first).to_be_visible()
    picture = cy.page.get_by_role("region", name="Where it is and was").first
    await expect(picture.get_by_role("img", name="finance → rejected: rejected")).to_have_attribute(
        "data-taken", "true"
    )
    await expect(picture.get_by_role("img", name="both, Parallel · skipped")).to_be_attached()
    assert (await admin.get(f"/_workflows/{runs[1]}")).data["status"] == "completed"


async def test_runs_are_found_counted_and_moved_to_a_version_that_was_tried(admin: Client, person: Opened) -> None:
    await define_purchases(admin)
    mia = await admin.login(admin.prefix.removeprefix("/api/"), "mia@example.com", "secret-1")
    large, rejected, _waiting = [await started(admin, 3000 + number, f"Order {number}") for number in range(3)]
    (await mia.post(f"/_workflows/{large}/approve", {"form": {"reason": "needed"}})).expect(200)
    (await mia.post(f"/_workflows/{rejected}/reject", {"form": {"reason": "too much"}})).expect(200)
    someone = await person(bypass_csp=True)
    page = someone.page

    # Figures lead to the runs that they count, and filters stay in the address.
    await someone.go("/instances/figures")
    await expect(page.get_by_role("link", name="Started: 3")).to_be_visible()
    await expect(
        page.get_by_role("table", name="Steps").get_by_role("row", name="purchase order manager 3")
    ).to_be_visible()
    assert await serious_findings(page) == []
    await page.get_by_role("link", name="1 open at finance").click()
    runs = page.get_by_role("table", name="Workflow runs")
    await expect(runs.get_by_role("link", name="Order 0")).to_be_visible()
    await expect(runs.get_by_role("row")).to_have_count(2)
    await someone.button("Clear the filters").click()
    await expect(runs.get_by_role("row")).to_have_count(4)
    await someone.choose("Waits for", "manager")
    await expect(runs.get_by_role("row")).to_have_count(2)
    assert "waiting_for=manager" in page.url
    await page.reload()
    await expect(runs.get_by_role("link", name="Order 2")).to_be_visible()
    await expect(runs.get_by_role("row")).to_have_count(2)

    # A draft is tried on what has ended: there is no run that it would change.
    workflow = (await admin.get("/_admin/workflows")).data
    stored = next(each for each in workflow if each["name"] == "purchase order")
    await someone.go(f"/define/workflows/{stored['id']}")
    await press(page.get_by_role("switch", name="Average time (30 days)"), "Space")
    await expect(page.get_by_role("button", name="manager Approval")).to_contain_text("on average")
    await press(page.get_by_role("radio", name="Canvas"), "ArrowRight")
    await press(row(page, "finance"), "Enter")
    await press(page.get_by_role("textbox", name="Step", exact=True), "Control+a")
    await page.keyboard.type("board")
    await page.keyboard.press("Enter")
    await expect(row(page, "board")).to_be_visible()
    await someone.button("Show the changes").click()
    await expect(
        page.get_by_role("table", name="Show the changes").get_by_role("row", name="board added")
    ).to_be_visible()
    await page.get_by_role("link", name="Try on past runs").click()
    await expect(page.get_by_role("combobox", name="What is tried")).to_have_value("the draft of this tab")
    await someone.button("Try it").click()
    await expect(page.get_by_role("button", name="Would go the same way 1")).to_be_visible()
    assert await serious_findings(page) == []
    await page.get_by_role("link", name="To the builder").click()
    await someone.save("Saved; it is in force now")

    # The run at finance has no place in the new version, until it is told to go on at the board.
    await someone.go(f"/instances/{large}")
    await someone.button("Move to another version").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("row", name="board added")).to_be_visible()
    await expect(dialog.get_by_text("0 can go on there, 1 can't.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Move 0")).to_be_disabled()
    assert await serious_findings(page) == []
    await dialog.get_by_role("combobox", name="Instead of finance").click()
    await page.get_by_role("option", name="board (Approval)").click()
    await dialog.get_by_role("button", name="Move 1").click()
    await expect(dialog.get_by_text("1 moved")).to_be_visible()
    await dialog.get_by_role("button", name="Close").last.click()
    await expect(page.get_by_text("Version 2")).to_be_visible()
    await expect(page.get_by_role("region", name="Decision: board")).to_be_visible()


async def test_a_failed_run_says_why_and_goes_on_or_is_cancelled(admin: Client, person: Opened) -> None:
    await admin.define(entity("deal", text("title")))
    lost = {"type": "set_field", "entity": "deal", "record_id": "context.deal", "field": "title", "value": "Told"}
    tell = {"id": "tell", "type": "action", "actions": [lost]}
    inputs = {"deal": {"type": "string"}}
    workflow = {"name": "tell", "trigger": {"type": "manual"}, "inputs": inputs, "steps": [tell]}
    await admin.define(workflow, "workflows")
    gone = {"deal": "00000000-0000-4000-8000-000000000001"}
    run = (await admin.post("/_workflows/start", {"workflow": "tell", "context": gone})).expect(201).data["id"]
    someone = await person(color_scheme="dark", bypass_csp=True)
    page = someone.page
    await someone.go("/instances?status=failed")
    await page.get_by_role("table", name="Workflow runs").get_by_role("link", name="tell").click()
    failure = page.get_by_role("alert").filter(has_text="Failed at tell")
    await expect(failure).to_be_visible()
    reason = (await admin.get(f"/_workflows/{run}")).data["failed"]["reason"]
    await expect(failure).to_contain_text(reason)
    await expect(page.get_by_role("img", name="tell, Action · failed")).to_be_attached()
    assert await serious_findings(page) == []
    await press(someone.button("Try the step again"), "Enter")
    await expect(page.get_by_role("region", name="History").get_by_text("tried again")).to_be_visible()
    await expect(failure).to_be_visible()
    await press(someone.button("Cancel the workflow"), "Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Reason").fill("The deal is gone")
    await dialog.get_by_role("button", name="Cancel the workflow").click()
    await expect(page.get_by_role("region", name="History").get_by_text("The deal is gone")).to_be_visible()
