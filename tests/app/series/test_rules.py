"""When the visits of a series are: the same time on the wall, whatever the clock does in between."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from boka_app.series import rules
from hypothesis import given
from hypothesis import strategies as st

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
]


def local(zone, *moment, fold=0):
    return datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001  wall time, the zone comes beside
    st.integers(1, 366),
    st.integers(2, 60),
)
def test_each_visit_is_at_the_same_wall_time_or_where_the_clock_has_none(zone, wall, every_days, count):
    first = wall.replace(second=0, microsecond=0, tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))

    starts = [
        moment.astimezone(ZoneInfo(zone))
        for moment in rules.occurrences(first, first.tzinfo, every_days=every_days, count=count)
    ]

    assert starts[0] == first
    for n, start in enumerate(starts):
        wanted = first.replace(tzinfo=None) + timedelta(days=every_days * n)
        exists = wanted.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert start.replace(tzinfo=None) == exists
        assert exists >= wanted


@pytest.mark.parametrize(
    ("first", "every_days", "second"),
    [
        pytest.param(
            local("Europe/Berlin", 2026, 3, 22, 10), 7, datetime(2026, 3, 29, 8, tzinfo=UTC), id="into summer"
        ),
        pytest.param(
            local("Europe/Berlin", 2026, 10, 18, 10), 7, datetime(2026, 10, 25, 9, tzinfo=UTC), id="into winter"
        ),
        pytest.param(
            local("Europe/Berlin", 2026, 3, 28, 2, 30), 1, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), id="skipped"
        ),
        pytest.param(
            local("Europe/Berlin", 2026, 10, 24, 2, 30), 1, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="twice"
        ),
        pytest.param(
            local("Australia/Lord_Howe", 2026, 10, 3, 9), 1, datetime(2026, 10, 3, 22, tzinfo=UTC), id="half an hour"
        ),
    ],
)
def test_across_a_change_of_the_clock(first, every_days, second):
    assert rules.occurrences(first, first.tzinfo, every_days=every_days, count=2)[1] == second


def test_dates_are_the_tenants():
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)

    starts = rules.occurrences(late, ZoneInfo("Asia/Kathmandu"), every_days=1, count=2)

    assert [moment.astimezone(ZoneInfo("Asia/Kathmandu")).date() for moment in starts] == [
        date(2026, 11, 24),
        date(2026, 11, 25),
    ]
