"""One decision for the list and for booking: groups, everybody at once, caps, limits, reasons, ranking."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from boka_app.availability import rules
from boka_app.availability.model import DayFull, OutsideHours, SlotTaken
from boka_app.errors import DomainError
from hypothesis import given
from hypothesis import strategies as st

from app.availability.test_rules import ZONES
from app.builders import ADA, BELA, MONDAY, NOW, at, availability, calendar, service, tenant

DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31))


def listed(found, dates=(MONDAY,), now=NOW, order="time"):
    return [slot.starts_at for slot in rules.slots(found, list(dates), now=now, order=order)]


def session(hour, taken):
    return (rules.cell_of(at(hour)), taken)


def test_a_group_is_listed_while_it_has_a_seat_left_and_is_led_by_whoever_leads_it():
    leads = calendar(busy=[(at(10), at(10, 30))], sessions=[session(10, 2)])
    found = availability(calendar(employee_id=BELA), leads, svc=service(capacity=3))

    chosen = rules.choose_calendars(found, at(10), now=NOW)

    assert [c.employee_id for c in chosen] == [ADA, BELA]


def test_a_full_group_is_not_listed():
    full = calendar(busy=[(at(10), at(10, 30))], sessions=[session(10, 3)])
    found = availability(full, svc=service(capacity=3))

    assert at(10) not in listed(found)
    with pytest.raises(SlotTaken):
        rules.choose_calendars(found, at(10), now=NOW)


def test_a_day_at_its_cap_takes_nobody_new_but_seats_of_what_is_there():
    there = calendar(busy=[(at(10), at(10, 30))], sessions=[session(10, 1)])
    found = availability(there, svc=service(capacity=3), full_days=[MONDAY.toordinal()])

    assert listed(found) == [at(10)]
    with pytest.raises(DayFull):
        rules.choose_calendars(found, at(9), now=NOW)


def test_all_are_listed_only_where_each_is_free():
    found = availability(
        calendar(540, 660), calendar(600, 720, employee_id=BELA), svc=service(assignment="all", step_minutes=30)
    )

    assert listed(found) == [at(10), at(10, 30)]
    with pytest.raises(OutsideHours):
        rules.choose_calendars(found, at(9), now=NOW)


def test_in_a_round_robin_whoever_waited_longest_is_next():
    found = availability(
        calendar(last_assigned_at=20), calendar(employee_id=BELA), svc=service(assignment="round_robin")
    )

    assert [c.employee_id for c in rules.choose_calendars(found, at(9), now=NOW)] == [BELA, ADA]


def test_what_the_service_says_of_notice_and_horizon_goes_before_the_tenant():
    ten = tenant(min_notice_minutes=10_000, horizon_days=1)
    found = availability(calendar(), svc=service(min_notice_minutes=0, horizon_days=30), ten=ten)

    assert listed(found) != []


def test_time_off_of_everybody_and_busy_times_elsewhere_count_like_visits():
    away = calendar(away=[(rules.cell_of(at(9)), rules.cell_of(at(10)))])
    found = availability(away, closed=[(rules.cell_of(at(11)), rules.cell_of(at(12)))])

    assert listed(found) == [at(10), at(10, 30)]


@pytest.mark.parametrize(
    ("found", "now", "reason", "count"),
    [
        pytest.param(availability(calendar(0, 0)), NOW, "outside_hours", 1, id="closed"),
        pytest.param(availability(calendar(busy=[(at(9), at(12))])), NOW, "busy", 6, id="busy"),
        pytest.param(availability(calendar(), ten=tenant(min_notice_minutes=600)), at(8), "min_notice", 6, id="notice"),
        pytest.param(availability(calendar(), ten=tenant(horizon_days=1)), NOW, "horizon", 6, id="horizon"),
        pytest.param(availability(calendar(full_days=[MONDAY.toordinal()])), NOW, "cap", 6, id="cap"),
        pytest.param(
            availability(
                calendar(540, 570, busy=[(at(9), at(9, 30))], sessions=[session(9, 2)]), svc=service(capacity=2)
            ),
            NOW,
            "full",
            1,
            id="full",
        ),
    ],
)
def test_an_empty_list_says_why(found, now, reason, count):
    told = rules.reasons(found, [MONDAY], now=now)

    assert listed(found, now=now) == []
    assert {name: number for name, number in told.items() if number} == {reason: count}


def test_compact_begins_with_what_fills_a_gap_and_keeps_the_long_one_whole():
    found = availability(calendar(540, 720, busy=[(at(9, 30), at(10))]))

    assert listed(found, order="compact") == [at(9), at(10), at(11, 30), at(10, 30), at(11)]


@given(zone=st.sampled_from(ZONES), day=DAYS, notice=st.integers(0, 600))
def test_the_notice_is_elapsed_time_also_on_the_day_the_clock_changes(zone, day, notice):
    now = datetime(day.year, day.month, day.day, 0, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    ten = tenant(time_zone=zone, min_notice_minutes=notice, horizon_days=2)
    found = availability(calendar(0, 1440), svc=service(step_minutes=5, duration_minutes=5), ten=ten)

    starts = listed(found, [day, day + timedelta(days=1)], now)

    assert timedelta(minutes=notice) <= starts[0] - now < timedelta(minutes=notice + 10)


@given(
    zone=st.sampled_from(ZONES),
    day=DAYS,
    steps=st.sampled_from([5, 15, 45]),
    buffers=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    busy=st.lists(st.tuples(st.integers(0, 560), st.integers(1, 40), st.integers(0, 1)), max_size=12),
    assignment=st.sampled_from(["any", "round_robin", "all"]),
    capped=st.booleans(),
)
def test_every_listed_start_books_and_every_other_is_refused(  # noqa: PLR0913, PLR0917  what decides
    zone, day, steps, buffers, busy, assignment, capped
):
    dates = [day, day + timedelta(days=1)]
    now = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    svc = service(
        step_minutes=steps,
        buffer_before_minutes=buffers[0] * 5,
        buffer_after_minutes=buffers[1] * 5,
        assignment=assignment,
        min_notice_minutes=45,
    )
    base = rules.cell_of(now)
    times = [[(base + begin, base + begin + length) for begin, length, who in busy if who == n] for n in (0, 1)]
    found = availability(
        calendar(0, 480, away=times[0]),
        calendar(120, 1440, employee_id=BELA, away=times[1], full_days=[dates[1].toordinal()] if capped else []),
        svc=svc,
        ten=tenant(time_zone=zone, horizon_days=1),
    )

    starts = set(listed(found, dates, now))

    every = [now.replace(hour=0) + timedelta(minutes=5 * n) for n in range(-12 * 14, 12 * 40)]
    asked = [start for start in every if start.astimezone(ZoneInfo(zone)).date() in dates]
    assert {start for start in asked if books(found, start, now)} == starts


def books(found, start, now):
    try:
        return bool(rules.choose_calendars(found, start, now=now))
    except DomainError:
        return False
