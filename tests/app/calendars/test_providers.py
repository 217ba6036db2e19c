"""The contract of a provider, kept by both against what their stand-ins speak."""

from datetime import UTC, datetime, timedelta

import pytest

from app.builders import at
from standins.server import Fault

pytestmark = pytest.mark.postgresql
HOUR = timedelta(hours=1)


def recorded(account, method, path=""):
    return [r for r in account.remote.recorded if r.method == method and path in r.path]


def span(hour):
    return (at(hour), at(hour, 30))


def times(hour):
    begin, end = span(hour)
    return {"occupied_from": begin, "starts_at": begin, "ends_at": end, "occupied_until": end}


# Reading


def test_busy_times_are_read_through_all_pages(account):
    for number in range(5):
        account.remote.put(f"event{number}", at(9 + number), at(10 + number))

    account.connect().sync()

    assert account.busy == [(at(9 + n), at(10 + n)) for n in range(5)]
    assert account.row("status", "failure") == ("connected", None)


def test_free_times_are_left_out(account):
    account.remote.put("event1", at(9), at(10), busy=False)

    account.connect().sync()

    assert account.busy == []


def test_whole_days_are_days_where_the_business_is(account):
    account.remote.put_day("event1", "2026-11-24", "2026-11-25")
    zone_of_the_account = {
        "google": datetime(2026, 11, 23, 23, tzinfo=UTC),
        "microsoft": at(0, day=at(0).date()) + 24 * HOUR,
    }

    account.connect().sync()

    assert account.busy == [
        (zone_of_the_account[account.remote.name], zone_of_the_account[account.remote.name] + 24 * HOUR)
    ]


def test_only_what_changed_is_read_the_second_time(account):
    account.remote.put("event1", at(9), at(10))
    account.remote.put("event2", at(11), at(12))
    account.connect().sync()
    account.remote.recorded.clear()

    account.remote.put("event1", at(13), at(14))
    account.remote.remove("event2")
    account.remote.put("event3", at(15), at(16))
    account.sync()

    assert account.busy == [(at(13), at(14)), (at(15), at(16))]
    assert len(recorded(account, "GET")) == 2  # three changes on pages of two


def test_an_event_that_becomes_free_is_busy_no_more(account):
    account.remote.put("event1", at(9), at(10))
    account.connect().sync()

    account.remote.put("event1", at(9), at(10), busy=False)
    account.sync()

    assert account.busy == []


def test_a_state_too_old_makes_everything_be_read_again(account):
    account.remote.put("event1", at(9), at(10))
    account.connect().sync()
    account.remote.remove("event1")
    account.remote.put("event2", at(11), at(12))
    account.remote.events.pop("event1")
    account.remote.faults.append(fault("expired", times=1))

    account.sync()

    assert account.busy == [(at(11), at(12))]
    assert account.row("status") == "connected"


def test_everything_is_read_again_when_the_horizon_passes_what_was_read(account):
    account.remote.put(
        "event1", at(9, day=at(9).date() + timedelta(days=225)), at(10, day=at(9).date() + timedelta(days=225))
    )
    account.connect().sync()
    assert account.busy == []

    account.sync(later=timedelta(days=40))

    assert len(account.busy) == 1


def test_the_availability_changes_with_what_is_read_and_only_then(account):
    account.remote.put("event1", at(9), at(10))
    account.connect().sync()
    after_first = account.calendar_version

    account.sync()

    assert (after_first, account.calendar_version) == (1, 1)


# Writing


def test_a_booking_is_written_moved_and_withdrawn(account):
    account.connect(writes=True).sync()

    visit = account.book(9)
    account.work()
    booked = list(account.remote.written().values())
    account.change(visit, "appointment.moved", **times(11))
    account.work()
    moved = list(account.remote.written().values())
    account.change(visit, "appointment.cancelled", status="cancelled")
    account.work()

    assert (booked, moved, account.remote.written()) == ([span(9)], [span(11)], {})


def test_our_own_events_are_no_busy_times(account):
    account.connect(writes=True).sync()
    account.book(9)
    account.work()

    account.sync()

    assert account.busy == []


def test_visits_booked_before_are_written_on_connecting(account):
    account.book(9)
    account.book(10)

    account.connect(writes=True).sync()

    assert sorted(account.remote.written().values()) == [span(9), span(10)]


def test_a_connection_that_does_not_write_stays_as_it_is(account):
    account.connect().sync()

    account.book(9)
    account.work()

    assert account.remote.written() == {}


def test_events_out_of_order_end_as_the_visit_is_now(account):
    account.connect(writes=True).sync()
    visit = account.book(9)
    account.change(visit, "appointment.cancelled", status="cancelled")
    account.work()

    account.tell("appointment.booked", visit)  # as if it had waited the longest
    account.work()

    assert account.remote.written() == {}


def test_a_lost_answer_makes_no_second_event(account):
    account.connect(writes=True).sync()
    account.book(9)
    account.remote.faults.append(fault("lost", path=events_path(account), times=1))
    account.work()

    account.sync(later=HOUR)

    assert list(account.remote.written().values()) == [span(9)]
    assert account.row("status") == "connected"


def test_an_event_its_owner_deleted_is_written_again_when_the_visit_changes(account):
    account.connect(writes=True).sync()
    visit = account.book(9)
    account.work()
    account.remote.remove(next(iter(account.remote.written())))

    account.change(visit, "appointment.confirmed", notes="x")
    account.work()

    assert list(account.remote.written().values()) == [span(9)]


