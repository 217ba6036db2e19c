import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from boka_app.calendars import expand
from boka_app.calendars.model import FeedRefused

from app.builders import at


def question(**changes):
    defaults = {"zone": "UTC", "begin": at(0), "end": at(0) + timedelta(days=7), "own": "@boka.test"}
    return expand.Question(**(defaults | changes))


def feed(*events):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", "DTSTAMP:20261101T000000Z", *event.split(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def spans(*events, **changes):
    return [(b.starts_at, b.ends_at) for b in expand.list_busy(feed(*events), question(**changes))]


def test_an_event_is_busy_from_start_to_end():
    assert spans("UID:a DTSTART:20261123T090000Z DTEND:20261123T100000Z") == [(at(9), at(10))]


def test_a_recurring_event_is_busy_each_time_but_the_excepted():
    found = spans("UID:a DTSTART:20261101T090000Z DURATION:PT1H RRULE:FREQ=DAILY EXDATE:20261124T090000Z")

    assert [start.day for start, _ in found] == [23, 25, 26, 27, 28, 29]


def test_a_moved_occurrence_is_busy_where_it_went():
    found = spans(
        "UID:a DTSTART:20261123T090000Z DURATION:PT1H RRULE:FREQ=DAILY;COUNT=2",
        "UID:a RECURRENCE-ID:20261123T090000Z DTSTART:20261123T150000Z DURATION:PT1H",
    )

    assert sorted(start.hour for start, _ in found) == [9, 15]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param("UID:a DTSTART:20261123T090000Z DURATION:PT1H TRANSP:TRANSPARENT", id="free by its own word"),
        pytest.param("UID:a DTSTART:20261123T090000Z DURATION:PT1H STATUS:CANCELLED", id="cancelled"),
        pytest.param("UID:1@boka.test DTSTART:20261123T090000Z DURATION:PT1H", id="our own"),
        pytest.param("UID:a DTSTART:20261123T090000Z", id="without length"),
        pytest.param("UID:a DTSTART:20261123T090000Z DURATION:PT1H RRULE:FREQ=NEVER", id="not understood"),
        pytest.param("UID:a DTSTART:20261101T090000Z DURATION:PT1H", id="before the span"),
    ],
)
def test_what_keeps_nobody_is_left_out(event):
    assert spans(event) == []


def test_a_day_is_the_tenants_day():
    (span,) = spans("UID:a DTSTART;VALUE=DATE:20261124", zone="Europe/Berlin")

    assert span == (datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 24, 23, tzinfo=UTC))


def test_a_floating_time_is_the_tenants_time():
    ((start, _),) = spans("UID:a DTSTART:20261124T090000 DURATION:PT1H", zone="America/New_York")

    assert start == datetime(2026, 11, 24, 14, tzinfo=UTC)


def test_a_floating_time_near_the_edge_of_the_span_is_seen():
    ((start, _),) = spans("UID:a DTSTART:20261122T220000 DURATION:PT1H", zone="America/New_York")

    assert start == at(3)


@pytest.mark.filterwarnings("ignore::UserWarning")  # that a vendor's name is guessed, which is what we want
@pytest.mark.parametrize(
    "name", ["W. Europe Standard Time", "Europe/Berlin", "/freeassociation.sourceforge.net/Europe/Berlin"]
)
def test_zones_are_known_under_the_names_that_programs_use(name):
    raw = feed("UID:a DTSTART;TZID=X:20261124T090000 DURATION:PT1H").replace(b"TZID=X", b'TZID="%s"' % name.encode())

    (busy,) = expand.list_busy(raw, question())

    assert busy.starts_at == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_a_page_is_no_calendar():
    with pytest.raises(FeedRefused, match="no iCalendar"):
        expand.list_busy(b"<html>Sign in</html>", question())


def test_more_than_the_cap_is_refused():
    with pytest.raises(FeedRefused, match="more than 5000"):
        spans("UID:a DTSTART:20261123T090000Z DURATION:PT1M RRULE:FREQ=MINUTELY")


def test_a_process_of_its_own_reads_the_same():
    raw = feed("UID:a DTSTART:20261123T090000Z DTEND:20261123T100000Z")

    assert asyncio.run(expand.expand(raw, question())) == expand.list_busy(raw, question())


def test_how_large_its_parent_is_does_not_count():
    ballast = b"x" * (expand._MEMORY_BYTES + 2**20)
    raw = feed("UID:a DTSTART:20261123T090000Z DTEND:20261123T100000Z")

    assert asyncio.run(expand.expand(raw, question())) == expand.list_busy(raw, question())
    assert ballast


def test_a_bomb_is_stopped():
    bomb = feed("UID:a DTSTART:00010101T000000Z DURATION:PT1S RRULE:FREQ=SECONDLY")

    with pytest.raises(FeedRefused):
        asyncio.run(expand.expand(bomb, question(end=at(0) + timedelta(days=700), processor_s=1.0)))
