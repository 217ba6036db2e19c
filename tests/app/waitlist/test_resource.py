"""The waitlist over HTTP and through its job, on a real PostgreSQL: whoever waits longest is offered what gets free."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from boka_app.lifecycle.jobs import expire_appointments
from boka_app.waitlist.jobs import offer_freed_start
from boka_app.worker.model import Event

from app.builders import NOW, at, stamp
from app.conftest import post

pytestmark = pytest.mark.postgresql


async def join(client, salon, *, name="Ada", key=None, **changes):
    wish = {
        "service": str(salon.service_id),
        "earliest": at(8).isoformat(),
        "latest": at(18).isoformat(),
        "customer": {"name": name, "email": f"{name.lower()}@example.org"},
    } | changes
    return await client.simulate_post(
        f"{salon.address}/waitlist", json=wish, headers={"Idempotency-Key": key or uuid4().hex}
    )


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


@pytest.fixture
def relay(admin, carry_out):
    """Carry out the job for every event of the salon that frees a start, as the worker would."""

    def run(salon, *, now=NOW, after=0):
        found = admin.execute(
            "select id, kind, subject_id, payload, at from outbox where tenant_id = %s and id > %s order by id",
            [salon.id, after],
        ).fetchall()
        ends = ("appointment.cancelled", "appointment.moved", "appointment.expired", "appointment.no_show")
        for id_, kind, subject_id, payload, moment in found:
            if kind in ends:
                event = Event(id=id_, tenant_id=salon.id, kind=kind, subject_id=subject_id, payload=payload, at=moment)
                carry_out(offer_freed_start, event, now=now)
        return max((row[0] for row in found), default=after)

    return run


@pytest.fixture
def cancelled_start(serve):
    """Book 10:00 and cancel it again."""

    def run(salon, **wish):
        async def talk(client):
            booked = (await post(client, salon, **wish)).json
            address = f"{salon.address}/appointments/{booked['appointment']['id']}"
            return await client.simulate_delete(address, **bearer(booked["token"]))

        return serve(talk)

    return run


def read(serve, salon, joined, *, now=NOW):
    address = f"{salon.address}/waitlist/{joined['entry']['id']}"
    return serve(lambda client: client.simulate_get(address, **bearer(joined["token"])), now=now).json


def queue(serve, salon, *names, **changes):
    async def talk(client):
        return [(await join(client, salon, name=name, **changes)).json for name in names]

    return serve(talk)


def test_joining_is_answered_201_with_a_place_and_its_token(serve, salon):
    answer = serve(lambda client: join(client, salon))

    assert (answer.status_code, answer.json["entry"]["status"]) == (201, "waiting")
    assert read(serve, salon, answer.json) == answer.json["entry"]


def test_joining_again_with_the_key_is_one_place(serve, salon, admin):
    async def twice(client):
        return [(await join(client, salon, key="wait-for-me")).json for _ in range(2)]

    first, again = serve(twice)

    assert first == again
    assert admin.execute("select count(*) from waitlist_entry where tenant_id = %s", [salon.id]).fetchone() == (1,)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"latest": at(8).isoformat()}, "range-invalid", id="empty"),
        pytest.param(
            {"earliest": at(0, day=NOW.date()).isoformat(), "latest": NOW.isoformat()}, "range-invalid", id="over"
        ),
        pytest.param({"service": str(uuid4())}, "service-unknown", id="no such service"),
        pytest.param({"employee": str(uuid4())}, "employee-unknown", id="no such employee"),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_name(serve, salon, changes, problem):
    answer = serve(lambda client: join(client, salon, **changes))

    assert (answer.status_code, answer.json["type"]) == (422, f"/problems/{problem}")


def test_a_freed_start_is_held_for_whoever_waited_longest(serve, salon, cancelled_start, relay, see, admin):
    first, second = queue(serve, salon, "Ada", "Bela")

    cancelled_start(salon)
    relay(salon)

    offered = read(serve, salon, first)
    assert (offered["status"], offered["starts_at"]) == ("offered", stamp(at(10)))
    assert offered["offer_until"] == stamp(NOW + timedelta(hours=1))
    assert see(offered["appointment"], "status, expires_at") == ("held", NOW + timedelta(hours=1))
    assert read(serve, salon, second)["status"] == "waiting"
    told = admin.execute("select kind from outbox where subject_id = %s", [offered["id"]])
    assert told.fetchall() == [("waitlist.offered",)]


def test_what_is_offered_is_taken_for_everybody_else(serve, salon, cancelled_start, relay):
    queue(serve, salon, "Ada")
    cancelled_start(salon)
    relay(salon)

    answer = serve(lambda client: post(client, salon))

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/slot-taken")


def test_an_offer_is_accepted_once_however_often_it_is_sent(serve, salon, cancelled_start, relay, events):
    (joined,) = queue(serve, salon, "Ada")
    cancelled_start(salon)
    relay(salon)
    offered = read(serve, salon, joined)
    address = f"{salon.address}/appointments/{offered['appointment']}/accept"

    async def accept(client):
        once = (client.simulate_post(address, **bearer(offered["appointment_token"])) for _ in range(8))
        return await asyncio.gather(*once)

    answers = serve(accept)

    assert {(answer.status_code, answer.json["appointment"]["status"]) for answer in answers} == {(200, "confirmed")}
    assert read(serve, salon, joined)["status"] == "booked"
    assert events(offered["appointment"]) == ["appointment.booked"]


def test_what_must_be_paid_is_pending_when_accepted(serve, salon, cancelled_start, relay, admin):
    (joined,) = queue(serve, salon, "Ada")
    cancelled_start(salon)
    relay(salon)
    admin.execute("update service set price_minor = 900, payment = 'full' where id = %s", [salon.service_id])
    offered = read(serve, salon, joined)
    address = f"{salon.address}/appointments/{offered['appointment']}/accept"

    answer = serve(lambda client: client.simulate_post(address, **bearer(offered["appointment_token"])))

    assert answer.json["appointment"]["status"] == "pending"


def test_an_unanswered_offer_goes_to_the_next(serve, salon, cancelled_start, relay, carry_out):
    first, second = queue(serve, salon, "Ada", "Bela")
    cancelled_start(salon)
    seen = relay(salon)
    later = NOW + timedelta(hours=1)

    carry_out(expire_appointments, now=later)
    relay(salon, now=later, after=seen)

    assert (read(serve, salon, first)["status"], read(serve, salon, second)["status"]) == ("expired", "offered")


def test_an_offer_that_is_over_is_not_accepted(serve, salon, cancelled_start, relay):
    (joined,) = queue(serve, salon, "Ada")
    cancelled_start(salon)
    relay(salon)
    offered = read(serve, salon, joined)
    address = f"{salon.address}/appointments/{offered['appointment']}/accept"
    late = NOW + timedelta(hours=1)

    answer = serve(lambda client: client.simulate_post(address, **bearer(offered["appointment_token"])), now=late)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/nothing-offered")


def test_leaving_gives_the_offer_to_the_next(serve, salon, cancelled_start, relay, see):
    first, second = queue(serve, salon, "Ada", "Bela")
    cancelled_start(salon)
    seen = relay(salon)
    held = read(serve, salon, first)["appointment"]
    address = f"{salon.address}/waitlist/{first['entry']['id']}"

    left = serve(lambda client: client.simulate_delete(address, **bearer(first["token"])))
    relay(salon, after=seen)

    assert (left.json["status"], see(held)) == ("left", "cancelled")
    assert read(serve, salon, second)["status"] == "offered"


def test_who_left_is_offered_nothing(serve, salon, cancelled_start, relay):
    (joined,) = queue(serve, salon, "Ada")
    address = f"{salon.address}/waitlist/{joined['entry']['id']}"
    serve(lambda client: client.simulate_delete(address, **bearer(joined["token"])))

    cancelled_start(salon)
    relay(salon)

    assert read(serve, salon, joined)["status"] == "left"


def test_only_who_wants_that_time_and_person_is_asked(serve, make_salon, cancelled_start, relay):
    salon = make_salon(people=2)
    wanted, other = map(str, salon.employee_ids)
    (too_late,) = queue(serve, salon, "Ada", earliest=at(10, 1).isoformat())
    (elsewhere,) = queue(serve, salon, "Bela", employee=other)
    (right,) = queue(serve, salon, "Cleo", employee=wanted)

    cancelled_start(salon, employee=wanted)
    relay(salon)

    assert [read(serve, salon, each)["status"] for each in (too_late, elsewhere, right)] == [
        "waiting",
        "waiting",
        "offered",
    ]


def test_a_move_offers_the_start_it_left(serve, salon, relay):
    (joined,) = queue(serve, salon, "Ada")

    async def move(client):
        booked = (await post(client, salon)).json
        address = f"{salon.address}/appointments/{booked['appointment']['id']}"
        return await client.simulate_patch(address, json={"starts_at": at(11).isoformat()}, **bearer(booked["token"]))

    assert serve(move).status_code == 200
    relay(salon)
    assert read(serve, salon, joined)["starts_at"] == stamp(at(10))


def test_the_job_done_twice_offers_once(serve, salon, cancelled_start, relay):
    first, second = queue(serve, salon, "Ada", "Bela")
    cancelled_start(salon)

    relay(salon)
    relay(salon)

    assert [read(serve, salon, each)["status"] for each in (first, second)] == ["offered", "waiting"]


def test_a_start_that_is_over_is_offered_to_nobody(serve, salon, cancelled_start, relay):
    (joined,) = queue(serve, salon, "Ada")
    cancelled_start(salon)

    relay(salon, now=at(10))

    assert read(serve, salon, joined)["status"] == "waiting"


def test_a_start_of_a_service_that_is_offered_no_more_is_offered_to_nobody(serve, salon, cancelled_start, relay, admin):
    (joined,) = queue(serve, salon, "Ada")
    cancelled_start(salon)
    admin.execute("update service set active = false where tenant_id = %s", [salon.id])

    relay(salon)

    assert read(serve, salon, joined)["status"] == "waiting"


def test_a_hold_of_nobody_on_the_waitlist_is_not_accepted(serve, salon):
    async def talk(client):
        booked = (await post(client, salon)).json
        address = f"{salon.address}/appointments/{booked['appointment']['id']}/accept"
        return await client.simulate_post(address, **bearer(booked["token"]))

    answer = serve(talk)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/nothing-offered")


def test_a_place_is_anothers_secret(serve, make_salon):
    salon, other = make_salon(), make_salon()
    (joined,), (foreign,) = queue(serve, salon, "Ada"), queue(serve, other, "Ada")
    address = f"{salon.address}/waitlist/{joined['entry']['id']}"

    answer = serve(lambda client: client.simulate_get(address, **bearer(foreign["token"])))

    assert answer.status_code == 404