def test_a_group_stands_there_once(account):
    account.admin.execute("update service set capacity = 3 where tenant_id = %s", [account.salon.id])
    account.connect(writes=True).sync()
    session = account.book(9)
    account.admin.execute("update appointment set kind = 'session', customer_id = null where id = %s", [session])
    seat = account.book(9, kind="seat", parent_id=session, seat_no=1)
    account.work()

    account.change(seat, "appointment.cancelled", status="cancelled")
    account.change(session, "appointment.moved", **times(10))
    account.work()

    assert list(account.remote.written().values()) == [span(10)]


def test_an_erased_customer_goes_from_the_calendar_too(account):
    account.connect(writes=True).sync()
    visit = account.book(9)
    account.work()
    customer = account.admin.execute("select customer_id from appointment where id = %s", [visit]).fetchone()[0]

    account.admin.execute("update customer set name = 'erased' where id = %s", [customer])
    account.tell("customer.erased", customer)
    account.work()

    (event,) = [event for event in account.remote.events.values() if event]
    assert event.get("summary", event.get("subject")) == "Cut · erased"


def test_removing_takes_our_events_out_and_then_the_row(account):
    account.connect(writes=True).sync()
    account.book(9)
    account.work()

    account.admin.execute(
        "update calendar_connection set status = 'removing', removing_since = %s where id = %s",
        [account.now, account.id],
    )
    account.sync()

    assert account.remote.written() == {}
    assert account.row("id") is None


# Tokens


def test_an_old_token_is_refreshed_once(account):
    account.connect().sync()

    account.sync(later=2 * HOUR)
    account.sync(later=2 * HOUR)

    assert account.remote.refreshes == 2
    assert account.row("status") == "connected"


def test_a_token_that_is_refused_is_refreshed(account):
    account.connect().sync()
    account.remote.forget_access()

    account.sync()

    assert account.remote.refreshes == 1
    assert account.row("status") == "connected"


def test_two_jobs_at_once_refresh_once(account):
    account.connect().sync()
    account.remote.faults.append(fault("refuse", path="/token", delay_s=0.5))  # no status: only late

    account.order()
    account.sync(later=2 * HOUR)

    assert account.remote.refreshes == 1
    assert account.row("status") == "connected"


def test_a_consent_taken_back_is_told_and_not_tried_again(account):
    account.connect().sync()
    account.remote.revoke()
    account.sync()
    account.remote.recorded.clear()

    account.sync(later=24 * HOUR)

    assert account.row("status") == "revoked"
    assert "connect the calendar again" in account.row("failure")
    assert account.remote.recorded == []


# Refusals


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_failure_is_told_and_tried_again_later(account, status):
    account.remote.put("event1", at(9), at(10))
    account.connect().sync()
    account.remote.faults.append(fault("refuse", path=api_path(account), status=status, times=1))

    account.sync()
    failing = account.row("status", "failure", "failures")
    account.sync(later=HOUR)

    assert failing == ("failing", f"the provider answered {status}", 1)
    assert account.row("status", "failure", "failing_since", "failures") == ("connected", None, None, 0)
    assert account.busy == [(at(9), at(10))]  # what was read stays meanwhile


def test_an_event_that_cannot_be_written_keeps_no_other_back_and_no_reading(account):
    account.book(9)
    account.book(10)
    account.remote.faults.append(fault("refuse", path=events_path(account), status=400, times=1))

    account.connect(writes=True).sync()
    account.sync(later=HOUR)

    asked = [r.method for r in account.remote.recorded if r.path.startswith(api_path(account))]
    assert asked[:4] == ["POST", "POST", "GET", "POST"]  # refused, the other, reading, once more
    assert sorted(account.remote.written().values()) == [span(9), span(10)]
    assert account.row("status", "failure") == ("connected", None)


def test_a_removal_that_fails_for_long_leaves_our_events_there(account):
    account.connect(writes=True).sync()
    account.book(9)
    account.work()
    account.remote.faults.append(fault("refuse", path=api_path(account), status=500))
    account.admin.execute(
        "update calendar_connection set status = 'removing', removing_since = %s where id = %s",
        [account.now, account.id],
    )

    account.sync()
    kept = account.row("id")
    account.sync(later=15 * 24 * HOUR)

    assert (kept, account.row("id")) == (account.id, None)
    assert len(account.remote.written()) == 1


def test_failures_wait_longer_each_time(account):
    account.remote.faults.append(fault("refuse", path=api_path(account), status=500))
    account.connect()

    account.sync()
    first = account.row("next_sync_at") - account.now
    account.sync()
    second = account.row("next_sync_at") - account.now

    assert (first, second) == (timedelta(minutes=1), timedelta(minutes=2))


def test_a_pause_that_is_asked_for_is_kept(account):
    account.connect().sync()
    account.remote.faults.append(fault("throttle", times=1))

    account.sync()

    assert account.row("status", "failure") == ("failing", "the provider asks for a pause (429)")
    assert account.row("next_sync_at") - account.now == timedelta(minutes=1)  # seven seconds are asked for


def test_an_answer_that_makes_no_sense_is_told(account):
    account.remote.faults.append(fault("refuse", path=api_path(account), status=200, body="<html>Sign in</html>"))

    account.connect().sync()

    assert "do not understand" in account.row("failure")


def fault(kind, **facts):
    return Fault(kind=kind, **({"path": "/"} | facts))


def api_path(account):
    return {"google": "/calendar/v3", "microsoft": "/v1.0"}[account.remote.name]


def events_path(account):
    return {"google": "/calendar/v3/calendars/primary/events", "microsoft": "/v1.0/me/events"}[account.remote.name]
