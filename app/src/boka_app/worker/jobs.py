"""The worker's own job: forget what is old."""

from boka_app.database import connection
from boka_app.worker import queries
from boka_app.worker.model import Work
from boka_app.worker.tenants import job_transaction, tenant_ids

_BATCH = 5_000  # rows a statement, far under the 2 s that one may take


async def clean_up(work: Work) -> None:
    """Remove finished jobs after 3 days, failed ones after 30; events with their webhook deliveries after 30 days."""
    async with connection(work.pool) as conn:
        while await queries.delete_old_jobs(conn, limit=_BATCH) == _BATCH:
            pass
    for tenant_id in await tenant_ids(work.pool):
        for forget in queries.FORGET:
            async with job_transaction(work.pool, tenant_id) as conn:
                while await forget(conn, limit=_BATCH) == _BATCH:
                    pass
