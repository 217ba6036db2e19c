"""A second booking of an employee's day, decided on what the first one read: one round trip, never a wrong answer."""

from uuid import uuid4

import pytest
from boka_app.appointments import service

from app.builders import at, stamp
from app.conftest import post

pytestmark = pytest.mark.postgresql


@pytest.fixture
def second(serve, salon):
    """Book 09:00, let something happen, and book another start of the day by the same process."""

    def run(happens=lambda: None, **wish):
        employee = str(salon.employee_ids[0])

        async def talk(client):
            first = await post(client, salon, employee=employee, starts_at=at(9).isoformat())
            assert first.status_code == 201
            happens()
            return await post(client, salon, employee=employee, **wish)

        return serve(talk)

    return run


def test_it_reads_no_calendar(second, monkeypatch):
    def never(*_):
        raise AssertionError

    answer = second(lambda: monkeypatch.setattr(service, "find_availability", never))

    assert answer.status_code == 201


def test_a_start_taken_by_the_first_is_refused_with_the_next_ones(second):
    answer = second(starts_at=at(9).isoformat())

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/slot-taken")
    assert answer.json["next"][0] == stamp(at(9, 30))


def test_hours_that_changed_meanwhile_count(second, admin, salon):
    answer = second(
        lambda: admin.execute("update availability_rule set closes_minute = 600 where tenant_id = %s", [salon.id])
    )

    assert answer.json["type"] == "/problems/outside-hours"


def test_hours_that_opened_meanwhile_count(second, admin, salon):
    answer = second(
        lambda: admin.execute("update availability_rule set closes_minute = 780 where tenant_id = %s", [salon.id]),
        starts_at=at(12).isoformat(),
    )

    assert answer.status_code == 201


def test_a_cap_that_the_first_reached_counts(second, admin, salon):
    admin.execute("update employee set max_per_day = 1 where tenant_id = %s", [salon.id])

    assert second().json["type"] == "/problems/day-full"


def test_a_busy_time_that_came_from_a_calendar_elsewhere_counts(second, admin, salon):
    def synchronise():
        connection = uuid4()
        admin.execute(
            "insert into calendar_connection (tenant_id, id, employee_id, provider, credentials)"
            " values (%s, %s, %s, 'ics', '')",
            [salon.id, connection, salon.employee_ids[0]],
        )
        admin.execute(
            "insert into external_busy values (%s, %s, 'uid', %s, %s, %s)",
            [salon.id, connection, salon.employee_ids[0], at(10), at(10, 5)],
        )

    answer = second(synchronise)

    assert answer.json["type"] == "/problems/slot-taken"
    assert answer.json["next"][0] == stamp(at(10, 30))
