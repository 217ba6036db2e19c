"""What an operator sees of the queue, and how a job that failed is tried again: `boka-app jobs`."""

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

_LIST = """
select
    job.id, job.task_name as name, job.status::text as status, job.attempts, job.args, job.scheduled_at,
    (select max(event.at) from procrastinate_events event where event.job_id = job.id) as changed_at
from procrastinate_jobs job
where job.status::text = any(%(statuses)s) and (%(name)s::text is null or job.task_name = %(name)s)
order by job.id desc
limit 200
"""

_RETRY = """
select procrastinate_retry_job_v2(id, now(), null, null, null)
from procrastinate_jobs
where status = 'failed' and (id::text = %(job)s or task_name = %(job)s)
"""


class QueuedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job, its arguments being ids."""

    id: int
    name: str
    status: str
    attempts: int
    args: dict[str, Any]
    scheduled_at: datetime | None
    changed_at: datetime | None


def list_jobs(conn: psycopg.Connection[Any], statuses: list[str], name: str | None) -> list[QueuedJob]:
    """Return up to 200 jobs, newest first; with a name, only those."""
    with conn.cursor(row_factory=class_row(QueuedJob)) as cur:
        return cur.execute(_LIST, {"statuses": statuses, "name": name}).fetchall()


def retry(conn: psycopg.Connection[Any], job: str) -> int:
    """Queue a failed job again, by its number, or all of a name; return how many."""
    return conn.execute(_RETRY, {"job": job}).rowcount
