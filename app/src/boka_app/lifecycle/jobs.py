"""What the clock does to appointments, tenant by tenant."""

from datetime import timedelta

from boka_app.lifecycle import queries, service
from boka_app.worker.model import Work
from boka_app.worker.tenants import job_transaction, tenant_ids

_KEEP_KEYS = timedelta(hours=48)  # a client that has tried for longer than a day has given up


async def expire_appointments(work: Work) -> None:
    """Free what was held, or waited for its payment, too long."""
    for tenant_id in await tenant_ids(work.pool):
        found = 1
        while found:
            async with job_transaction(work.pool, tenant_id) as conn:
                found = await service.expire_due(conn, work.now())
            if found:
                await work.cache.forget(tenant_id)


async def forget_idempotency_keys(work: Work) -> None:
    """Remove the keys of requests that nobody repeats any more."""
    for tenant_id in await tenant_ids(work.pool):
        async with job_transaction(work.pool, tenant_id) as conn:
            await queries.forget_keys(conn, before=work.now() - _KEEP_KEYS)
