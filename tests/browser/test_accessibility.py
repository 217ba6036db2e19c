"""No page has a fault that axe finds, on a phone or at a desk, by day or by night."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser.conftest import DESK, PHONE
from browser.test_customer import book, times
from browser.test_staff import log_in

pytestmark = pytest.mark.postgresql
LOOKS = [
    pytest.param({"size": PHONE}, id="phone"),
    pytest.param({"size": DESK}, id="desk"),
    pytest.param({"size": PHONE, "color_scheme": "dark"}, id="phone at night"),
]


class Inspector:
    """Collects what axe finds, and what does not fit the width of the screen."""

    def __init__(self, visitor):
        self.visitor, self.faults, self._axe = visitor, [], Axe()

    def look(self, path=None):
        page = self.visitor.go(path) if path else self.visitor.page
        found = self._axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        for fault in found.response["violations"]:
            self.faults.append((page.url, fault["id"], fault["nodes"][0]["html"]))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.faults.append((page.url, "wider than the screen", ""))


@pytest.mark.parametrize("look", LOOKS)
def test_customers_pages(visit, salon, day, look):
    visitor = visit(**look)
    inspector = Inspector(visitor)

    for path in ("/", f"/b/{salon.slug}", times(salon, day), "/nothing", "/problems/slot-taken"):
        inspector.look(path)
    visitor.go(times(salon, day)).locator(".times a").first.click()
    visitor.page.locator("[data-clock]").wait_for()
    inspector.look()
    book(visitor, salon, day, "10:00")
    own = visitor.page.url.removeprefix(visitor.site)
    at = f"{day}T11:00:00%2B00:00"
    for path in ("", "/cancel", "/move", f"/move?at={at}", "/pay"):
        inspector.look(own + path)
    inspector.look(f"/b/{salon.slug}/{salon.service_id}?from={day}&employee={salon.employee_ids[0]}&zone=nowhere")

    assert inspector.faults == []


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_seldom_seen(visit, salon, day, admin, look):
    visitor = visit(**look)
    inspector = Inspector(visitor)
    taken = f"/b/{salon.slug}/{salon.service_id}/book?at={day}T09:00:00%2B00:00"
    page = visitor.go(taken)
    page.context.request.post(f"{visitor.site}/b/{salon.slug}/{salon.service_id}/book", form=form(day))
    page.get_by_label("Your name").fill("Late")
    page.get_by_label("E-mail").fill("late@example.org")
    page.get_by_role("button", name="Book this appointment").click()
    inspector.look()
    admin.execute("delete from availability_rule where tenant_id = %s", [salon.id])
    inspector.look(times(salon, day))
    page.get_by_role("link", name="Tell me when a time becomes free").click()
    inspector.look()
    page.get_by_label("Your name").fill("Patient")
    page.get_by_label("E-mail").fill("patient@example.org")
    page.get_by_role("button", name="Join the waitlist").click()
    page.get_by_role("heading", name="You are on the waitlist").wait_for()
    inspector.look()
    admin.execute("update service set active = false where tenant_id = %s", [salon.id])
    inspector.look(f"/b/{salon.slug}")

    assert inspector.faults == []


@pytest.mark.parametrize("look", LOOKS)
def test_visits_every_week(visit, salon, day, look):
    visitor = visit(**look)
    inspector = Inspector(visitor)
    page = visitor.go(f"/b/{salon.slug}/{salon.service_id}/book?at={day}T09:00:00%2B00:00")
    page.locator("[data-clock]").wait_for()
    book(visit(), salon, day + timedelta(days=7))

    page.get_by_text("Repeat every week").click()
    inspector.look()
    page.get_by_label("Your name").fill("Weekly")
    page.get_by_label("E-mail").fill("weekly@example.org")
    page.get_by_role("button", name="Book all these visits").click()
    page.get_by_role("heading", name="Not every visit can be had").wait_for()
    inspector.look()
    page.get_by_role("button", name="Book the free ones (1)").click()
    page.get_by_role("heading", name="Your appointments are booked").wait_for()
    inspector.look()

    assert inspector.faults == []


def form(day):
    who = {"name": "Early", "email": "early@example.org"}
    return {"at": f"{day}T09:00:00+00:00", "key": "an-early-bird"} | who


@pytest.mark.parametrize("look", LOOKS)
def test_staffs_pages(visit, salon, member, day, look):
    visitor = visit(**look)
    inspector = Inspector(visitor)
    book(visit(), salon, day)

    for path in ("/staff/login", "/staff/password", "/staff/password/token"):
        inspector.look(path)
    page = log_in(visitor, member)
    for query in ("", f"?date={day}", f"?date={day}&view=week", "/dashboard", f"/dashboard?from={day}&to={day}"):
        inspector.look(f"/staff/{salon.slug}{query}")
    visitor.go(f"/staff/{salon.slug}?date={day}").get_by_role("link", name="Zoë Zimmer").click()
    inspector.look()
    page.get_by_label("New time").fill("2020-01-01T09:00")
    page.get_by_role("button", name="Move").click()
    inspector.look()

    assert inspector.faults == []
