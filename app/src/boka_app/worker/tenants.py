"""A job's way into tenants: by id, as nobody in particular."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from boka_app.database import Connection, Pool, connection
from boka_app.statements import column
from boka_app.tenants.model import JOB
from boka_app.tenants.queries import enter

_list_ids = column("select id from tenant where active order by id")


@asynccontextmanager
async def job_transaction(pool: Pool, tenant_id: UUID) -> AsyncGenerator[Connection]:
    """Open a transaction inside a tenant (or PLATFORM) for a job. Never keep it open across a remote call."""
    async with connection(pool) as conn, conn.transaction():
        await enter(conn, tenant_id, JOB)
        yield conn


async def tenant_ids(pool: Pool) -> list[UUID]:
    """Return all active tenants, for jobs on a clock."""
    async with connection(pool) as conn:
        return await _list_ids(conn)
