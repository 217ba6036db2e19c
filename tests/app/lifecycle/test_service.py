"""Changes of state on a real PostgreSQL: what each frees, tells and notes, and that of two at once one wins."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from boka_app.appointments.model import AppointmentUnknown
from boka_app.lifecycle import service
from boka_app.lifecycle.model import AppointmentEnded

from app.builders import NOW, at

pytestmark = pytest.mark.postgresql

CANCEL = {"by": "customer", "reason": "", "now": NOW}


def test_a_pending_appointment_is_confirmed_once(within, salon, put_row, see, events):
    appointment_id = put_row(salon, status="pending", expires_at=NOW)
    confirm = partial(service.confirm, appointment_id=appointment_id, now=NOW)

    assert within(salon, *[confirm] * 8) == [True] * 8
    assert see(appointment_id, "status, expires_at") == ("confirmed", None)
    assert events(appointment_id) == ["appointment.confirmed"]


@pytest.mark.parametrize("status", ["expired", "cancelled", "held"])
def test_what_lost_its_slot_is_not_confirmed(within, salon, put_row, see, status):
    appointment_id = put_row(salon, status=status, expires_at=NOW)

    assert within(salon, partial(service.confirm, appointment_id=appointment_id, now=NOW)) == [False]
    assert see(appointment_id) == status


def test_of_two_pendings_of_one_slot_the_expired_one_is_not_confirmed(within, salon, put_row, see):
    first = put_row(salon, status="expired", expires_at=NOW)
    second = put_row(salon, status="pending", expires_at=NOW + timedelta(minutes=5))

    answers = within(salon, *(partial(service.confirm, appointment_id=one, now=NOW) for one in (first, second)))

    assert (answers, see(first), see(second)) == ([False, True], "expired", "confirmed")


def test_of_a_confirmation_and_the_sweep_exactly_one_wins(within, salon, put_row, see, events):
    appointment_id = put_row(salon, status="pending", expires_at=NOW)
    confirm = partial(service.confirm, appointment_id=appointment_id, now=NOW)
    sweep = partial(service.expire_due, now=NOW)

    answers = within(salon, confirm, sweep, sweep, sweep)

    assert sum(answers) == 1
    assert events(appointment_id) == [f"appointment.{see(appointment_id)}"]


def test_of_cancelling_completing_and_absence_exactly_one_wins(within, salon, put_row, see, events):
    appointment_id = put_row(salon)
    begun = at(10, 5)
    ends = [
        partial(service.cancel, appointment_id=appointment_id, **(CANCEL | {"by": "staff", "now": begun})),
        partial(service.complete, appointment_id=appointment_id, now=begun),
        partial(service.mark_no_show, appointment_id=appointment_id, now=begun),
    ]

    answers = within(salon, *ends)

    assert [isinstance(answer, AppointmentEnded) for answer in answers].count(True) == 2
    assert events(appointment_id) == [f"appointment.{see(appointment_id)}"]


def test_cancelling_keeps_who_why_and_the_fee(within, salon, put_row, see, admin):
    admin.execute("update tenant set cancel_until_minutes = 10080, cancel_fee_percent = 30 where id = %s", [salon.id])
    appointment_id = put_row(salon, price_minor=2000, paid_minor=500)
    cancel = partial(service.cancel, appointment_id=appointment_id, by="customer", reason="ill", now=NOW)

    (money,) = within(salon, cancel)
    (again,) = within(salon, cancel)

    assert (money.fee_minor, money.refund_minor) == (600, 0)
    assert money == again
    assert see(appointment_id, "cancelled_by, cancel_reason, fee_minor, cancelled_at") == ("customer", "ill", 600, NOW)


def test_the_event_of_a_cancellation_has_ids_times_and_money_only(within, salon, put_row, admin):
    appointment_id = put_row(salon)

    within(salon, partial(service.cancel, appointment_id=appointment_id, **CANCEL))

    (payload,) = admin.execute("select payload from outbox where subject_id = %s", [appointment_id]).fetchone()
    assert payload == {
        "status": "cancelled",
        "service_id": str(salon.service_id),
        "employee_id": str(salon.employee_ids[0]),
        "starts_at": "2026-11-23T10:00:00+00:00",
        "ends_at": "2026-11-23T10:30:00+00:00",
        "source": "web",
        "fee_minor": 0,
        "refund_minor": 0,
    }


def test_companions_end_with_their_visit(within, make_salon, put_row, see):
    salon = make_salon(people=2)
    visit_id = put_row(salon)
    companion_id = put_row(salon, kind="companion", parent_id=visit_id, employee_id=salon.employee_ids[1])

    within(salon, partial(service.cancel, appointment_id=visit_id, **CANCEL))

    assert see(companion_id) == "cancelled"


def test_a_companion_is_no_appointment_of_its_own(within, make_salon, put_row):
    salon = make_salon(people=2)
    visit_id = put_row(salon)
    companion_id = put_row(salon, kind="companion", parent_id=visit_id, employee_id=salon.employee_ids[1])

    (answer,) = within(salon, partial(service.cancel, appointment_id=companion_id, **CANCEL))

    assert isinstance(answer, AppointmentUnknown)


def test_a_session_ends_with_its_last_seat(within, salon, put_row, see):
    session_id = put_row(salon, kind="session")
    seats = [put_row(salon, kind="seat", parent_id=session_id, seat_no=number) for number in (1, 2)]

    within(salon, partial(service.cancel, appointment_id=seats[0], **CANCEL))
    with_one_left = see(session_id)
    within(salon, partial(service.cancel, appointment_id=seats[1], **CANCEL))

    assert (with_one_left, see(session_id)) == ("confirmed", "cancelled")


def test_seats_given_up_at_the_same_moment_end_their_session(within, salon, put_row, see):
    session_id = put_row(salon, kind="session")
    seats = [put_row(salon, kind="seat", parent_id=session_id, seat_no=number) for number in range(1, 9)]

    within(salon, *(partial(service.cancel, appointment_id=seat, **CANCEL) for seat in seats))

    assert see(session_id) == "cancelled"


def test_calling_a_session_off_gives_all_seats_their_money_back(within, salon, put_row, see, admin, events):
    admin.execute("update tenant set cancel_until_minutes = 43200, cancel_fee_percent = 100 where id = %s", [salon.id])
    session_id = put_row(salon, kind="session")
    paid = {"price_minor": 1000, "paid_minor": 1000}
    seats = [put_row(salon, kind="seat", parent_id=session_id, seat_no=number, **paid) for number in (1, 2)]

    within(salon, partial(service.cancel, appointment_id=session_id, by="staff", reason="", now=NOW))

    assert [see(seat, "status, fee_minor") for seat in seats] == [("cancelled", 0)] * 2
    assert [events(each) for each in (session_id, *seats)] == [["appointment.cancelled"]] * 3


def test_only_what_is_due_expires(within, make_salon, put_row, see, events):
    salon = make_salon(people=2)
    due = put_row(salon, status="held", expires_at=NOW)
    later = put_row(salon, at(11), status="pending", expires_at=NOW + timedelta(seconds=1))
    certain = put_row(salon, at(9), status="confirmed", expires_at=NOW)

    assert within(salon, partial(service.expire_due, now=NOW)) == [1]
    assert [see(each) for each in (due, later, certain)] == ["expired", "pending", "confirmed"]
    assert events(due) == ["appointment.expired"]


def test_staying_away_costs_the_tenants_share(within, salon, put_row, see, admin):
    admin.execute("update tenant set no_show_fee_percent = 50 where id = %s", [salon.id])
    appointment_id = put_row(salon, price_minor=2000, paid_minor=2000)

    (money,) = within(salon, partial(service.mark_no_show, appointment_id=appointment_id, now=at(10, 15)))

    assert (money.fee_minor, money.refund_minor) == (1000, 1000)
    assert see(appointment_id, "status, fee_minor") == ("no_show", 1000)


def test_another_tenants_appointment_is_unknown(within, salon, make_salon, put_row):
    others = put_row(make_salon())

    answers = within(salon, *(partial(service.cancel, appointment_id=each, **CANCEL) for each in (others, uuid4())))

    assert [type(answer) for answer in answers] == [AppointmentUnknown] * 2
