"""The pool of connections, and the only way to a tenant's rows: a transaction that entered the tenant."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from boka_app.tenants import queries
from boka_app.tenants.model import Tenant, TenantUnknown

Connection = AsyncConnection[tuple[Any, ...]]
_SLUG = re.compile(r"[a-z0-9-]{1,63}")  # the database's own check is stricter; this keeps out what it cannot read
Pool = AsyncConnectionPool[Connection]


def make_pool(connect_kwargs: dict[str, str | int], *, max_size: int) -> Pool:
    """Return a closed pool of connections as `DatabaseSettings` describes them.

    Once open it never blocks a start: a database that is away is answered 503.
    """
    return AsyncConnectionPool(
        kwargs=connect_kwargs | {"autocommit": True},
        connection_class=AsyncConnection[tuple[Any, ...]],
        min_size=min(2, max_size),
        max_size=max_size,
        open=False,
        check=AsyncConnectionPool.check_connection,  # 0.1 ms; else each connection fails once after a restart
        timeout=1.5,  # seconds a request waits for a connection: the answer 503 comes within 2 s
        max_waiting=256,
        # Seconds to back off; then the next request starts afresh. With the default, 300, the pool would
        # sleep up to a minute after a long absence of the database.
        reconnect_timeout=3,
    )


@asynccontextmanager
async def tenant_transaction(pool: Pool, slug: str) -> AsyncGenerator[tuple[Connection, Tenant]]:
    """Open a transaction in which only this tenant's rows exist; commit on leaving, roll back on any error.

    Raises:
        TenantUnknown: there is no such tenant.
    """
    if _SLUG.fullmatch(slug) is None:
        raise TenantUnknown(slug)
    async with pool.connection() as conn, conn.transaction():
        yield conn, await queries.enter_tenant(conn, slug)
