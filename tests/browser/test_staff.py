"""Staff with a real browser."""

import re

import pytest
from playwright.sync_api import expect

from browser.conftest import DESK
from browser.test_customer import book, times

pytestmark = pytest.mark.postgresql


def log_in(visitor, member):
    page = visitor.go("/staff/login")
    page.get_by_label("E-mail").fill(member.email)
    page.get_by_label("Password").fill(member.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Calendar")).to_be_visible()
    return page


def test_staff_see_a_booking_as_it_is_made(visit, salon, member, day):
    staff, customer = visit(size=DESK), visit()
    page = log_in(staff, member)
    staff.go(f"/staff/{salon.slug}?date={day}")
    expect(page.get_by_text("No appointments")).to_be_visible()

    book(customer, salon, day)

    expect(page.get_by_role("link", name="Zoë Zimmer")).to_be_visible(timeout=5000)


def test_staff_cancel_and_the_customer_reads_it(visit, salon, member, day):
    staff, customer = visit(), visit()
    book(customer, salon, day)
    page = log_in(staff, member)

    staff.go(f"/staff/{salon.slug}?date={day}").get_by_role("link", name="Zoë Zimmer").click()
    page.get_by_label("Reason").fill("Ada is ill")
    page.get_by_role("button", name="Cancel this appointment").click()
    expect(page.locator(".badge")).to_have_text("cancelled")

    customer.page.reload()
    expect(customer.page.get_by_role("heading", level=1)).to_have_text("Your appointment is cancelled")


def test_staff_move_without_a_script(visit, salon, member, day):
    staff = visit(script=False)
    book(visit(), salon, day)
    page = log_in(staff, member)

    staff.go(f"/staff/{salon.slug}?date={day}").get_by_role("link", name="Zoë Zimmer").click()
    page.get_by_label("New time").fill(f"{day}T11:00")
    page.get_by_role("button", name="Move").click()

    expect(page.locator("dl")).to_contain_text("11:00")


def test_the_figures_follow_what_happens(visit, salon, member, day):
    staff = visit(size=DESK)
    page = log_in(staff, member)
    staff.go(f"/staff/{salon.slug}/dashboard?from={day}&to={day}")
    expect(page.locator(".figures dd").first).to_have_text("0")

    book(visit(), salon, day)

    expect(page.locator(".figures dd").first).to_have_text("1", timeout=5000)


def test_the_browser_keeps_the_session_from_scripts_and_other_sites(visit, member):
    staff = visit()
    page = log_in(staff, member)

    (cookie,) = page.context.cookies()

    assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
        "__Host-boka",
        True,
        True,
        "Strict",
    )
    assert page.evaluate("document.cookie") == ""


def test_after_the_log_out_the_way_back_is_closed(visit, member):
    page = log_in(visit(), member)

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.go_back()
    page.reload()

    expect(page).to_have_url(re.compile("/staff/login"))


def test_a_public_page_has_no_cookie(visit, salon, day):
    page = visit().go(times(salon, day))

    assert page.context.cookies() == []
