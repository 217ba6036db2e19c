"""Order a job, in the transaction that wants it done. Needs nothing of the worker, so that any part may call it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import errors
from psycopg.types.json import Jsonb

from boka_app.database import Connection

_DEFER = """
select procrastinate_defer_jobs_v1(array(
    select row('default', job.name, 0, null, %(queueing_lock)s::text, job.args, null)::procrastinate_job_to_defer_v1
    from unnest(%(names)s::text[], %(args)s::jsonb[]) as job (name, args)
))
"""


async def defer(
    conn: Connection, name: str, tenant_id: UUID, subject_id: UUID, *, queueing_lock: str | None = None
) -> None:
    """Have the deferred job `name` of worker.registry carried out once the transaction has committed.

    With `queueing_lock` nothing is added while a job with the same one still waits. What lies ahead is a row with a
    time, and a job on a clock: the queue is read past every job that waits.
    """
    if queueing_lock is None:
        await defer_all(conn, name, tenant_id, [subject_id])
        return
    try:
        async with conn.transaction():
            await defer_many(conn, [(name, _subject(tenant_id, subject_id))], queueing_lock=queueing_lock)
    except errors.UniqueViolation:
        return  # procrastinate_jobs_queueing_lock_idx_v1: one waits already


async def defer_all(conn: Connection, name: str, tenant_id: UUID, subject_ids: Sequence[UUID]) -> None:
    """Have one deferred job carried out for each of many subjects."""
    await defer_many(conn, [(name, _subject(tenant_id, each)) for each in subject_ids])


async def defer_many(
    conn: Connection, jobs: Sequence[tuple[str, dict[str, Any]]], *, queueing_lock: str | None = None
) -> None:
    """Put jobs in the queue: names and arguments."""
    if jobs:
        values = {"names": [name for name, _ in jobs], "args": [Jsonb(args) for _, args in jobs]}
        await conn.execute(_DEFER, values | {"queueing_lock": queueing_lock})


def _subject(tenant_id: UUID, subject_id: UUID) -> dict[str, str]:
    return {"tenant_id": str(tenant_id), "subject_id": str(subject_id)}
