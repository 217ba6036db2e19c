"""Series over HTTP on a real PostgreSQL: all or nothing, partly on demand, and against everybody else."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.builders import NOW, at, stamp
from app.conftest import post

pytestmark = pytest.mark.postgresql

WEEK = timedelta(days=7)


async def send(client, salon, *, key=None, **changes):
    wish = salon.wish(every_days=7, occurrences=4) | changes
    return await client.simulate_post(
        f"{salon.address}/series", json=wish, headers={"Idempotency-Key": key or uuid4().hex}
    )


def rows(admin, salon):
    found = admin.execute(
        "select starts_at from appointment"
        " where tenant_id = %s and status = 'confirmed' and kind <> 'session' order by 1",
        [salon.id],
    )
    return [starts_at for (starts_at,) in found]


def test_all_visits_are_booked_together(serve, salon, admin):
    answer = serve(lambda client: send(client, salon))

    series = answer.json["series"]
    assert answer.status_code == 201
    assert [visit["starts_at"] for visit in series["appointments"]] == [stamp(at(10) + n * WEEK) for n in range(4)]
    assert set(answer.json["tokens"]) == {visit["id"] for visit in series["appointments"]}
    told = admin.execute("select kind from outbox where tenant_id = %s", [salon.id]).fetchall()
    noted = admin.execute("select action from audit where tenant_id = %s order by id", [salon.id]).fetchall()
    assert told == [("appointment.booked",)] * 4
    assert noted == [*told, ("series.booked",)]


def test_wishes_are_noted_at_each_visit(serve, salon, admin):
    serve(lambda client: send(client, salon, special_requests="By the window"))

    noted = "select special_requests from appointment where tenant_id = %s"
    assert admin.execute(noted, [salon.id]).fetchall() == [("By the window",)] * 4


def test_one_conflict_books_nothing_and_names_it(serve, salon, admin):
    async def talk(client):
        await post(client, salon, starts_at=(at(10) + 2 * WEEK).isoformat())
        return await send(client, salon)

    answer = serve(talk)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/series-conflicts")
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["2026-12-07T10:00:00+00:00"]
    assert rows(admin, salon) == [at(10) + 2 * WEEK]


def test_partial_books_the_others(serve, salon, admin):
    async def talk(client):
        await post(client, salon, starts_at=(at(10) + 2 * WEEK).isoformat())
        return await send(client, salon, partial=True)

    answer = serve(talk)

    assert (answer.status_code, len(answer.json["series"]["appointments"])) == (201, 3)
    assert [conflict["starts_at"] for conflict in answer.json["series"]["conflicts"]] == [stamp(at(10) + 2 * WEEK)]
    assert rows(admin, salon) == [at(10) + n * WEEK for n in range(4)]


def test_partial_with_nothing_to_be_had_is_refused(serve, salon):
    answer = serve(lambda client: send(client, salon, partial=True, starts_at=at(13).isoformat()))

    assert (answer.status_code, len(answer.json["errors"])) == (409, 4)


def test_a_repetition_gets_the_same_series(serve, salon, admin):
    async def repeat(client):
        return await asyncio.gather(*(send(client, salon, key="again-and-again") for _ in range(4)))

    answers = serve(repeat)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(rows(admin, salon)) == 4


def test_of_16_series_for_the_same_times_one_is_booked(serve, salon, admin):
    async def race(client):
        return await asyncio.gather(*(send(client, salon) for _ in range(16)))

    answers = serve(race)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert len(rows(admin, salon)) == 4


def test_series_that_cross_each_other_and_single_bookings_never_share_a_slot(serve, make_salon, admin):
    salon = make_salon(people=2)
    crossing = [
        {"every_days": 7, "occurrences": 4},
        {"every_days": 14, "occurrences": 2},
        {"every_days": 21, "occurrences": 2},
    ]

    async def race(client):
        series = [send(client, salon, **each) for each in crossing * 2]
        single = [post(client, salon, starts_at=(at(10) + n * WEEK).isoformat()) for n in range(4) for _ in range(2)]
        return await asyncio.gather(*series, *single)

    answers = serve(race)

    assert {answer.status_code for answer in answers} == {201, 409}
    taken = rows(admin, salon)
    assert all(taken.count(start) <= 2 for start in taken)


def test_cancelling_a_series_ends_what_is_still_to_come(serve, salon):
    booked = serve(lambda client: send(client, salon)).json
    address = f"{salon.address}/series/{booked['series']['id']}"
    headers = {"Authorization": f"Bearer {booked['token']}"}

    answer = serve(lambda client: client.simulate_delete(address, headers=headers), now=at(11) + WEEK)

    statuses = [visit["status"] for visit in answer.json["appointments"]]
    assert statuses == ["confirmed", "confirmed", "cancelled", "cancelled"]


def test_a_series_is_read_with_its_own_token_only(serve, salon):
    async def talk(client):
        booked = (await send(client, salon)).json
        address = f"{salon.address}/series/{booked['series']['id']}"
        given = [booked["token"], *booked["tokens"].values()]
        return [await client.simulate_get(address, headers={"Authorization": f"Bearer {each}"}) for each in given]

    assert [answer.status_code for answer in serve(talk)] == [200, 404, 404, 404, 404]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"service": str(uuid4())}, "service-unknown", id="no such service"),
        pytest.param({"employee": str(uuid4())}, "employee-unknown", id="no such employee"),
        pytest.param({"starts_at": (NOW - timedelta(days=1)).isoformat()}, "slot-past", id="past"),
        pytest.param({"starts_at": "9999-12-31T23:59:59-12:00"}, "beyond-horizon", id="end of time"),
        pytest.param({"occurrences": 61}, "body-invalid", id="too many"),
    ],
)
def test_a_series_that_cannot_be_is_refused_by_name(serve, salon, changes, problem):
    answer = serve(lambda client: send(client, salon, **changes))

    assert (answer.status_code, answer.json["type"]) == (422, f"/problems/{problem}")


def test_a_group_takes_a_series_in_its_sessions(serve, salon, admin):
    admin.execute("update service set capacity = 2 where id = %s", [salon.service_id])

    async def talk(client):
        return [await send(client, salon) for _ in range(3)]

    answers = serve(talk)

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert len(rows(admin, salon)) == 8
