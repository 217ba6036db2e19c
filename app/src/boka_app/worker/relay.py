"""From the outbox to the queue: each event becomes its jobs exactly once, whoever is killed and however many relay.

The row in outbox_pending goes, and the jobs come, in one transaction; a second relay skips the rows it holds.
"""

from collections import defaultdict
from uuid import UUID

from boka_app.database import Pool, connection
from boka_app.tenants.model import JOB
from boka_app.tenants.queries import enter
from boka_app.webhooks.jobs import fan_out
from boka_app.worker import queries
from boka_app.worker.defer import defer_many
from boka_app.worker.registry import names_for

BATCH = 200  # events; some 600 jobs, 30 ms
_USE_S = 10.0  # for all of a batch on a machine with better things to do; one that never ends in time never ends


async def relay(pool: Pool) -> int:
    """Turn up to a batch of events into jobs; return how many events, so that a full batch means more may wait."""
    async with connection(pool, use_s=_USE_S) as conn, conn.transaction():
        taken = await queries.take_events(conn, limit=BATCH)
        ids_by_tenant: dict[UUID, list[int]] = defaultdict(list)
        for event in taken:
            ids_by_tenant[event.tenant_id].append(event.outbox_id)
        jobs: list[tuple[str, dict[str, object]]] = []
        for tenant_id, ids in ids_by_tenant.items():
            await enter(conn, tenant_id, JOB)
            for event in await queries.list_kinds(conn, ids=ids):
                args: dict[str, object] = {"tenant_id": str(tenant_id), "event_id": event.id}
                jobs += [(name, args) for name in names_for(event.kind) if event.wanted or name != fan_out.__name__]
        await defer_many(conn, jobs)
    return len(taken)
