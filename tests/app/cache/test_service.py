"""What the cache does when Valkey is away for a moment."""

import asyncio
import time
from uuid import uuid4

from boka_app.cache.service import Found, Question, SlotCache, tag_of

from app.builders import ADA, NOW
from app.cache.conftest import AWAY, here

TODAY = range(NOW.toordinal(), NOW.toordinal() + 1)


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
    question = Question(uuid4().hex, "service:None", "dates", TODAY)
    tenant_id = uuid4()

    async def talk(one, other):
        await keep(other, question, tenant_id, b"[]")
        one._valkey._rests_until = time.monotonic() + 0.1  # as after a failure
        await one.bump(tenant_id, {ADA: 7}, TODAY)
        before = await other.look(question, "")
        await asyncio.sleep(0.11)
        await one.look(question, "")
        return before.answer, (await other.look(question, "")).answer

    assert talk_of([one, other], talk) == (b"[]", None)


def test_an_older_version_that_arrives_late_changes_nothing():
    cache = SlotCache(here())
    question = Question(uuid4().hex, "service:None", "dates", TODAY)
    tenant_id = uuid4()

    async def talk(cache):
        await cache.bump(tenant_id, {ADA: 7}, TODAY)
        await keep(cache, question, tenant_id, b"[]")
        await cache.bump(tenant_id, {ADA: 6}, TODAY)
        return await cache.look(question, "")

    assert talk_of([cache], talk).answer == b"[]"


def test_a_valkey_that_is_away_is_not_waited_for_again_within_a_second():
    cache = SlotCache(AWAY)

    async def talk(cache):
        await cache.look(Question("salon", "a", "b", range(0)), "")
        began = time.perf_counter()
        found = [await cache.look(Question("salon", "a", "b", range(0)), "") for _ in range(100)]
        return found[-1], time.perf_counter() - began

    found, took_s = talk_of([cache], talk)

    assert found == Found()
    assert took_s < 0.05
