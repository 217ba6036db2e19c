"""Reading a published calendar, as its connection tells it."""

from datetime import timedelta

import pytest
from boka_app.calendars.model import Feed

from app.builders import at
from app.calendars.conftest import linked
from app.calendars.test_expand import feed as ics
from standins.ics import Ics
from standins.server import Fault

pytestmark = pytest.mark.postgresql


def publish(feed, *events):
    feed.remote.feed = ics(*events).decode()


def test_a_feed_becomes_busy_times(feed):
    publish(feed, "UID:a DTSTART:20261123T090000Z DURATION:PT1H", "UID:b DTSTART:20261124T090000Z DURATION:PT1H")

    feed.sync()

    assert [start.day for start, _ in feed.busy] == [23, 24]
    assert feed.row("status", "failure") == ("connected", None)


def test_what_is_published_no_more_is_busy_no_more(feed):
    publish(feed, "UID:a DTSTART:20261123T090000Z DURATION:PT1H", "UID:b DTSTART:20261124T090000Z DURATION:PT1H")
    feed.sync()

    publish(feed, "UID:b DTSTART:20261124T110000Z DURATION:PT1H")
    feed.sync()

    assert feed.busy == [(at(11) + timedelta(days=1), at(12) + timedelta(days=1))]


def test_a_feed_that_did_not_change_is_not_read_again(feed):
    publish(feed, "UID:a DTSTART:20261123T090000Z DURATION:PT1H")
    feed.sync()

    feed.sync()

    assert "if-none-match" in feed.remote.recorded[-1].headers
    assert feed.calendar_version == 1
    assert len(feed.busy) == 1


def test_a_feed_that_did_not_change_is_read_again_for_a_later_horizon(feed):
    publish(feed, "UID:a DTSTART:20270705T090000Z DURATION:PT1H")
    feed.sync()
    assert feed.busy == []

    feed.sync(later=timedelta(days=40))

    assert len(feed.busy) == 1


@pytest.mark.parametrize(
    ("kind", "told"), [("detour", "answers 302"), ("huge", "over 2097152 bytes"), ("page", "no iCalendar")]
)
def test_what_is_no_feed_is_told_and_what_was_read_stays(feed, kind, told):
    publish(feed, "UID:a DTSTART:20261123T090000Z DURATION:PT1H")
    feed.sync()
    body = {"body": "<html>Sign in</html>", "status": 200} if kind == "page" else {}
    feed.remote.faults.append(Fault(kind="refuse" if kind == "page" else kind, **body))

    feed.sync()

    assert feed.row("status") == "failing"
    assert told in feed.row("failure")
    assert len(feed.busy) == 1


def test_a_private_address_is_never_asked(salon, admin, database):
    with linked(Ics(), salon, admin, database) as found:
        found.settings = {}
        found.connect(secret=Feed(url=f"{found.remote.url}/calendar.ics"))

        found.sync()

        assert "private network" in found.row("failure")
        assert found.remote.recorded == []
