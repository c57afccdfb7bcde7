"""What a person does in the Admin UI, in their own words."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

MAX_TABS = 120


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a browser window, in one app."""

    page: Page
    url: str
    app: str

    async def log_in(self, email: str, password: str) -> None:
        await self.page.goto(f"{self.url}/admin/login?app={self.app}")
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.locator("input[type=password]").fill(password)
        await self.page.get_by_role("button", name="Log in").click()
        await expect(self.heading("Overview")).to_be_visible()

    async def go(self, path: str) -> None:
        """Open a screen by its address below the app."""
        await self.page.goto(f"{self.url}/admin/{self.app}{path}")

    def heading(self, text: str) -> Locator:
        return self.page.get_by_role("heading", name=text, exact=True, level=1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, name: str) -> Locator:
        """The input of a record's field."""
        form = self.page.get_by_role("form", name="Fields of the record")
        return form.get_by_role("textbox", name=name, exact=True)

    def row(self, text: str) -> Locator:
        """A row of the list that holds a text."""
        return self.page.locator(".rk-row", has_text=text)

    async def save(self, said: str) -> None:
        """Save the form, and see that it says so."""
        await self.button("Save").click()
        await expect(self.page.get_by_text(said, exact=True).first).to_be_visible()

    async def choose(self, label: str, option: str) -> None:
        """Choose from a list."""
        await self.page.get_by_role("combobox", name=label, exact=True).click()
        await self.page.get_by_role("option", name=option, exact=True).click()

    async def suggest(self, label: str, text: str) -> None:
        """Type into an input that suggests values, and leave its list."""
        box = self.page.get_by_role("textbox", name=label, exact=True).or_(
            self.page.get_by_role("combobox", name=label, exact=True)
        )
        await box.first.fill(text)
        await self.page.keyboard.press("Tab")

    async def tab(self, name: str) -> None:
        """Open a tab of the screen."""
        await self.page.get_by_role("tab", name=name, exact=True).click()

    async def reach(self, control: Locator) -> None:
        """Go to a control with the Tab key alone."""
        await control.wait_for()
        for _ in range(MAX_TABS):
            if await control.evaluate("element => element === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{control} is not reached with the Tab key")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)
