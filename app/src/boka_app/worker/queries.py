"""SQL on the outbox and on procrastinate's tables. Where its functions do what is needed, they are called."""

from uuid import UUID

import msgspec

from boka_app.statements import many, one, run, the
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
) as wanted
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


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """How the queue stands."""

    waiting: int
    failed: int
    oldest_seconds: float
    events: int


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """An event that became ours to relay."""

    tenant_id: UUID
    outbox_id: int


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """An event's number and kind, and whether a webhook endpoint wants it."""

    id: int
    kind: str
    wanted: bool


take_events = many(Taken, _TAKE)
"""The oldest events that no other worker is taking. They come back if this rolls back."""
list_kinds = many(Kind, _KINDS)
get_event = one(Event, _EVENT)
rescue_jobs = run(_RESCUE)
"""Queue again what workers that are gone left undone; how many jobs."""
clear_queueing_lock = run(_CLEAR_QUEUEING_LOCK)
read_queue = the(Queue, _QUEUE, LookupError)
delete_old_jobs = run(_DELETE_JOBS)
FORGET = tuple(map(run, (_FORGET_EVENTS, _FORGET_PAYMENT_EVENTS, _FORGET_NOTIFICATIONS)))
"""Remove up to `limit` old rows of the entered tenant, each of another kind; how many."""
