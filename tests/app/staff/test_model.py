from datetime import date

import msgspec
import pytest
from boka_app.staff import model

from app.builders import BELA, MONDAY


def test_a_week_begins_on_monday():
    assert model.span(date(2026, 11, 25), week=True)[0] == MONDAY
    assert model.span(date(2026, 11, 25), week=False) == [date(2026, 11, 25)]


def test_a_form_moves_in_the_tenants_time():
    edit = model.edit_from_form({"at": "2026-11-23T09:30", "employee": str(BELA)}, "Europe/Berlin")

    assert edit.starts_at.isoformat() == "2026-11-23T09:30:00+01:00"
    assert edit.employee == BELA


@pytest.mark.parametrize("at", ["", "tomorrow", "2026-13-01T09:00"])
def test_a_form_without_a_time_moves_nothing(at):
    with pytest.raises(msgspec.ValidationError):
        model.edit_from_form({"at": at}, "UTC")


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        pytest.param("/staff/salon?view=week", "/staff/salon?view=week", id="ours"),
        pytest.param("https://evil.example/staff/", "/staff", id="another site"),
        pytest.param("//evil.example", "/staff", id="another host"),
        pytest.param("/staff/login?next=/staff/login", "/staff", id="in a circle"),
        pytest.param(None, "/staff", id="nothing"),
    ],
)
def test_a_log_in_leads_to_pages_of_staff_only(wanted, page):
    assert model.next_page(wanted) == page
