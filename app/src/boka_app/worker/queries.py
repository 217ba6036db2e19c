"""SQL on the outbox and on procrastinate's tables. Where its functions do what is needed, they are called."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from boka_app.database import Connection
from boka_app.worker.model import Event

# An index scan in the order of ids; without `limit` one statement could outlast the 2 s it may take.
_TAKE = """
delete from outbox_pending
where outbox_id in (
    select outbox_id
    from outbox_pending
    order by outbox_id
    limit %(limit)s
    for update skip locked
)
returning tenant_id, outbox_id
"""

_KINDS = """
select id, kind, exists (
    select 1
    from webhook_endpoint e
    where e.tenant_id = current_tenant() and e.active and e.secret is not null
        and (e.kinds = '{}' or outbox.kind = any(e.kinds))
)
from outbox
where tenant_id = current_tenant() and id = any(%(ids)s)
order by id
"""

_EVENT = """
select id, tenant_id, kind, subject_id, payload, at
from outbox
where tenant_id = current_tenant() and id = %(id)s
"""

# A worker that died left its jobs at `doing`. Back in the queue they keep no queueing lock: another may wait by now.
_RESCUE = """
update procrastinate_jobs job
set status = case when attempts + 1 < %(most)s then 'todo' else 'failed' end::procrastinate_job_status,
    attempts = attempts + 1,
    scheduled_at = now(),
    queueing_lock = null
where status = 'doing' and not exists (
    select 1
    from procrastinate_workers worker
    where worker.id = job.worker_id and worker.last_heartbeat > now() - interval '30 seconds'
)
"""

_CLEAR_QUEUEING_LOCK = """
update procrastinate_jobs
set queueing_lock = null
where id = %(id)s
"""

_QUEUE = """
select
    count(*) filter (where job.status = 'todo' and coalesce(job.scheduled_at, now()) <= now()) as waiting,
    count(*) filter (where job.status = 'failed') as failed,
    coalesce(extract(epoch from now() - min(coalesce(job.scheduled_at, event.at)) filter (
        where job.status = 'todo' and coalesce(job.scheduled_at, now()) <= now()
    )), 0)::float as oldest_seconds,
    (select count(*) from outbox_pending) as events
from procrastinate_jobs job
left join procrastinate_events event on event.job_id = job.id and event.type = 'deferred'
where job.status in ('todo', 'failed')
"""

_DELETE_JOBS = """
delete from procrastinate_jobs
where id in (
    select job.id
    from procrastinate_jobs job
    where job.status not in ('todo', 'doing') and not exists (
        select 1
        from procrastinate_events event
        where event.job_id = job.id
            and event.at > now() - case job.status when 'failed' then interval '30 days' else interval '3 days' end
    )
    limit %(limit)s
)
"""

_FORGET_EVENTS = """
delete from outbox
where tenant_id = current_tenant() and id in (
    select id
    from outbox
    where tenant_id = current_tenant() and at < now() - interval '30 days'
    limit %(limit)s
)
"""

_FORGET_PAYMENT_EVENTS = """
delete from payment_event
where tenant_id = current_tenant() and (provider, event_id) in (
    select provider, event_id
    from payment_event
    where tenant_id = current_tenant() and received_at < now() - interval '30 days'
    limit %(limit)s
)
"""

_FORGET_NOTIFICATIONS = """
delete from notification
where tenant_id = current_tenant() and id in (
    select id
    from notification
    where tenant_id = current_tenant() and created_at < now() - interval '400 days'
        and status not in ('queued', 'retrying')
    limit %(limit)s
)
"""

FORGET: tuple[LiteralString, ...] = (_FORGET_EVENTS, _FORGET_PAYMENT_EVENTS, _FORGET_NOTIFICATIONS)


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """How the queue stands."""

    waiting: int
    failed: int
    oldest_seconds: float
    events: int


async def take_events(conn: Connection, limit: int) -> list[tuple[UUID, int]]:
    """Take the oldest events that no other worker is taking: tenant and id. They come back if this rolls back."""
    return await (await conn.execute(_TAKE, {"limit": limit})).fetchall()  # pyright: ignore[reportReturnType]


async def list_kinds(conn: Connection, ids: Sequence[int]) -> list[tuple[int, str, bool]]:
    """Return the events of the entered tenant, oldest first: id, kind, and whether a webhook endpoint wants it."""
    return await (await conn.execute(_KINDS, {"ids": list(ids)})).fetchall()  # pyright: ignore[reportReturnType]


async def get_event(conn: Connection, event_id: int) -> Event | None:
    """Return an event of the entered tenant, or None once it is forgotten."""
    async with conn.cursor(row_factory=class_row(Event)) as cur:
        await cur.execute(_EVENT, {"id": event_id})
        return await cur.fetchone()


async def rescue_jobs(conn: Connection, most_attempts: int) -> int:
    """Queue again what workers that are gone left undone; return how many jobs."""
    return (await conn.execute(_RESCUE, {"most": most_attempts})).rowcount


async def clear_queueing_lock(conn: Connection, job_id: int) -> None:
    """Let another job wait under the lock of this one, which has begun."""
    await conn.execute(_CLEAR_QUEUEING_LOCK, {"id": job_id})


async def read_queue(conn: Connection) -> Queue:
    """Return how many jobs wait, have failed, and how long the oldest waits."""
    async with conn.cursor(row_factory=class_row(Queue)) as cur:
        await cur.execute(_QUEUE)
        row = await cur.fetchone()
    assert row is not None  # noqa: S101  an aggregate is one row
    return row


async def delete_old_jobs(conn: Connection, limit: int) -> int:
    """Remove up to `limit` jobs that ended long ago; return how many."""
    return (await conn.execute(_DELETE_JOBS, {"limit": limit})).rowcount


async def run_batch(conn: Connection, statement: LiteralString, limit: int) -> int:
    """Run one of FORGET on up to `limit` rows of the entered tenant; return how many went."""
    return (await conn.execute(statement, {"limit": limit})).rowcount
