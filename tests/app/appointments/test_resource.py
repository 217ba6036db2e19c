"""Booking over HTTP on a real PostgreSQL: races, repetitions, other tenants, refusals."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.builders import MONDAY, NOW, at, stamp
from app.conftest import post

pytestmark = pytest.mark.postgresql


def test_a_booking_is_answered_201_with_its_token_and_page(book, salon):
    answer = book()

    appointment = answer.json["appointment"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{salon.address}/appointments/{appointment['id']}"
    assert answer.json["manage_url"].endswith(f"/{appointment['id']}/{answer.json['token']}")


def test_of_32_clients_on_one_slot_exactly_one_books(serve, salon, admin):
    async def race(client):
        return await asyncio.gather(*(post(client, salon) for _ in range(32)))

    answers = serve(race)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 31
    found = admin.execute("select status from appointment where tenant_id = %s", [salon.id])
    assert found.fetchall() == [("confirmed",)]


def test_of_32_clients_for_anyone_of_three_exactly_three_book(serve, make_salon):
    salon = make_salon(people=3)

    async def race(client):
        return await asyncio.gather(*(post(client, salon) for _ in range(32)))

    answers = serve(race)

    booked = [answer.json["appointment"]["employee"] for answer in answers if answer.status_code == 201]
    assert sorted(booked) == sorted(map(str, salon.employee_ids))


def test_overlapping_starts_of_different_services_exclude_each_other(serve, salon, admin):
    longer = uuid4()
    admin.execute(
        "insert into service (tenant_id, id, name, duration_minutes) values (%s, %s, 'L', 60)", [salon.id, longer]
    )
    admin.execute("insert into employee_service values (%s, %s, %s)", [salon.id, salon.employee_ids[0], longer])

    async def race(client):
        wishes = [{}, {"service": str(longer), "starts_at": at(9, 45).isoformat()}] * 8
        return await asyncio.gather(*(post(client, salon, **wish) for wish in wishes))

    answers = serve(race)

    assert [answer.status_code for answer in answers].count(201) == 1


def test_a_taken_slot_is_answered_409_with_the_next_free_starts(book):
    book()

    answer = book()

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/slot-taken")
    assert answer.json["next"] == [stamp(at(10, 30)), stamp(at(11)), stamp(at(11, 30))]


def test_a_repetition_gets_the_same_answer_and_books_nothing(book, admin, salon):
    first = book(key="once-and-again")

    again = book(key="once-and-again")

    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert admin.execute("select count(*) from appointment where tenant_id = %s", [salon.id]).fetchone() == (1,)


def test_repetitions_at_the_same_moment_book_once(serve, salon, admin):
    async def repeat(client):
        return await asyncio.gather(*(post(client, salon, key="impatient") for _ in range(8)))

    answers = serve(repeat)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert admin.execute("select count(*) from customer where tenant_id = %s", [salon.id]).fetchone() == (1,)


def test_a_key_with_another_body_is_refused(book):
    book(key="one-key-two-wishes")

    answer = book(key="one-key-two-wishes", starts_at=at(11).isoformat())

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_key_whose_booking_was_refused_can_book_later(book):
    book(key="refused-at-first", starts_at=at(3).isoformat())

    assert book(key="refused-at-first").status_code == 201


def test_the_same_key_at_another_tenant_is_another_key(serve, make_salon):
    async def both(client):
        return [await post(client, make_salon(), key="shared-by-chance") for _ in range(2)]

    assert [answer.status_code for answer in serve(both)] == [201, 201]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"starts_at": (NOW - timedelta(days=1)).isoformat()}, "slot-past", id="past"),
        pytest.param({"starts_at": at(13).isoformat()}, "outside-hours", id="closed"),
        pytest.param({"starts_at": at(10, 10).isoformat()}, "outside-hours", id="between steps"),
        pytest.param({"starts_at": "9999-12-31T23:59:59-12:00"}, "beyond-horizon", id="end of time"),
        pytest.param({"starts_at": "0001-01-01T00:00:00+14:00"}, "slot-past", id="begin of time"),
        pytest.param({"starts_at": "2026-11-23T10:00:00"}, "body-invalid", id="no offset"),
        pytest.param({"service": str(uuid4())}, "service-unknown", id="no such service"),
        pytest.param({"employee": str(uuid4())}, "employee-unknown", id="no such employee"),
        pytest.param({"customer": {"name": "Zoë", "email": "none"}}, "body-invalid", id="no address"),
        pytest.param({"customer": {"name": "Zoë", "email": "a@b.cd\n"}}, "body-invalid", id="line end in address"),
        pytest.param({"customer": {"name": "\x00", "email": "a@b.cd"}}, "body-invalid", id="control character"),
        pytest.param({"surprise": 1}, "body-invalid", id="unknown member"),
    ],
)
def test_a_wish_that_cannot_be_had_is_refused_by_name(book, changes, problem):
    answer = book(**changes)

    assert (answer.status_code, answer.json["type"]) == (422, f"/problems/{problem}")


def test_another_tenants_service_is_unknown(book, make_salon):
    answer = book(service=str(make_salon().service_id))

    assert answer.json["type"] == "/problems/service-unknown"


def test_another_tenants_employee_is_unknown(book, make_salon):
    answer = book(employee=str(make_salon().employee_ids[0]))

    assert answer.json["type"] == "/problems/employee-unknown"


def test_cancelling_frees_the_slot(serve, salon):
    async def talk(client):
        booked = (await post(client, salon)).json
        address = f"{salon.address}/appointments/{booked['appointment']['id']}"
        cancelled = await client.simulate_delete(address, headers={"Authorization": f"Bearer {booked['token']}"})
        return cancelled, await post(client, salon)

    cancelled, second = serve(talk)

    assert (cancelled.status_code, cancelled.json["status"], second.status_code) == (200, "cancelled", 201)


def test_cancelling_twice_is_no_error_and_one_audit_row(serve, salon, admin):
    async def talk(client):
        booked = (await post(client, salon)).json
        address = f"{salon.address}/appointments/{booked['appointment']['id']}"
        headers = {"Authorization": f"Bearer {booked['token']}", "X-Request-ID": "from-the-edge"}
        return [await client.simulate_delete(address, headers=headers) for _ in range(2)]

    answers = serve(talk)

    assert [answer.status_code for answer in answers] == [200, 200]
    found = admin.execute("select request_id from audit where tenant_id = %s and action like '%%cancelled'", [salon.id])
    assert found.fetchall() == [("from-the-edge",)]


def test_an_appointment_that_began_is_not_cancelled(serve, book, salon):
    booked = book().json
    address = f"{salon.address}/appointments/{booked['appointment']['id']}"
    headers = {"Authorization": f"Bearer {booked['token']}"}

    answer = serve(lambda client: client.simulate_delete(address, headers=headers), at(10, 1))

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/appointment-started")


def test_an_appointment_is_read_with_its_token_only(serve, salon, make_salon):
    async def talk(client):
        booked, other = (await post(client, salon)).json, (await post(client, make_salon())).json
        address = f"{salon.address}/appointments/{booked['appointment']['id']}"
        given = [{}, {"Authorization": f"Bearer {other['token']}"}, {"Authorization": f"Bearer {booked['token']}"}]
        return [await client.simulate_get(address, headers=headers) for headers in given]

    answers = serve(talk)

    assert [answer.status_code for answer in answers] == [401, 404, 200]


def test_every_listed_slot_books_and_nothing_else_does(serve, salon):
    query = {"service": str(salon.service_id), "from": str(MONDAY), "to": str(MONDAY)}

    async def talk(client):
        listed = (await client.simulate_get(f"{salon.address}/slots", params=query)).json["slots"]
        return [slot["starts_at"] for slot in listed], [
            at(0) + timedelta(minutes=n)
            for n in range(0, 1440, 15)
            if (await post(client, salon, starts_at=(at(0) + timedelta(minutes=n)).isoformat())).status_code == 201
        ]

    listed, booked = serve(talk)

    assert listed == [stamp(moment) for moment in booked]
    assert len(listed) == 6


def test_a_row_that_the_database_refuses_is_not_quoted_in_the_log(serve, salon, admin, caplog):
    name = f"never_{salon.slug.replace('-', '_')}"
    admin.execute(f"alter table customer add constraint {name} check (email <> 'refused@example.org')")

    try:
        answer = serve(lambda client: post(client, salon, customer={"name": "Zoë", "email": "refused@example.org"}))
    finally:
        admin.execute(f"alter table customer drop constraint {name}")

    (record,) = [record for record in caplog.records if record.name == "boka_app.problems.handlers"]
    assert (answer.status_code, record.facts["constraint"]) == (500, name)
    assert "refused@" not in str(vars(record)) + answer.text
