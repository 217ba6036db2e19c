"""A job is carried out, tried again, or left where an operator finds it."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from boka_app import cli
from boka_app.database import connection, make_pool
from boka_app.worker import queries
from boka_app.worker.carry_out import MOST_ATTEMPTS
from boka_app.worker.defer import defer
from boka_app.worker.metrics import JOBS
from boka_app.worker.model import GiveUp, TryAgain
from prometheus_client import REGISTRY

from app.jobs import work_off

pytestmark = pytest.mark.postgresql


def deferred(database, name, tenant_id, times=1, **options):
    async def whole():
        async with make_pool(database.as_role("booking_app"), max_size=1) as pool, connection(pool) as conn:
            for _ in range(times):
                async with conn.transaction():
                    await defer(conn, name, tenant_id, uuid4(), **options)

    asyncio.run(whole())


def rows(admin, name):
    query = "select status::text, attempts from procrastinate_jobs where task_name = %s order by id"
    return admin.execute(query, [name]).fetchall()


def counted(name, outcome):
    return REGISTRY.get_sample_value("jobs_total", {"job": name, "outcome": outcome})


def test_a_job_on_an_event_gets_the_event(database, admin, salon, jobs):
    seen = []

    async def look(_work, event):
        seen.append((event.kind, event.tenant_id, event.payload))

    jobs(on_event=(("thing.*", look),))
    admin.execute(
        "insert into outbox (tenant_id, kind, subject_id, payload) values (%s, 'thing.done', %s, %s)",
        [salon.id, uuid4(), json.dumps({"n": 1})],
    )

    work_off(database, salon.id)

    assert seen == [("thing.done", salon.id, {"n": 1})]


def test_what_fails_is_tried_again_later(database, admin, salon, jobs):
    async def stumbles(*_):
        raise ConnectionError

    jobs(deferred=(stumbles,))
    deferred(database, "stumbles", salon.id)

    work_off(database, salon.id)

    assert rows(admin, "stumbles") == [("todo", 1)]
    assert counted("stumbles", "retried") == 1
    assert admin.execute(
        "select scheduled_at > now() + interval '5 s' from procrastinate_jobs where task_name = 'stumbles'"
    ).fetchone() == (True,)


@pytest.mark.parametrize(("error", "before"), [(GiveUp("no use"), 0), (ConnectionError(), MOST_ATTEMPTS - 1)])
def test_what_cannot_succeed_is_left_for_an_operator(database, admin, salon, jobs, error, before):
    async def hopeless(*_):
        raise error

    jobs(deferred=(hopeless,))
    deferred(database, "hopeless", salon.id)
    admin.execute("update procrastinate_jobs set attempts = %s where task_name = 'hopeless'", [before])

    work_off(database, salon.id)

    assert rows(admin, "hopeless") == [("failed", before + 1)]


def test_an_operator_sees_and_repeats_what_failed(database, admin, salon, jobs, monkeypatch, capsys):
    async def twice(*_):
        raise GiveUp("once")

    jobs(deferred=(twice,))
    deferred(database, "twice", salon.id, times=2)
    work_off(database, salon.id)
    monkeypatch.setattr(cli, "connect", database.connect)

    cli.main(["jobs", "list", "--json", "--job", "twice"])
    seen = json.loads(capsys.readouterr().out)["jobs"]
    cli.main(["jobs", "retry", str(seen[0]["id"]), "--json"])
    one = json.loads(capsys.readouterr().out)
    cli.main(["jobs", "retry", "twice", "--json"])
    rest = json.loads(capsys.readouterr().out)

    assert [job["status"] for job in seen] == ["failed", "failed"]
    assert (one, rest) == ({"retried": 1}, {"retried": 1})
    assert [row[0] for row in rows(admin, "twice")] == ["todo", "todo"]


def test_a_queueing_lock_lets_one_wait(database, admin, salon, jobs):
    async def once(*_): ...

    jobs(deferred=(once,))

    deferred(database, "once", salon.id, times=3, queueing_lock=f"once:{salon.id}")

    assert rows(admin, "once") == [("todo", 0)]


def test_a_job_under_way_does_not_keep_the_next_from_waiting(database, admin, salon, jobs):
    lock = f"again:{salon.id}"

    async def again(work, tenant_id, subject_id):
        async with connection(work.pool) as conn, conn.transaction():
            await defer(conn, "other", tenant_id, subject_id, queueing_lock=lock)
        raise ConnectionError  # it goes back into the queue beside the other

    async def other(*_):
        await asyncio.sleep(0)

    jobs(deferred=(again, other))
    deferred(database, "again", salon.id, queueing_lock=lock)

    work_off(database, salon.id)

    assert (rows(admin, "again"), rows(admin, "other")) == ([("todo", 1)], [("succeeded", 1)])


def test_what_a_dead_worker_left_is_queued_again(database, admin, salon, jobs):
    async def left(*_): ...

    jobs(deferred=(left,))
    deferred(database, "left", salon.id, times=2)
    worker = admin.execute(
        "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 minute') returning id"
    ).fetchone()[0]
    admin.execute("update procrastinate_jobs set status = 'doing', worker_id = %s where task_name = 'left'", [worker])

    async def rescue():
        async with make_pool(database.as_role("booking_app"), max_size=1) as pool, connection(pool) as conn:
            return await queries.rescue_jobs(conn, most=MOST_ATTEMPTS), await queries.read_queue(conn)

    rescued, queue = asyncio.run(rescue())
    assert (rescued, rows(admin, "left")) == (2, [("todo", 1), ("todo", 1)])
    assert (queue.waiting >= 2, queue.oldest_seconds >= 0) == (True, True)
    before = JOBS.labels("left", "succeeded")._value.get()

    work_off(database, salon.id)

    assert JOBS.labels("left", "succeeded")._value.get() == before + 2


def test_a_job_says_itself_when_it_comes_again_and_how_often(database, admin, salon, jobs):
    async def patient(*_):
        raise TryAgain(timedelta(hours=5))

    jobs(deferred=(patient,))
    deferred(database, "patient", salon.id)
    admin.execute("update procrastinate_jobs set attempts = 50 where task_name = 'patient'")

    work_off(database, salon.id)

    assert rows(admin, "patient") == [("todo", 51)]
