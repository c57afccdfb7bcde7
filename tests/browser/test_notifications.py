"""Notifications from the browser: a channel that is tried, a template with its preview, a rule, an inbox."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import make


async def test_somebody_is_told_by_a_channel_in_the_words_of_a_template(
    admin: Client, person: Opened, receiver: HttpReceiver
) -> None:
    await admin.define(entity("ticket", text("title")))
    await make(admin, "ticket", title="Printer <b>")
    someone = await person()
    page = someone.page
    # A channel keeps its secret to itself, and is tried from its screen.
    await someone.go("/define/notification-channels/new")
    await page.get_by_role("textbox", name="Name", exact=True).fill("chat")
    await someone.choose("Type", "webhook")
    await page.get_by_role("textbox", name="URL", exact=True).fill(receiver.url)
    await page.get_by_label("Signing secret", exact=True).fill("whsec_c2VjcmV0")
    await someone.save("Saved; it is in force now")
    await expect(page.get_by_label("Signing secret", exact=True)).to_have_value("***")
    await someone.button("Send").click()
    await expect(page.get_by_text("The message was sent")).to_be_visible()
    assert receiver.payloads[0]["channel"] == "chat"
    # A template shows what it looks like with a record, and which variables have no value.
    await someone.go("/define/notification-templates/new")
    await page.get_by_role("textbox", name="Name", exact=True).fill("new ticket")
    await page.get_by_role("textbox", name="Subject", exact=True).first.fill("New: {{ record.title }}")
    await page.get_by_role("textbox", name="Text", exact=True).first.fill("**{{ record.title }}** {{ record.titel }}")
    await someone.choose("Record", "Printer <b>")
    await expect(page.get_by_text("New: Printer <b>")).to_be_visible()
    await expect(page.get_by_text("record.titel", exact=True)).to_be_visible()
    await expect(page.frame_locator("iframe.rk-mail").locator("strong")).to_have_text("Printer <b>")
    await someone.save("Saved; it is in force now")
    # A rule brings both together; the badge tells of what has come.
    await someone.go("/define/notification-rules/new")
    await page.get_by_role("textbox", name="Name", exact=True).fill("told")
    await page.get_by_text("Template", exact=True).click()
    await expect(page.get_by_role("combobox", name="Template")).to_have_value("new ticket")
    await page.get_by_role("switch", name="Also tell the person who has caused it").click()
    await someone.save("Saved; it is in force now")
    await someone.go("/inbox")
    await expect(someone.heading("Inbox")).to_be_visible()
    await make(admin, "ticket", title="Scanner")
    await expect(page.get_by_role("link", name="New: Scanner")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("link", name="Inbox: 1 unread")).to_be_visible()
    await someone.button("Archive").click()
    await expect(page.get_by_text("There is nothing for you.")).to_be_visible()
    # What is muted is told no more; the log says why.
    await someone.go("/inbox/preferences")
    await page.get_by_role("combobox", name="Muted").fill("rule:told")
    await page.keyboard.press("Enter")
    await someone.save("Saved")
    await make(admin, "ticket", title="Mouse")
    await someone.go("/notifications?status=skipped")
    await page.get_by_role("link", name="New: Mouse").click()
    await expect(page.get_by_text("the recipient has muted the rule told")).to_be_visible()
