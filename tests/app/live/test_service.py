"""Readers of the outbox against a real database: nothing is lost, nothing comes twice, nothing is left running."""

import asyncio
from contextlib import aclosing

import pytest
from boka_app.database import make_pool
from boka_app.live import service
from boka_app.live.model import Position, TooManyListeners
from boka_app.live.service import Feeds
from psycopg import OperationalError
from psycopg.types.json import Jsonb

pytestmark = pytest.mark.postgresql
PUT = "insert into outbox (tenant_id, kind, subject_id, payload) values (%s, %s, %s, %s)"


def put(conn, salon, kind):
    conn.execute(PUT, [salon.id, kind, salon.service_id, Jsonb({})])


async def listen(feeds, slug, count, *, since=None, ready=None):
    """Return the kinds of the next events."""
    begin, now = await feeds.admit(slug, since)
    kinds = []
    async with aclosing(feeds.events(slug, begin, now)) as events:
        if ready:
            ready()
        async for event in events:
            kinds.append(event if isinstance(event, str) else event.kind)
            if len(kinds) == count:
                return kinds
    return kinds


async def complete(feeds, salon, admin):
    """Wait until whatever was put is older than every open transaction, of other databases too."""
    (last,) = admin.execute("select max(xid::text::bigint) from outbox where tenant_id = %s", [salon.id]).fetchone()
    while (await feeds.admit(salon.slug, None))[1].xid <= last:
        await asyncio.sleep(0.02)


@pytest.fixture
def run(database):
    def go(talk):
        async def whole():
            async with make_pool(database.as_role("booking_app"), max_size=4) as pool, asyncio.timeout(10):
                feeds = Feeds(pool)
                return await talk(feeds)

        return asyncio.run(whole())

    return go


def test_an_event_reaches_everybody_who_listens(run, admin, salon):
    async def talk(feeds):
        barrier = asyncio.Barrier(4)
        tasks = [asyncio.create_task(joined(feeds, barrier)) for _ in range(3)]
        await barrier.wait()
        put(admin, salon, "appointment.booked")
        return await asyncio.gather(*tasks)

    async def joined(feeds, barrier):
        begin, now = await feeds.admit(salon.slug, None)
        await barrier.wait()
        async with aclosing(feeds.events(salon.slug, begin, now)) as events:
            return (await anext(events)).kind

    assert run(talk) == ["appointment.booked"] * 3


def test_an_event_that_commits_late_is_not_overtaken(run, database, salon):
    async def talk(feeds):
        begin, _ = await feeds.admit(salon.slug, None)
        with database.connect() as early, database.connect() as late:
            early.execute("begin")
            put(early, salon, "began.first")
            put(late, salon, "committed.first")
            task = asyncio.create_task(listen(feeds, salon.slug, 2, since=begin))
            done, _ = await asyncio.wait([task], timeout=3 * service._POLL_S)
            assert not done
            early.execute("commit")
            return await task

    assert run(talk) == ["began.first", "committed.first"]


def test_whoever_comes_back_gets_what_was_missed_and_nothing_twice(run, admin, salon):
    async def talk(feeds):
        begin, now = await feeds.admit(salon.slug, None)
        put(admin, salon, "one")
        put(admin, salon, "two")
        async with aclosing(feeds.events(salon.slug, begin, now)) as events:
            first = await anext(events)
        put(admin, salon, "three")
        return first.kind, await listen(feeds, salon.slug, 2, since=first.position)

    assert run(talk) == ("one", ["two", "three"])


def test_whoever_missed_too_much_is_told_to_begin_anew(run, admin, salon, monkeypatch):
    monkeypatch.setattr(service, "_BATCH", 2)

    async def talk(feeds):
        for kind in ("one", "two", "three"):
            put(admin, salon, kind)
        return await listen(feeds, salon.slug, 1, since=Position(1, 0))

    assert run(talk) == ["reset"]


def test_a_database_that_does_not_answer_for_a_moment_costs_no_event(run, admin, salon, monkeypatch):
    read, refused = service.queries.list_after, []

    async def refuse_once(conn, **position):
        if not refused:
            refused.append(position)
            raise OperationalError("the connection is lost")
        return await read(conn, **position)

    async def talk(feeds):
        begin, now = await feeds.admit(salon.slug, None)
        async with aclosing(feeds.events(salon.slug, begin, now)) as events:
            await anext(events)  # a beat: it listens
            monkeypatch.setattr(service.queries, "list_after", refuse_once)
            put(admin, salon, "appointment.booked")
            while (event := await anext(events)) == "beat":
                pass
            return event.kind

    monkeypatch.setattr(service, "_AWAY_S", 0.05)
    monkeypatch.setattr(service, "HEARTBEAT_S", 0.01)

    assert (run(talk), len(refused)) == ("appointment.booked", 1)


def test_silence_is_broken_by_a_beat(run, salon, monkeypatch):
    monkeypatch.setattr(service, "HEARTBEAT_S", 0.01)

    assert run(lambda feeds: listen(feeds, salon.slug, 2)) == ["beat", "beat"]


def test_nobody_reads_for_nobody(run, salon, monkeypatch):
    monkeypatch.setattr(service, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(service, "_POLL_S", 0.01)

    async def talk(feeds):
        await listen(feeds, salon.slug, 1)
        await asyncio.gather(*feeds._readers.values())
        return feeds._queues

    assert run(talk) == {}


def test_one_too_many_is_turned_away(run, salon, monkeypatch):
    monkeypatch.setattr(service, "MAX_LISTENERS", 0)

    async def talk(feeds):
        with pytest.raises(TooManyListeners):
            await feeds.admit(salon.slug, None)

    run(talk)


def test_a_listener_who_does_not_keep_up_is_let_go(run, admin, salon, monkeypatch):
    monkeypatch.setattr(service, "_QUEUE", 2)
    monkeypatch.setattr(service, "_POLL_S", 0.01)

    async def talk(feeds):
        begin, now = await feeds.admit(salon.slug, None)
        async with aclosing(feeds.events(salon.slug, begin, now)) as events:
            put(admin, salon, "first")
            await anext(events)
            for number in range(5):
                put(admin, salon, f"event.{number}")
            while feeds._queues:
                await asyncio.sleep(0.01)
            return [event.kind async for event in events]

    assert len(run(talk)) < 5


def test_a_closed_pool_ends_the_streams(run, salon):
    async def talk(feeds):
        begin, now = await feeds.admit(salon.slug, None)
        async with aclosing(feeds.events(salon.slug, begin, now)) as events:
            task = asyncio.create_task(anext(events, "ended"))
            await asyncio.sleep(0)
            await feeds._pool.close()
            return await task

    assert run(talk) == "ended"
