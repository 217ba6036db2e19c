"""Who gets a visit: groups, everybody at once, in turn, and daily caps, also when 32 come at once."""

import asyncio
from collections import Counter

import pytest
from psycopg import sql

from app.builders import at
from app.conftest import post

pytestmark = pytest.mark.postgresql


def setup(admin, salon, **columns):
    for name, value in columns.items():
        change = sql.SQL("update service set {} = %s where id = %s").format(sql.Identifier(name))
        admin.execute(change, [value, salon.service_id])


def kinds(admin, salon):
    found = admin.execute("select kind from appointment where tenant_id = %s", [salon.id])
    return Counter(row[0] for row in found)


@pytest.fixture
def race(serve):
    def run(salon, *wishes):
        async def talk(client):
            return await asyncio.gather(*(post(client, salon, **wish) for wish in wishes))

        return Counter(answer.status_code for answer in serve(talk))

    return run


def test_of_32_first_comers_as_many_as_there_are_seats_get_one_in_one_session(race, salon, admin):
    setup(admin, salon, capacity=5)

    answers = race(salon, *[{}] * 32)

    assert answers == {201: 5, 409: 27}
    assert kinds(admin, salon) == {"seat": 5, "session": 1}
    seats = admin.execute("select seat_no from appointment where kind = 'seat' and tenant_id = %s", [salon.id])
    assert sorted(row[0] for row in seats) == [1, 2, 3, 4, 5]


def test_a_full_group_goes_on_with_the_next_employee(race, make_salon, admin):
    salon = make_salon(people=2)
    setup(admin, salon, capacity=2)

    answers = race(salon, *[{}] * 8)

    assert answers == {201: 4, 409: 4}
    assert kinds(admin, salon) == {"seat": 4, "session": 2}


def test_all_come_together_or_nobody(race, make_salon, admin):
    salon = make_salon(people=3)
    setup(admin, salon, assignment="all")

    answers = race(salon, *[{}] * 16, *[{"starts_at": at(11).isoformat()}] * 16)

    assert answers == {201: 2, 409: 30}
    assert kinds(admin, salon) == {"companion": 4, "visit": 2}


def test_one_busy_of_all_keeps_the_slot_from_everybody(serve, make_salon, admin):
    salon = make_salon(people=2)
    admin.execute("update service set assignment = 'any' where id = %s", [salon.service_id])

    async def talk(client):
        await post(client, salon)
        setup(admin, salon, assignment="all")
        return await post(client, salon)

    assert serve(talk).status_code == 409


def test_in_a_round_robin_everybody_has_a_turn(serve, make_salon, admin):
    salon = make_salon(people=3)
    setup(admin, salon, assignment="round_robin")

    async def talk(client):
        starts = [at(9), at(9, 30), at(10), at(10, 30), at(11), at(11, 30)]
        return [(await post(client, salon, starts_at=start.isoformat())).json["appointment"] for start in starts]

    turns = [appointment["employee"] for appointment in serve(talk)]

    assert turns[:3] == turns[3:]
    assert sorted(turns[:3]) == sorted(map(str, salon.employee_ids))


def test_a_round_robin_with_one_busy_host_still_books(serve, make_salon, admin):
    salon = make_salon(people=2)
    setup(admin, salon, assignment="round_robin")

    async def talk(client):
        await post(client, salon, employee=str(salon.employee_ids[0]))
        await post(client, salon, employee=str(salon.employee_ids[1]), starts_at=at(11).isoformat())
        return await post(client, salon)

    assert serve(talk).json["appointment"]["employee"] == str(salon.employee_ids[1])


def test_of_32_on_a_day_with_a_cap_no_more_book_than_it_allows(race, make_salon, admin):
    salon = make_salon(people=8)
    setup(admin, salon, max_per_day=3)
    starts = [at(9).isoformat(), at(10).isoformat(), at(11).isoformat(), at(11, 30).isoformat()]

    answers = race(salon, *[{"starts_at": start} for start in starts * 8])

    assert answers == {201: 3, 409: 29}


def test_an_employee_takes_no_more_than_the_day_allows(race, salon, admin):
    admin.execute("update employee set max_per_day = 2 where id = %s", [salon.employee_ids[0]])
    starts = [at(9), at(9, 30), at(10), at(10, 30), at(11), at(11, 30)]

    answers = race(salon, *[{"starts_at": start.isoformat()} for start in starts])

    assert answers == {201: 2, 409: 4}


def test_a_full_day_is_told_by_its_name_with_the_next_starts(serve, salon, admin):
    setup(admin, salon, max_per_day=1)

    async def talk(client):
        await post(client, salon)
        return await post(client, salon, starts_at=at(11).isoformat())

    answer = serve(talk)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/day-full")
    assert answer.json["next"][0] == "2026-11-24T09:00:00Z"


def test_a_returning_customer_is_one_row_and_keeps_the_name(serve, salon, admin):
    async def talk(client):
        for name, start in (("Zoë", at(9)), ("Somebody else", at(10))):
            customer = {"name": name, "email": "Zoe@Example.org", "phone": "+49 30 1234"}
            await post(client, salon, starts_at=start.isoformat(), customer=customer)

    serve(talk)

    found = admin.execute("select name, email_key from customer where tenant_id = %s", [salon.id])
    assert found.fetchall() == [("Zoë", "zoe@example.org")]
