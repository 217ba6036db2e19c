"""What customers do with their own appointment, over HTTP on a real PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest

from app.builders import NOW, at, stamp
from app.conftest import post

pytestmark = pytest.mark.postgresql


@pytest.fixture
def own(serve, salon):
    """Book once; return how to send requests about that appointment."""
    booked = serve(lambda client: post(client, salon)).json
    address = f"{salon.address}/appointments/{booked['appointment']['id']}"
    bearer = {"Authorization": f"Bearer {booked['token']}"}

    def send(method, path="", *, json=None, now=NOW, times=1, **headers):
        async def talk(client):
            requests = (
                client.simulate_request(method, address + path, json=json, headers=bearer | headers)
                for _ in range(times)
            )
            answers = await asyncio.gather(*requests)
            return answers[0] if times == 1 else answers

        return serve(talk, now)

    send.id = booked["appointment"]["id"]
    return send


def to(hour):
    return {"starts_at": at(hour).isoformat()}


def test_a_moved_appointment_keeps_its_address_and_token(own):
    moved = own("PATCH", json=to(11))

    read = own("GET")

    assert (moved.status_code, moved.json["id"], moved.json["starts_at"]) == (200, own.id, stamp(at(11)))
    assert (read.json, read.headers["etag"]) == (moved.json, moved.headers["etag"])


def test_a_taken_start_is_answered_409_with_the_next_free_ones(own, serve, salon):
    serve(lambda client: post(client, salon, starts_at=at(9).isoformat()))

    answer = own("PATCH", json=to(9))

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/slot-taken")
    assert answer.json["next"] == [stamp(start) for start in (at(9, 30), at(10, 30), at(11))]


def test_a_move_sent_again_with_its_key_moves_once(own, events):
    answers = own("PATCH", json=to(11), times=6, **{"Idempotency-Key": "move-me-once"})

    assert {answer.status_code for answer in answers} == {200}
    assert events(own.id) == ["appointment.booked", "appointment.moved"]


def test_a_repeated_key_does_not_move_a_visit_back(own, see):
    own("PATCH", json=to(11), **{"Idempotency-Key": "first-of-two"})
    own("PATCH", json=to(9))

    answer = own("PATCH", json=to(11), **{"Idempotency-Key": "first-of-two"})

    assert (answer.status_code, see(own.id, "starts_at")) == (200, at(9))


def test_a_key_with_another_move_is_refused(own):
    own("PATCH", json=to(11), **{"Idempotency-Key": "one-key-two-moves"})

    answer = own("PATCH", json=to(9), **{"Idempotency-Key": "one-key-two-moves"})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/idempotency-key-reused")


@pytest.mark.parametrize(("tag", "status"), [('"1"', 200), ('"77"', 412), ("*", 200)])
def test_a_version_named_must_be_the_one_there_is(own, tag, status):
    assert own("PATCH", json=to(11), **{"If-Match": tag}).status_code == status


def test_32_appointments_for_one_slot_one_gets_it(serve, make_salon, admin):
    salon = make_salon(people=1)

    async def race(client):
        starts = [(at(9) + timedelta(days=n // 4, minutes=30 * (n % 4))).isoformat() for n in range(32)]
        booked = [(await post(client, salon, starts_at=start)).json for start in starts]
        wanted = {"starts_at": at(11).isoformat()}
        requests = (
            client.simulate_patch(
                f"{salon.address}/appointments/{each['appointment']['id']}",
                json=wanted,
                headers={"Authorization": f"Bearer {each['token']}"},
            )
            for each in booked
        )
        return await asyncio.gather(*requests)

    answers = serve(race)

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 31
    found = admin.execute(
        "select count(*) from appointment where tenant_id = %s and starts_at = %s", [salon.id, at(11)]
    )
    assert found.fetchone() == (1,)


def test_of_bookings_holds_and_moves_for_one_slot_one_gets_it(serve, salon, own, admin):
    booked = own

    async def race(client):
        holds = (
            client.simulate_post(
                f"{salon.address}/holds", json={"service": str(salon.service_id), "starts_at": at(11).isoformat()}
            )
            for _ in range(8)
        )
        books = (post(client, salon, starts_at=at(11).isoformat()) for _ in range(8))
        return await asyncio.gather(*holds, *books, asyncio.to_thread(booked, "PATCH", json=to(11)))

    answers = serve(race)

    assert [answer.status_code for answer in answers if answer.status_code != 409] in ([200], [201])
    found = admin.execute(
        "select count(*) from appointment where tenant_id = %s and starts_at = %s", [salon.id, at(11)]
    )
    assert found.fetchone() == (1,)


def test_cancelling_tells_the_fee_and_what_goes_back(own, admin, salon):
    admin.execute("update tenant set cancel_until_minutes = 60, cancel_fee_percent = 30 where id = %s", [salon.id])
    admin.execute("update appointment set price_minor = 2000, paid_minor = 1000 where id = %s", [own.id])
    late = at(9, 30)

    preview = own("GET", "/policy-preview", now=late)
    answer = own("DELETE", now=late)

    assert (preview.json["fee_minor"], preview.json["refund_minor"]) == (600, 400)
    assert preview.json["free_until"] == stamp(at(9))
    assert (answer.json["status"], answer.json["fee_minor"], answer.json["refund_minor"]) == ("cancelled", 600, 400)


def test_the_preview_tells_whether_and_how_often_it_may_move(own, admin, salon):
    admin.execute("update tenant set reschedule_limit = 1 where id = %s", [salon.id])

    before = own("GET", "/policy-preview").json
    own("PATCH", json=to(11))
    after = own("GET", "/policy-preview").json

    assert (before["movable"], before["moves_left"], after["movable"], after["moves_left"]) == (True, 1, False, 0)


def test_what_the_policy_forbids_is_refused_by_name(own, admin, salon):
    admin.execute("update tenant set reschedule_until_minutes = 10080 where id = %s", [salon.id])

    answer = own("PATCH", json=to(11))

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/move-refused")


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("DELETE", ""), ("GET", "/policy-preview")])
def test_nothing_is_told_or_done_without_the_token(own, see, method, path):
    answers = [own(method, path, json=to(11), Authorization=given) for given in ("", "Bearer of-nothing")]

    assert [answer.status_code for answer in answers] == [401, 404]
    assert see(own.id, "status, starts_at") == ("confirmed", at(10))
