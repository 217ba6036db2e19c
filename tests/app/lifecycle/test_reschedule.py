"""Moving a visit on a real PostgreSQL: same row, other time; decided as booking decides, guarded by the constraint."""

from datetime import timedelta
from uuid import uuid4

import pytest
from boka_app.availability.model import BeyondHorizon, DayFull, NoticeTooShort, OutsideHours, SlotInPast, SlotTaken
from boka_app.lifecycle import queries, service
from boka_app.lifecycle.model import AppointmentEnded, Move, MoveRefused
from boka_app.tenants.queries import enter_tenant

from app.builders import NOW, at

pytestmark = pytest.mark.postgresql


@pytest.fixture
def move(within):
    """Move appointments to these starts, all at once; return what came of each: None, or the refusal."""

    def run(salon, *moves, by="staff", now=NOW, **options):
        def one(appointment_id, starts_at, changes):
            async def act(conn):
                tenant = await enter_tenant(conn, salon.slug)
                wish = Move(starts_at=starts_at, **changes)
                await service.reschedule(conn, tenant, appointment_id, wish, by=by, now=now, **options)

            return act

        return within(salon, *(one(each[0], each[1], each[2] if len(each) > 2 else {}) for each in moves))

    return run


def test_a_moved_visit_is_the_same_row_at_another_time(move, salon, put_row, see, events):
    visit_id = put_row(salon, price_minor=2500)

    assert move(salon, (visit_id, at(11))) == [None]
    assert see(visit_id, "status, starts_at, ends_at, price_minor, reschedules") == (
        "confirmed",
        at(11),
        at(11, 30),
        2500,
        1,
    )
    assert events(visit_id) == ["appointment.moved"]


def test_the_event_of_a_move_tells_where_from_and_where_to(move, salon, put_row, admin):
    visit_id = put_row(salon)

    move(salon, (visit_id, at(11)))

    (payload,) = admin.execute("select payload from outbox where subject_id = %s", [visit_id]).fetchone()
    assert (payload["was_starts_at"], payload["starts_at"]) == ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00+00:00")
    assert payload["was_employee_id"] == str(salon.employee_ids[0])


def test_the_old_slot_is_free_at_once(move, salon, put_row):
    first, second = put_row(salon), put_row(salon, at(11))

    move(salon, (first, at(9)))

    assert move(salon, (second, at(10))) == [None]


def test_a_visit_may_move_into_its_own_old_time(move, salon, put_row, admin):
    admin.execute("update service set step_minutes = 5 where id = %s", [salon.service_id])
    visit_id = put_row(salon)

    assert move(salon, (visit_id, at(10, 5))) == [None]


def test_a_move_to_where_it_is_changes_nothing(move, salon, put_row, see, events):
    visit_id = put_row(salon)

    assert move(salon, (visit_id, at(10))) == [None]
    assert (see(visit_id, "reschedules"), events(visit_id)) == (0, [])


@pytest.mark.parametrize(
    ("starts_at", "refusal"),
    [
        pytest.param(at(9), SlotTaken, id="taken"),
        pytest.param(at(13), OutsideHours, id="closed"),
        pytest.param(at(10, 10), OutsideHours, id="between steps"),
        pytest.param(NOW - timedelta(days=1), SlotInPast, id="past"),
        pytest.param(at(10) + timedelta(days=900), BeyondHorizon, id="far"),
        pytest.param(at(10) + timedelta(days=2_900_000), BeyondHorizon, id="end of time"),
    ],
)
def test_a_start_that_cannot_be_had_is_refused(move, salon, put_row, starts_at, refusal):
    put_row(salon, at(9))

    (answer,) = move(salon, (put_row(salon), starts_at))

    assert isinstance(answer, refusal)


def test_a_refused_move_leaves_the_visit_where_it_was(move, salon, put_row, see, events):
    put_row(salon, at(9))
    visit_id = put_row(salon)

    move(salon, (visit_id, at(9)))

    assert (see(visit_id, "status, starts_at"), events(visit_id)) == (("confirmed", at(10)), [])


def test_32_visits_for_one_slot_one_gets_it(move, make_salon, put_row, see):
    salon = make_salon(people=2)
    visits = [put_row(salon, at(10) + timedelta(days=n), employee_id=salon.employee_ids[n % 2]) for n in range(1, 33)]
    there = {"employee": salon.employee_ids[0]}

    answers = move(salon, *((visit_id, at(11), there) for visit_id in visits))

    assert [type(answer) for answer in answers].count(SlotTaken) == 31
    assert sorted(see(visit_id, "reschedules") for visit_id in visits) == [0] * 31 + [1]


def test_visits_that_change_places_never_both_have_one(move, salon, put_row):
    first, second = put_row(salon), put_row(salon, at(11))

    answers = move(salon, (first, at(11)), (second, at(10)))

    assert [type(answer) for answer in answers] == [SlotTaken, SlotTaken]


def test_a_visit_keeps_its_employee_when_free(move, make_salon, put_row, see):
    salon = make_salon(people=3)
    last = salon.employee_ids[2]
    visit_id = put_row(salon, employee_id=last)

    move(salon, (visit_id, at(11), {"employee": None}))

    assert see(visit_id, "employee_id") == last


def test_anybody_takes_a_visit_whose_employee_is_busy(move, make_salon, put_row, see):
    salon = make_salon(people=2)
    busy, free = salon.employee_ids
    put_row(salon, at(11), employee_id=busy)
    visit_id = put_row(salon, employee_id=busy)

    answers = [move(salon, (visit_id, at(11), wish)) for wish in ({}, {"employee": None})]

    assert isinstance(answers[0][0], SlotTaken)
    assert (answers[1], see(visit_id, "employee_id")) == ([None], free)


