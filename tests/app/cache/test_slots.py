"""Slots lists from the cache: fast where nothing changed, never older than what a client was told."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from boka_app import metrics
from boka_app.availability import queries
from boka_app.catalog.model import ServiceUnknown

from app.builders import NOW, at, stamp
from app.cache.conftest import AWAY, first, slots
from app.conftest import post

pytestmark = pytest.mark.postgresql


def counted(outcome):
    return metrics.CACHE.labels("slots", outcome)._value.get()


async def warm(client, salon, **changes):
    """Ask until the answer is kept: the first learns whom it is about, the second keeps it."""
    return [await slots(client, salon, **changes) for _ in range(2)][-1]


def test_an_equal_question_is_answered_from_the_cache(workers, salon):
    async def talk(one, other):
        kept = await warm(one, salon)
        before = counted("hit")
        return kept, await slots(other, salon), counted("hit") - before

    kept, again, hits = workers(talk)

    assert (again.text, again.headers["etag"], hits) == (kept.text, kept.headers["etag"], 1)


def test_a_caller_who_has_the_answer_gets_304_from_the_cache(workers, salon):
    async def talk(one, other):
        tag = (await warm(one, salon)).headers["etag"]
        before = counted("not_modified")
        answer = await slots(other, salon, headers={"If-None-Match": f'W/{tag}, "another"'})
        return answer, tag, counted("not_modified") - before

    answer, tag, unchanged = workers(talk)

    assert (answer.status_code, answer.text, answer.headers["etag"], unchanged) == (304, "", tag, 1)


def test_after_a_booking_elsewhere_the_slot_is_listed_nowhere(workers, salon):
    async def talk(one, other):
        await warm(other, salon)
        await post(one, salon, starts_at=at(9).isoformat())
        return await slots(other, salon)

    assert first(workers(talk)) == stamp(at(9, 30))


def test_a_booking_leaves_other_days_in_the_cache(workers, salon):
    later = {"from": "2026-11-24", "to": "2026-11-25"}

    async def talk(one, other):
        await warm(other, salon, **later)
        await post(one, salon)
        before = counted("hit")
        await slots(other, salon, **later)
        return counted("hit") - before

    assert workers(talk) == 1


def test_many_who_miss_the_same_answer_wait_for_one_search(workers, salon, monkeypatch):
    searched = []

    async def search(*args, **kwargs):
        searched.append(args)
        return await find(*args, **kwargs)

    async def talk(one, _other):
        await warm(one, salon)
        await post(one, salon, starts_at=at(9).isoformat())
        monkeypatch.setattr(queries, "find_availability", search)
        before = counted("shared")
        return await asyncio.gather(*(slots(one, salon) for _ in range(16))), counted("shared") - before

    find = queries.find_availability
    answers, shared = workers(talk)

    assert {first(answer) for answer in answers} == {stamp(at(9, 30))}
    assert (len(searched), shared) == (1, 15)


def test_a_search_that_fails_fails_for_all_who_wait_and_for_nobody_after(workers, salon, monkeypatch):
    async def fail(*_args, **_kwargs):
        await asyncio.sleep(0)
        raise ServiceUnknown(salon.service_id)

    async def talk(one, _other):
        await warm(one, salon)
        await post(one, salon, starts_at=at(9).isoformat())
        with monkeypatch.context() as patch:
            patch.setattr(queries, "find_availability", fail)
            refused = await asyncio.gather(*(slots(one, salon) for _ in range(3)))
        return [answer.status_code for answer in refused], await slots(one, salon)

    refused, after = workers(talk)

    assert (refused, first(after)) == ([422] * 3, stamp(at(9, 30)))


def test_after_a_hold_ends_its_slot_is_listed_again(workers, salon):
    clock = SimpleNamespace(now=NOW)

    async def talk(one, other):
        wish = {"service": str(salon.service_id), "starts_at": at(9).isoformat()}
        await one.simulate_post(f"{salon.address}/holds", json=wish)
        held = await warm(other, salon)
        clock.now = NOW + timedelta(minutes=5)
        return held, await slots(other, salon)

    held, after = workers(talk, clock=clock)

    assert (first(held), first(after)) == (stamp(at(9, 30)), stamp(at(9)))


def test_after_staff_block_a_time_it_is_listed_nowhere(workers, salon, staff):
    block = {"starts_at": at(8).isoformat(), "ends_at": at(9, 30).isoformat()}
    headers = staff(salon) | {"Idempotency-Key": uuid4().hex}

    async def talk(one, other):
        await warm(other, salon)
        blocked = await one.simulate_post(f"{salon.address}/catalog/blocked-slots", json=block, headers=headers)
        return blocked, await slots(other, salon)

    blocked, answer = workers(talk)

    assert (blocked.status_code, first(answer)) == (201, stamp(at(9, 30)))


def test_a_new_colleague_is_part_of_the_next_answer_and_its_bookings_too(workers, salon, admin):
    colleague = uuid4()

    async def talk(one, other):
        await warm(other, salon)
        admin.execute("insert into employee (tenant_id, id, name) values (%s, %s, 'N')", [salon.id, colleague])
        admin.execute("insert into employee_service values (%s, %s, %s)", [salon.id, colleague, salon.service_id])
        admin.execute(
            "insert into availability_rule values (%s, gen_random_uuid(), %s, 1, 480, 510)", [salon.id, colleague]
        )
        kept = await warm(other, salon, order="compact")
        await post(one, salon, starts_at=at(8).isoformat())
        return kept, await slots(other, salon, order="compact")

    kept, after = workers(talk)

    assert stamp(at(8)) in [slot["starts_at"] for slot in kept.json["slots"]]
    assert stamp(at(8)) not in [slot["starts_at"] for slot in after.json["slots"]]


def test_without_valkey_everything_works(workers, salon):
    async def talk(one, other):
        answer = await slots(one, salon)
        booked = await post(other, salon, starts_at=at(9).isoformat())
        unchanged = await slots(one, salon, headers={"If-None-Match": answer.headers["etag"]})
        return answer, booked, unchanged

    answer, booked, unchanged = workers(talk, valkey=[AWAY, AWAY])

    assert (answer.status_code, booked.status_code, unchanged.status_code) == (200, 201, 200)
    assert first(unchanged) == stamp(at(9, 30))
