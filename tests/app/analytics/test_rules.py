from datetime import date
from uuid import UUID

import pytest
from boka_app.analytics import rules
from boka_app.analytics.model import Offer, Row, Worker
from boka_app.availability.model import RangeInvalid

from app.builders import ADA, BELA, MONDAY, tenant

CUT = UUID(int=2)


def row(**changes):
    sums = {"appointments": 1, "completed": 0, "cancelled": 0, "no_shows": 0}
    money = {"booked_minor": 0, "paid_minor": 0, "busy_minutes": 0}
    return Row(**({"day": MONDAY, "service_id": CUT, "employee_id": ADA} | sums | money | changes))


def board(*rows, days=(MONDAY,), workers=()):
    return rules.dashboard(
        tenant(), list(days), rows, workers=workers, offers=[Offer(id=CUT, name="Haircut")], new_customers=0
    )


def test_a_day_without_a_visit_is_shown_with_zeros():
    made = board(row(), days=[MONDAY, date(2026, 11, 24)])

    assert [day.appointments for day in made.days] == [1, 0]


def test_utilisation_is_what_visits_take_of_the_opening_hours():
    workers = [Worker(id=ADA, name="Ada", open_minutes=240), Worker(id=BELA, name="Bela", open_minutes=0)]

    made = board(row(busy_minutes=60), workers=workers)

    assert [(e.name, e.utilisation) for e in made.employees] == [("Ada", 0.25), ("Bela", None)]


def test_the_no_show_rate_counts_visits_whose_time_has_come():
    assert board(row(appointments=9, completed=3, no_shows=1)).no_show_rate == 0.25


def test_a_rate_of_nothing_is_no_rate():
    assert board().no_show_rate is None


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(MONDAY, date(2026, 11, 22), id="empty"),
        pytest.param(MONDAY, date(2027, 11, 24), id="367 days"),
        pytest.param(date.max, date.max, id="end of time"),
    ],
)
def test_a_range_that_cannot_be_shown_is_refused(first, last):
    with pytest.raises(RangeInvalid):
        rules.dates(first, last)


def test_without_bounds_the_last_thirty_days_are_shown():
    assert rules.span(None, None, MONDAY) == (date(2026, 10, 25), MONDAY)


def test_the_beginning_of_time_has_no_day_before():
    assert rules.span(None, date.min, MONDAY) == (date.min, date.min)