def test_a_move_respects_the_employees_day(move, salon, put_row, admin):
    admin.execute("update employee set max_per_day = 1 where id = %s", [salon.employee_ids[0]])
    tuesday = at(10) + timedelta(days=1)
    put_row(salon)
    visit_id = put_row(salon, tuesday)

    answers = [*move(salon, (visit_id, at(11))), *move(salon, (visit_id, tuesday + timedelta(hours=1)))]

    assert [type(answer) for answer in answers] == [DayFull, type(None)]


def test_a_customer_is_held_to_the_policies(move, salon, put_row, admin):
    admin.execute("update tenant set reschedule_limit = 1 where id = %s", [salon.id])
    visit_id = put_row(salon)

    answers = [move(salon, (visit_id, at(hour)), by="customer")[0] for hour in (11, 9)]

    assert [type(answer) for answer in answers] == [type(None), MoveRefused]


def test_staff_may_override_notice_and_horizon_and_nothing_else(move, salon, put_row, admin):
    admin.execute("update tenant set min_notice_minutes = 43200 where id = %s", [salon.id])
    put_row(salon, at(11))
    visit_id = put_row(salon)

    strict = move(salon, (visit_id, at(9)))
    override = [move(salon, (visit_id, when), override_limits=True)[0] for when in (at(9), at(11), at(13))]

    assert isinstance(strict[0], NoticeTooShort)
    assert [type(answer) for answer in override] == [type(None), SlotTaken, OutsideHours]


def test_what_was_cancelled_meanwhile_is_not_moved(move, salon, put_row):
    visit_id = put_row(salon, status="cancelled")

    (answer,) = move(salon, (visit_id, at(11)))

    assert isinstance(answer, AppointmentEnded)


def test_companions_move_with_their_visit(move, make_salon, put_row, see, admin):
    salon = make_salon(people=3)
    admin.execute("update service set assignment = 'all' where id = %s", [salon.service_id])
    lead, *others = salon.employee_ids
    visit_id = put_row(salon, employee_id=lead)
    for other in others:
        put_row(salon, kind="companion", parent_id=visit_id, employee_id=other)

    assert move(salon, (visit_id, at(11))) == [None]
    found = admin.execute(
        "select employee_id, starts_at, status from appointment where parent_id = %s and kind = 'companion'", [visit_id]
    )
    assert sorted(found.fetchall()) == sorted((other, at(11), "confirmed") for other in others)
    assert see(visit_id, "employee_id") == lead


def test_a_seat_moves_into_the_session_of_another_start(move, salon, put_row, see, admin):
    admin.execute("update service set capacity = 2 where id = %s", [salon.service_id])
    old, new = put_row(salon, kind="session"), put_row(salon, at(11), kind="session")
    put_row(salon, at(11), kind="seat", parent_id=new, seat_no=1)
    seat = put_row(salon, kind="seat", parent_id=old, seat_no=1)

    assert move(salon, (seat, at(11))) == [None]
    assert see(seat, "parent_id, seat_no, starts_at") == (new, 2, at(11))
    assert see(old) == "cancelled"


def test_a_seat_alone_opens_a_session_where_there_is_none(move, salon, put_row, see, admin):
    admin.execute("update service set capacity = 2 where id = %s", [salon.service_id])
    old = put_row(salon, kind="session")
    seat, staying = (put_row(salon, kind="seat", parent_id=old, seat_no=number) for number in (1, 2))

    assert move(salon, (seat, at(11))) == [None]
    assert see(see(seat, "parent_id"), "kind, starts_at, status") == ("session", at(11), "confirmed")
    assert (see(old), see(staying)) == ("confirmed", "confirmed")


def test_of_32_seats_for_the_last_two_of_a_session_two_move(move, salon, put_row, admin):
    admin.execute("update service set capacity = 3 where id = %s", [salon.service_id])
    there = put_row(salon, at(11), kind="session")
    put_row(salon, at(11), kind="seat", parent_id=there, seat_no=1)
    seats = []
    for n in range(1, 33):
        start = at(10) + timedelta(days=n)
        session = put_row(salon, start, kind="session")
        seats.append(put_row(salon, start, kind="seat", parent_id=session, seat_no=1))

    answers = move(salon, *((seat, at(11)) for seat in seats))

    assert [type(answer) for answer in answers].count(SlotTaken) == 30
    taken = admin.execute("select seat_no from appointment where parent_id = %s order by 1", [there])
    assert taken.fetchall() == [(1,), (2,), (3,)]


def test_moving_ends_a_hold_that_was_over(move, salon, put_row, see, events):
    hold = put_row(salon, at(11), status="held", expires_at=NOW, customer_id=None)
    visit_id = put_row(salon)

    assert move(salon, (visit_id, at(11))) == [None]
    assert (see(hold), events(hold)) == ("expired", ["appointment.expired"])


def test_an_unknown_appointment_is_not_moved(move, salon):
    (answer,) = move(salon, (uuid4(), at(11)))

    assert type(answer).__name__ == "AppointmentUnknown"


def test_staff_see_where_it_is_now(move, salon, put_row, within):
    visit_id = put_row(salon)
    move(salon, (visit_id, at(11)))

    (entry,) = within(salon, lambda conn: queries.get_entry(conn, visit_id))

    assert (entry.starts_at, entry.reschedules, entry.customer_name) == (at(11), 1, "Zoë Zimmer")
