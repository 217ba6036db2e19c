"""A customer with a real browser: on a phone, with the script and without it."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from browser.conftest import DESK, eventually

pytestmark = pytest.mark.postgresql
LIMIT = 60 * 1024  # bytes of a page with all that it loads, as they go over the wire


def times(salon, day):
    return f"/b/{salon.slug}/{salon.service_id}?from={day}"


def fill_in(page):
    page.get_by_label("Your name").fill("Zoë Zimmer")
    page.get_by_label("E-mail").fill("zoe@example.org")
    page.get_by_role("button", name="Book this appointment").click()


def book(visitor, salon, day, time="09:00"):
    visitor.go(times(salon, day)).locator(".times").first.get_by_text(time).click()
    fill_in(visitor.page)
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")


@pytest.mark.parametrize("script", [pytest.param(True, id="with script"), pytest.param(False, id="without")])
def test_a_customer_books_moves_and_cancels(visit, salon, day, script):
    customer = visit(script=script)
    page = customer.go(f"/b/{salon.slug}")

    page.get_by_role("link", name="Cut").click()
    page.get_by_role("link", name=re.compile("^(?!.*: No free time)")).get_by_text(str(day.day), exact=True).click()
    page.locator(".times").first.get_by_text("10:00").click()
    fill_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")
    expect(page.locator("time")).to_contain_text("10:00")

    page.get_by_role("link", name="Move").click()
    page.locator(".times").first.get_by_text("11:30").click()
    page.get_by_role("button", name="Move this appointment").click()
    expect(page.locator("time")).to_contain_text("11:30")

    page.get_by_role("link", name="Cancel this appointment").click()
    expect(page.get_by_text("Cancelling now costs nothing.")).to_be_visible()
    page.get_by_role("button", name="Cancel this appointment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is cancelled")


def test_a_time_that_one_takes_disappears_for_the_other(visit, salon, day):
    watcher, buyer = visit(), visit()
    first_day = watcher.go(times(salon, day)).locator(".times").first
    expect(first_day.get_by_text("09:00")).to_be_visible()

    book(buyer, salon, day)

    expect(first_day.get_by_text("09:00")).to_have_count(0, timeout=5000)
    expect(first_day.get_by_text("09:30")).to_be_visible()
    expect(watcher.page.locator("[data-told]")).to_have_text("09:00 has just been taken")


def test_a_time_that_one_gives_back_is_told_to_the_other(visit, salon, day):
    watcher, leaver = visit(), visit()
    book(leaver, salon, day)
    watcher.go(times(salon, day))

    leaver.page.get_by_role("link", name="Cancel this appointment").click()
    leaver.page.get_by_role("button", name="Cancel this appointment").click()
    watcher.page.get_by_role("link", name="Show it").click()

    expect(watcher.page.locator(".times").first.get_by_text("09:00")).to_be_visible()


def test_the_chosen_time_is_kept_while_the_form_is_filled_in(visit, salon, day, admin):
    customer = visit()

    customer.go(times(salon, day)).locator(".times").first.get_by_text("09:00").click()
    expect(customer.page.locator("[data-clock]")).to_have_text(re.compile(r"^4:5\d$"))
    held = admin.execute("select id from appointment where tenant_id = %s and status = 'held'", [salon.id]).fetchone()
    fill_in(customer.page)

    expect(customer.page.get_by_text(str(held[0]))).to_be_visible()  # the hold became the appointment


def test_a_time_that_somebody_keeps_disappears_for_others(visit, salon, day):
    first, second = visit(), visit()
    offered = second.go(times(salon, day)).locator(".times").first.get_by_text("09:00")
    expect(offered).to_be_visible()

    first.go(times(salon, day)).locator(".times").first.get_by_text("09:00").click()

    expect(offered).to_have_count(0)


def test_whoever_chooses_a_time_that_another_keeps_is_told_at_once(visit, salon, day):
    first, second = visit(), visit()
    second.page.route("**/live*", lambda _: None)  # what is told live does not arrive
    second.go(times(salon, day))
    first.go(times(salon, day)).locator(".times").first.get_by_text("09:00").click()
    expect(first.page.locator("[data-clock]")).to_be_visible()

    second.page.locator(".times").first.get_by_text("09:00").click()

    expect(second.page.get_by_role("alert")).to_contain_text("That time has just been taken")
    expect(second.page.get_by_role("alert").get_by_role("link", name="All free times")).to_be_visible()


def test_a_time_that_was_only_looked_at_is_free_again(visit, salon, day, admin):
    customer = visit()
    customer.go(times(salon, day)).locator(".times").first.get_by_text("09:00").click()
    expect(customer.page.locator("[data-clock]")).to_be_visible()

    customer.page.get_by_role("link", name="change").click()
    expect(customer.page.get_by_role("heading", level=1)).to_have_text("Cut")
    is_free = "select count(*) = 0 from appointment where tenant_id = %s and status = 'held'"
    eventually(lambda: admin.execute(is_free, [salon.id]).fetchone()[0], within_s=5, or_tell="it is still held")
    book(customer, salon, day)


def test_a_hold_that_is_over_still_books_a_time_that_is_free(visit, salon, day, admin):
    customer = visit()
    customer.go(times(salon, day)).locator(".times").first.get_by_text("09:00").click()
    expect(customer.page.locator("[data-clock]")).to_be_visible()

    admin.execute("update appointment set status = 'expired' where tenant_id = %s", [salon.id])
    fill_in(customer.page)

    expect(customer.page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")


def test_a_mistake_is_pointed_at(visit, salon, day):
    customer = visit(script=False)
    page = customer.go(times(salon, day))
    page.locator(".times a").first.click()
    page.get_by_label("Your name").fill("Zoë")
    page.get_by_label("E-mail").fill("zoe@example")  # the browser lets it pass

    page.get_by_role("button", name="Book this appointment").click()

    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_accessible_description("An e-mail address looks like name@example.org.")


def test_a_time_is_reached_and_booked_by_keyboard(visit, salon, day):
    customer = visit(size=DESK)
    page = customer.go(times(salon, day))

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.locator(".times a").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Your name").focus()
    page.keyboard.type("Zoë")
    page.keyboard.press("Tab")
    page.keyboard.type("zoe@example.org")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")


def test_the_readers_own_zone_is_one_click_away(visit, salon, day):
    customer = visit(zone="Asia/Kolkata")
    page = customer.go(times(salon, day))

    page.get_by_text("Times in UTC").click()
    page.get_by_role("link", name="My time zone").click()

    expect(page.locator(".times").first.get_by_text("14:30")).to_be_visible()


@pytest.mark.parametrize("script", [pytest.param(True, id="with script"), pytest.param(False, id="without")])
def test_a_customer_comes_every_week(visit, salon, day, script):
    customer = visit(script=script)
    page = customer.go(times(salon, day))
    page.locator(".times").first.get_by_text("10:00").click()
    page.get_by_label("Your name").fill("Zoë Zimmer")
    page.get_by_label("E-mail").fill("zoe@example.org")

    page.get_by_text("Repeat every week").click()
    page.get_by_label("Number of visits").select_option("3")
    page.get_by_role("button", name="Book all these visits").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointments are booked")
    page.locator(".cards a").nth(2).click()

    expect(page.locator("time")).to_contain_text(f"{day + timedelta(days=14):%-d %B %Y}, 10:00")


def test_a_german_browser_gets_german_pages(visit, salon, day):
    page = visit(language="de-DE").go(times(salon, day))

    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("link", name="Später")).to_be_visible()


def test_a_page_is_small(visit, salon, day):
    customer = visit()

    customer.go(times(salon, day))
    customer.page.wait_for_load_state("load")
    sizes = customer.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(entry => entry.transferSize)"
    )

    assert 0 < sum(sizes) < LIMIT, sizes


def test_an_invented_script_does_not_run(visit, salon):
    customer = visit()
    page = customer.go(f"/b/{salon.slug}")

    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))")

    assert page.evaluate("window.ran") is None
    assert "Content Security Policy" in customer.complaints.pop()
