"""What the cache does when Valkey is away for a moment, and how it counts weeks."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from boka_app.cache.service import Found, Question, SlotCache, tag_of, weeks_of

from app.builders import ADA, NOW
from app.cache.conftest import AWAY, here


def talk_of(caches, talk):
    async def whole():
        try:
            return await talk(*caches)
        finally:
            for cache in caches:
                cache.close()

    return asyncio.run(whole())


async def keep(cache, question, tenant_id, answer):
    await cache.learn(question, tenant_id, 1, [ADA])
    await cache.keep(await cache.look(question, ""), tag_of(answer), answer)


def test_a_version_that_valkey_missed_ends_all_answers_at_the_next_contact():
    one, other = SlotCache(here()), SlotCache(here())
    question = Question(uuid4().hex, "service:None", "dates", weeks_of(NOW, NOW))
    tenant_id = uuid4()

    async def talk(one, other):
        await keep(other, question, tenant_id, b"[]")
        one._valkey._rests_until = time.monotonic() + 0.1  # as after a failure
        await one.bump(tenant_id, {ADA: 7}, [NOW])
        before = await other.look(question, "")
        await asyncio.sleep(0.11)
        await one.look(question, "")
        return before.answer, (await other.look(question, "")).answer

    assert talk_of([one, other], talk) == (b"[]", None)


def test_an_older_version_that_arrives_late_changes_nothing():
    cache = SlotCache(here())
    question = Question(uuid4().hex, "service:None", "dates", weeks_of(NOW, NOW))
    tenant_id = uuid4()

    async def talk(cache):
        await cache.bump(tenant_id, {ADA: 7}, [NOW])
        await keep(cache, question, tenant_id, b"[]")
        await cache.bump(tenant_id, {ADA: 6}, [NOW])
        return await cache.look(question, "")

    assert talk_of([cache], talk).answer == b"[]"


def test_a_valkey_that_is_away_is_not_waited_for_again_within_a_second():
    cache = SlotCache(AWAY)

    async def talk(cache):
        await cache.look(Question("salon", "a", "b", ()), "")
        began = time.perf_counter()
        found = [await cache.look(Question("salon", "a", "b", ()), "") for _ in range(100)]
        return found[-1], time.perf_counter() - began

    found, took_s = talk_of([cache], talk)

    assert found == Found()
    assert took_s < 0.05


@pytest.mark.parametrize(
    ("begin", "hours", "count"),
    [
        pytest.param(datetime(2026, 11, 23, tzinfo=UTC), 1, 1, id="monday morning"),
        pytest.param(datetime(2026, 11, 22, 23, tzinfo=UTC), 2, 2, id="over the end of sunday"),
    ],
)
def test_weeks_begin_on_monday(begin, hours, count):
    assert len(weeks_of(begin, begin + timedelta(hours=hours))) == count
