"""The people of one business on the platform: its owner by the API, its customers and staff in real browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright
from throwaway import ThrowawayStack
from visitor import Visitor

from infra.fleet import PORTS

CHROMIUM = "/usr/bin/chromium"
STRIPE = {"secret": "sk_test_platform_1", "webhook_secret": "whsec_platform_1"}
OWNER = "owner@demo.test"
CUSTOMER = {"Your name": "Cora Customer", "E-mail": "cora@customer.test"}


class Business:
    """The demonstration tenant of a stack, as its owner runs it."""

    def __init__(self, stack: ThrowawayStack, visitor: Visitor) -> None:
        self._visitor = visitor
        self.password = stack.boka("secret", "auth/first_login").strip()
        self.site = stack.facts.endpoints["site"]
        answer = visitor.ask("POST", "/api/auth/login", json={"email": OWNER, "password": self.password})
        assert answer.status_code == httpx.codes.OK, answer.text
        self._access = answer.json()["access_token"]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the tenant's API as its owner."""
        headers = {"Authorization": f"Bearer {self._access}"}
        return self._visitor.ask(method, f"/api/tenants/demo{path}", headers=headers, **options)

    def take_payments(self, provider: "Outside") -> None:
        """Set up the account at Stripe, on both sides."""
        answer = self.ask("PUT", "/payments/accounts/stripe", json=STRIPE)
        assert answer.is_success, answer.text
        hook = f"{self.site}/api/tenants/demo/payments/webhooks/stripe"
        provider.tell("stripe", "/_endpoint", STRIPE | {"url": hook, "verify": False})


class Outside:
    """The stand-ins of the stack's world: what arrived there."""

    def __init__(self, stack: ThrowawayStack) -> None:
        self._address = stack.facts.hosts["world1"].address

    def tell(self, name: str, path: str, body: dict[str, Any]) -> None:
        """Tell a stand-in something."""
        httpx.post(f"{self._url(name)}{path}", json=body, timeout=5).raise_for_status()

    def paths_asked_of(self, name: str) -> set[str]:
        """Return the addresses that were asked of a stand-in."""
        return {one["path"] for one in self._shown(name, "/_recorded")}

    def mails_to(self, address: str) -> set[str]:
        """Return the first words of the subjects of somebody's mails, such as `Booked`."""
        mails = self._shown("mailbox", f"/messages?to={address}")
        return {mail["headers"]["Subject"].partition(":")[0] for mail in mails}

    def _shown(self, name: str, path: str) -> list[Any]:
        return httpx.get(f"{self._url(name)}{path}", timeout=5).raise_for_status().json()

    def _url(self, name: str) -> str:
        return f"http://{self._address}:{PORTS[f'standin_{name}']}"


@contextmanager
def browser_at(stack: ThrowawayStack) -> Iterator[Browser]:
    """A browser that finds the stack's names; that the certificate is right is another test's matter."""
    rule = f"MAP *.{stack.facts.domain} {stack.facts.network.virtual_address}"
    rules = f"--host-resolver-rules={rule}, {rule.replace('*.', '')}"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", rules])
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, url: str) -> Page:
    """Open an address in a browser window of its own, with no memory of the others."""
    page = browser.new_context(ignore_https_errors=True, locale="en-GB").new_page()
    page.goto(url)
    return page


def log_in(page: Page, business: Business) -> None:
    """Log in to the staff's pages."""
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(business.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Calendar")).to_be_visible()


def book_with_deposit(page: Page) -> str:
    """Book the service that wants a deposit and pay it; return the date of the visit."""
    page.get_by_role("link", name="Colour and cut").click()
    day = page.locator(".times time").first.get_attribute("datetime") or ""
    page.locator(".times a").first.click()
    for label, words in CUSTOMER.items():
        page.get_by_label(label).fill(words)
    page.get_by_role("button", name="Book this appointment").click()
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Pay").click()  # the provider's page has one, too
    expect(page.get_by_role("heading", level=1)).to_contain_text("confirmed", timeout=15_000)
    return day[:10]
