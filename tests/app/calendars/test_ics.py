import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
from boka_app.calendars import ics
from boka_app.calendars.model import Visit
from boka_app.database import make_pool, tenant_transaction

from app.builders import NOW, at

ZONES = [
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "UTC",
]
STEP = timedelta(minutes=29)  # the shortest change of a clock is half an hour
MOMENTS = [datetime(2026, 2, 1, tzinfo=UTC) + n * STEP for n in range(timedelta(days=290) // STEP)]


def visit(**changes):
    defaults = {
        "id": UUID(int=7),
        "version": 3,
        "status": "confirmed",
        "starts_at": at(10),
        "ends_at": at(11),
        "time_zone": "Europe/Berlin",
        "created_at": NOW,
        "updated_at": NOW,
        "summary": "Cut",
        "description": "",
        "location": "Salon",
    }
    return Visit(**(defaults | changes))


def parsed(*visits):
    return icalendar.Calendar.from_ical(ics.write(visits, host="boka.test", name="Salon"))


def test_a_visit_keeps_its_name_and_counts_its_changes():
    (event,) = parsed(visit()).events

    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (f"{UUID(int=7)}@boka.test", 3, "CONFIRMED")
    assert event.start == at(10)
    assert event.end == at(11)


def test_a_cancelled_visit_frees_the_time():
    (event,) = parsed(visit(status="cancelled")).events

    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")


def test_text_comes_back_as_it_was_however_long():
    text = "Zoë; Ä, \\ and\nmore " + "é" * 200

    (event,) = parsed(visit(summary=text)).events

    assert event["SUMMARY"] == text


def test_no_line_is_longer_than_75_octets():
    raw = ics.write([visit(summary="é" * 200)], host="boka.test", name="Salon")

    assert max(len(line) for line in raw.split(b"\r\n")) <= 75


def test_the_same_visits_make_the_same_bytes():
    assert ics.write([visit()], host="a", name="b") == ics.write([visit()], host="a", name="b")


@pytest.mark.parametrize("name", ZONES)
def test_the_time_zone_written_is_the_one_meant(name):
    zone = parsed(visit(time_zone=name, starts_at=at(10), ends_at=at(11))).timezones[0].to_tz(lookup_tzid=False)
    truth = ZoneInfo(name)

    wrong = [m for m in MOMENTS if m.astimezone(zone).utcoffset() != m.astimezone(truth).utcoffset()]

    assert wrong == []


@pytest.mark.postgresql
def test_a_booking_is_given_as_a_calendar_file(database, salon, book):
    booked = book().json["appointment"]

    async def fetch():
        pool = make_pool(database.as_role("booking_app"), max_size=1)
        async with pool, tenant_transaction(pool, salon.slug) as (conn, _tenant):
            return await ics.appointment_ics(conn, UUID(booked["id"]), public_url="https://boka.test")

    (event,) = icalendar.Calendar.from_ical(asyncio.run(fetch())).events
    assert (event["UID"], event["SUMMARY"], event["LOCATION"]) == (f"{booked['id']}@boka.test", "Cut", "Salon")
