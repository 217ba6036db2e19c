"""Slots kept for a few minutes: nobody else gets them, their holder does, and time ends them."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.builders import NOW, at
from app.conftest import post

pytestmark = pytest.mark.postgresql


async def hold(client, salon, **changes):
    wish = {"service": str(salon.service_id), "starts_at": at(10).isoformat()} | changes
    return await client.simulate_post(f"{salon.address}/holds", json=wish)


async def book_held(client, salon, held, **changes):
    return await post(client, salon, hold=held.json["hold"]["id"], hold_token=held.json["token"], **changes)


def test_a_hold_is_answered_with_how_long_it_lasts(serve, salon):
    answer = serve(lambda client: hold(client, salon))

    assert (answer.status_code, answer.json["hold"]["status"]) == (201, "held")
    assert answer.json["expires_in_seconds"] == 300


def test_what_one_holds_another_cannot_book(serve, salon):
    async def talk(client):
        await hold(client, salon)
        return await post(client, salon)

    answer = serve(talk)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/slot-taken")


def test_a_hold_becomes_the_appointment(serve, salon, admin):
    async def talk(client):
        held = await hold(client, salon)
        return held, await book_held(client, salon, held)

    held, booked = serve(talk)

    appointment = booked.json["appointment"]
    assert (booked.status_code, appointment["id"], appointment["status"]) == (201, held.json["hold"]["id"], "confirmed")
    found = admin.execute(
        "select customer_id is not null, expires_at from appointment where tenant_id = %s", [salon.id]
    )
    assert found.fetchall() == [(True, None)]


def test_of_32_bookings_with_one_hold_one_books(serve, salon):
    async def race(client):
        held = await hold(client, salon)
        return await asyncio.gather(*(book_held(client, salon, held) for _ in range(32)))

    answers = serve(race)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 31


def test_of_32_who_hold_and_book_one_gets_the_slot(serve, salon):
    async def both(client):
        held = await hold(client, salon)
        return (await book_held(client, salon, held)).status_code if held.status_code == 201 else held.status_code

    async def race(client):
        return await asyncio.gather(
            *(both(client) for _ in range(16)), *(_status(post(client, salon)) for _ in range(16))
        )

    async def _status(answer):
        return (await answer).status_code

    assert sorted(serve(race)) == [201] + [409] * 31


def test_a_hold_of_another_slot_or_with_another_token_books_nothing(serve, salon):
    async def talk(client):
        held = await hold(client, salon)
        other = await hold(client, salon, starts_at=at(11).isoformat())
        return [
            await book_held(client, salon, held, starts_at=at(9).isoformat()),
            await post(client, salon, hold=held.json["hold"]["id"], hold_token=other.json["token"]),
        ]

    answers = serve(talk)

    assert [answer.json["type"] for answer in answers] == ["/problems/hold-over"] * 2


def test_a_hold_given_up_frees_the_slot_at_once(serve, salon):
    async def talk(client):
        held = await hold(client, salon)
        address = f"{salon.address}/holds/{held.json['hold']['id']}"
        given = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {held.json['token']}"}]
        released = [await client.simulate_delete(address, headers=headers) for headers in given]
        return [answer.status_code for answer in released], await post(client, salon)

    released, booked = serve(talk)

    assert (released, booked.status_code) == ([401, 404, 204], 201)


def test_an_expired_hold_blocks_nobody_and_books_nothing(serve, salon, admin):
    held = serve(lambda client: hold(client, salon))
    later = NOW + timedelta(minutes=5)

    too_late = serve(lambda client: book_held(client, salon, held), later)
    booked = serve(lambda client: post(client, salon), later)

    assert (too_late.json["type"], booked.status_code) == ("/problems/hold-over", 201)
    found = admin.execute("select status from appointment where tenant_id = %s order by status", [salon.id])
    assert found.fetchall() == [("confirmed",), ("expired",)]
    told = admin.execute("select kind from outbox where tenant_id = %s order by id", [salon.id]).fetchall()
    assert told == [("appointment.held",), ("appointment.expired",), ("appointment.booked",)]


def test_a_service_to_be_paid_is_pending_and_expires(serve, salon, admin):
    admin.execute("update service set price_minor = 3900, payment = 'full' where id = %s", [salon.service_id])

    booked = serve(lambda client: post(client, salon)).json["appointment"]
    again = serve(lambda client: post(client, salon), NOW + timedelta(minutes=6))

    assert (booked["status"], booked["price_minor"], again.status_code) == ("pending", 3900, 201)


def test_the_narrowest_price_counts(serve, salon, admin):
    employee = salon.employee_ids[0]
    for who, first, price in ((None, "2026-11-01", 100), (employee, None, 200), (employee, "2026-11-23", 300)):
        admin.execute(
            "insert into service_price (tenant_id, id, service_id, employee_id, price_minor, valid_from, valid_until)"
            " values (%s, %s, %s, %s, %s, %s, case when %s::date is not null then date '2026-11-30' end)",
            [salon.id, uuid4(), salon.service_id, who, price, first, first],
        )

    booked = serve(lambda client: post(client, salon)).json["appointment"]

    assert booked["price_minor"] == 300
