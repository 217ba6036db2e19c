"""Order a job, in the transaction that wants it done. Needs nothing of the worker, so that any part may call it."""

from datetime import datetime
from uuid import UUID

from psycopg import errors
from psycopg.types.json import Jsonb

from boka_app.database import Connection

_DEFER = """
select procrastinate_defer_jobs_v1(
    array[row('default', %(name)s, 0, null, %(queueing_lock)s, %(args)s, %(at)s)::procrastinate_job_to_defer_v1]
)
"""


async def defer(
    conn: Connection,
    name: str,
    tenant_id: UUID,
    subject_id: UUID,
    *,
    at: datetime | None = None,
    queueing_lock: str | None = None,
) -> None:
    """Have the deferred job `name` of worker.registry carried out once the transaction has committed.

    With `queueing_lock` nothing is added while a job with the same one still waits. `at` is for minutes and hours:
    the queue is read past every job that waits, so what lies days ahead is a row with a time and a job on a clock.
    """
    args = Jsonb({"tenant_id": str(tenant_id), "subject_id": str(subject_id)})
    values = {"name": name, "queueing_lock": queueing_lock, "args": args, "at": at}
    if queueing_lock is None:
        await conn.execute(_DEFER, values)
        return
    try:
        async with conn.transaction():
            await conn.execute(_DEFER, values)
    except errors.UniqueViolation:
        return  # procrastinate_jobs_queueing_lock_idx_v1: one waits already
