"""What is free: against a plain minute-by-minute oracle, and in the zones that broke rivals."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from boka_app.availability import rules
from boka_app.availability.model import (
    BeyondHorizon,
    NoticeTooShort,
    OutsideHours,
    RangeInvalid,
    SlotInPast,
    SlotTaken,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from app.builders import ADA, BELA, MONDAY, NOW, at, availability, calendar, service, tenant

ZONES = [
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",  # shifts by 30 minutes
    "Africa/Casablanca",  # shifts around Ramadan
    "Asia/Kolkata",  # half an hour off
    "Pacific/Apia",  # skipped 2011-12-30
    "America/Sao_Paulo",  # shifted at midnight
]
DATES = st.dates(date(2011, 1, 1), date(2035, 12, 31))
FIVES = st.integers(0, 48).map(lambda n: n * 5)


def starts(cal, svc=None, ten=None, dates=(MONDAY,), now=NOW):
    found = rules.slots(availability(cal, svc=svc, ten=ten), list(dates), now=now)
    return [slot.starts_at for slot in found]


def test_starts_step_from_opening_and_end_by_closing():
    assert starts(calendar(540, 630)) == [at(9), at(9, 30), at(10)]


def test_a_visit_and_its_buffers_keep_others_away():
    found = starts(calendar(busy=[(at(10), at(10, 30))]), service(buffer_before_minutes=5, buffer_after_minutes=10))

    assert found == [at(9), at(11), at(11, 30)]


def test_buffers_may_reach_outside_the_opening_hours():
    found = starts(calendar(540, 570), service(buffer_before_minutes=60, buffer_after_minutes=60))

    assert found == [at(9)]


def test_an_exception_replaces_the_hours_of_its_date():
    found = starts(calendar(exceptions=[(MONDAY.toordinal(), 600, 630)]))

    assert found == [at(10)]


def test_an_empty_exception_closes_its_date():
    assert starts(calendar(exceptions=[(MONDAY.toordinal(), 0, 0)])) == []


def test_a_visit_may_run_past_midnight_into_open_hours():
    found = starts(calendar(0, 1440), service(duration_minutes=60, step_minutes=60))

    assert found[-1] == at(23)


def test_a_visit_does_not_run_past_midnight_into_closed_hours():
    found = starts(calendar(720, 1440), service(duration_minutes=90, step_minutes=60))

    assert found[-1] == at(22)


def test_no_start_inside_the_notice():
    found = starts(calendar(), ten=tenant(min_notice_minutes=120), now=at(8, 1))

    assert found[0] == at(10, 30)


def test_no_start_beyond_the_horizon():
    found = starts(calendar(), ten=tenant(horizon_days=1), now=at(10) - timedelta(days=1))

    assert found[-1] == at(10)


def test_a_slot_is_listed_once_with_all_who_are_free():
    found = rules.slots(availability(calendar(540, 600), calendar(570, 600, employee_id=BELA)), [MONDAY], now=NOW)

    assert [(slot.starts_at, slot.employees) for slot in found] == [(at(9), [ADA]), (at(9, 30), [ADA, BELA])]


def test_the_least_busy_is_chosen_first():
    cals = [calendar(busy=[(at(11), at(12))]), calendar(employee_id=BELA)]

    chosen = rules.choose_calendars(availability(*cals), at(9), now=NOW)

    assert [c.employee_id for c in chosen] == [BELA, ADA]


@pytest.mark.parametrize(
    ("starts_at", "error"),
    [
        pytest.param(NOW - timedelta(minutes=5), SlotInPast, id="past"),
        pytest.param(NOW + timedelta(minutes=30), NoticeTooShort, id="inside the notice of an hour"),
        pytest.param(NOW + timedelta(days=400), BeyondHorizon, id="after the horizon of a year"),
        pytest.param(at(8, 30), OutsideHours, id="before opening"),
        pytest.param(at(9, 10), OutsideHours, id="between two steps"),
        pytest.param(at(9, 0).replace(second=1), OutsideHours, id="not on a minute"),
        pytest.param(at(10), SlotTaken, id="busy"),
    ],
)
def test_a_start_that_is_not_listed_is_refused_with_its_reason(starts_at, error):
    with pytest.raises(error):
        rules.choose_calendars(
            availability(calendar(busy=[(at(10), at(11))]), ten=tenant(min_notice_minutes=60)), starts_at, now=NOW
        )


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(MONDAY, MONDAY - timedelta(days=1), id="backwards"),
        pytest.param(MONDAY, MONDAY + timedelta(days=31), id="32 days"),
        pytest.param(date.max, date.max, id="a year no calculation survives"),
    ],
)
def test_a_range_outside_its_bounds_is_refused(first, last):
    with pytest.raises(RangeInvalid):
        rules.date_range(first, last)


SERVICES = st.builds(
    lambda duration, before, after, step: service(
        duration_minutes=duration * 5,
        buffer_before_minutes=before * 5,
        buffer_after_minutes=after * 5,
        step_minutes=step * 5,
    ),
    st.integers(1, 24),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(1, 12),
)
BUSY = st.lists(
    st.builds(
        lambda m, d: (at(0) + timedelta(minutes=m * 5), at(0) + timedelta(minutes=(m + d) * 5)),
        st.integers(0, 288),
        st.integers(1, 36),
    ),
    max_size=5,
)


@given(opens=FIVES, length=FIVES, svc=SERVICES, busy=BUSY, earliest=st.integers(-600, 1000))
def test_the_listed_starts_are_those_of_a_plain_search(opens, length, svc, busy, earliest):
    now = at(0) + timedelta(minutes=earliest)

    found = starts(calendar(opens, opens + length, busy=busy), svc, now=now)

    def is_free(start):
        begin, end = rules.occupied_span(svc, start)
        return start >= now and all(end <= a or b <= begin for a, b in busy)

    last = opens + length - svc.duration_minutes
    steps = [at(0) + timedelta(minutes=m) for m in range(opens, last + 1, svc.step_minutes)]
    assert found == [start for start in steps if is_free(start)]


@given(zone=st.sampled_from(ZONES), day=DATES.filter(lambda d: d != date(2011, 12, 30)))
def test_nine_to_five_is_nine_to_five_local_on_every_date(zone, day):
    zone = ZoneInfo(zone)

    ((start, end),) = rules.opening_spans(calendar(540, 1020), [day], zone)

    wall = [moment.astimezone(zone).replace(tzinfo=None) for moment in (start, end)]
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  wall time is what is compared
    assert wall == [midnight + timedelta(hours=9), midnight + timedelta(hours=17)]


@given(zone=st.sampled_from(ZONES), first=DATES)
def test_open_around_the_clock_covers_every_minute_of_a_month_once(zone, first):
    zone = ZoneInfo(zone)
    dates = [first + timedelta(days=n) for n in range(31)]

    spans = list(rules.opening_spans(calendar(0, 1440), dates, zone))

    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert spans[0][0] == datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        pytest.param("Europe/London", date(2026, 3, 29), 23, id="spring"),
        pytest.param("Europe/London", date(2026, 10, 25), 25, id="autumn"),
        pytest.param("Australia/Lord_Howe", date(2026, 4, 5), 24.5, id="half an hour"),
    ],
)
def test_a_day_of_another_length_is_open_for_its_own_length(zone, day, hours):
    ((start, end),) = rules.opening_spans(calendar(0, 1440), [day], ZoneInfo(zone))

    assert (end - start).total_seconds() == hours * 3600


def test_hours_that_the_clock_skips_move_forward():
    ((start, end),) = rules.opening_spans(calendar(75, 105), [date(2026, 3, 29)], ZoneInfo("Europe/London"))

    wall = [moment.astimezone(ZoneInfo("Europe/London")).strftime("%H:%M") for moment in (start, end)]
    assert wall == ["02:15", "02:45"]


def test_hours_that_moved_past_their_closing_are_none():
    assert list(rules.opening_spans(calendar(90, 120), [date(2026, 3, 29)], ZoneInfo("Europe/London"))) == []


def test_hours_that_the_clock_shows_twice_are_the_first():
    ((start, end),) = rules.opening_spans(calendar(75, 105), [date(2026, 10, 25)], ZoneInfo("Europe/London"))

    assert (start, end) == (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 45, tzinfo=UTC))


def test_a_date_that_a_zone_skipped_has_no_hours():
    assert list(rules.opening_spans(calendar(), [date(2011, 12, 30)], ZoneInfo("Pacific/Apia"))) == []


@given(zone=st.sampled_from(ZONES), day=st.dates(date(2026, 1, 1), date(2030, 12, 31)), step=st.sampled_from([15, 45]))
def test_every_listed_start_can_be_booked(zone, day, step):
    ten, svc, cal = tenant(time_zone=zone, horizon_days=730), service(step_minutes=step), calendar(0, 240)
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=3)

    for start in starts(cal, svc, ten, [day, day + timedelta(days=1)], now):
        assert rules.choose_calendars(availability(cal, svc=svc, ten=ten), start, now=now) == [cal]


@settings(max_examples=600)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    svc=st.builds(
        lambda length, before, after: service(
            duration_minutes=length, buffer_before_minutes=before, buffer_after_minutes=after, step_minutes=60
        ),
        st.sampled_from([5, 60, 720]),
        st.sampled_from([0, 240]),
        st.sampled_from([0, 240]),
    ),
    begins=st.integers(-40 * 12, 64 * 12).map(lambda n: timedelta(minutes=n * 5)),
    length=st.sampled_from([timedelta(minutes=5), timedelta(hours=12)]),
    buffers=st.tuples(*[st.sampled_from([timedelta(), timedelta(hours=4)])] * 2),
)
def test_a_visit_changes_only_lists_that_look_at_the_days_it_moves(zone, day, svc, begins, length, buffers):
    ten, now = tenant(time_zone=zone), datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=4)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + begins
    busy = [(start - buffers[0], start + length + buffers[1])]

    if starts(calendar(0, 1440, busy=busy), svc, ten, [day], now) != starts(calendar(0, 1440), svc, ten, [day], now):
        moved = rules.days_moved(start, start + length, zone)
        assert set(moved) & set(rules.days_looked_at(day, day))
