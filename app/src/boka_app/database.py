"""The pool of connections, and the only way to a tenant's rows: a transaction that entered the tenant.

PostgreSQL being away takes three forms: it refuses (the pool's time-out answers), its host is gone (tcp_user_timeout
ends the connection), or it accepts and stays silent. For the last one connections are cut here, since cancelling a
statement would wait for the silent server.
"""

import asyncio
import os
import re
import select
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from boka_app.tenants import queries
from boka_app.tenants.model import CUSTOMER, PLATFORM, Actor, Tenant, TenantUnknown

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

SLUG = re.compile(r"[a-z0-9-]{1,63}")  # the database's own check is stricter; this keeps out what it cannot read
_WAIT_S = 1.5  # for a connection; with the check below the answer 503 comes within 2 s
_CHECK_S = 0.5  # for an answer to nothing at all, before a connection is given out
_TRUST_S = 1.0  # after an answer, before a connection is asked again
_USE_S = 3.0  # for a whole transaction; statements end after 2 s, so only silence lasts that long

_trusted_until: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()


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
        check=_check,  # else each connection fails once after a restart of PostgreSQL
        timeout=_WAIT_S,
        max_waiting=256,
        # Seconds to back off; then the next request starts afresh. With the default, 300, the pool would
        # sleep up to a minute after a long absence of the database.
        reconnect_timeout=3,
    )


@asynccontextmanager
async def connection(
    pool: Pool, *, wait_s: float | None = None, use_s: float | None = None
) -> AsyncGenerator[Connection]:
    """Lend a connection outside any tenant. A server that falls silent meanwhile is an `OperationalError`."""
    async with pool.connection(timeout=wait_s or _WAIT_S) as conn:
        with _cut_after(conn, use_s or _USE_S):
            yield conn


@asynccontextmanager
async def tenant_transaction(
    pool: Pool, slug: str, actor: Actor = CUSTOMER
) -> AsyncGenerator[tuple[Connection, Tenant]]:
    """Open a transaction in which only this tenant's rows exist; commit on leaving, roll back on any error.

    The audit names the actor as who did what happens in it.

    Raises:
        TenantUnknown: there is no such tenant.
    """
    if SLUG.fullmatch(slug) is None:
        raise TenantUnknown(slug)
    async with connection(pool) as conn, conn.transaction():
        yield conn, await queries.enter_tenant(conn, slug, actor)


@asynccontextmanager
async def platform_transaction(pool: Pool, actor: Actor) -> AsyncGenerator[Connection]:
    """Open a transaction of the platform: accounts, sessions, switches. Of tenants it sees the directory only."""
    async with connection(pool) as conn, conn.transaction():
        await queries.enter(conn, PLATFORM, actor)
        yield conn


async def _check(conn: Connection) -> None:
    """Ask a connection that rested whether it lives; one in use a moment ago is only looked at: an end is input too."""
    if time.monotonic() < _trusted_until.get(conn, 0) and not _has_input(conn):
        return
    with _cut_after(conn, _CHECK_S):
        await AsyncConnectionPool.check_connection(conn)
    _trusted_until[conn] = time.monotonic() + _TRUST_S


def _has_input(conn: Connection) -> bool:
    look = select.poll()
    look.register(conn.fileno(), select.POLLIN)
    return bool(look.poll(0))


@contextmanager
def _cut_after(conn: Connection, seconds: float) -> Generator[None]:
    timer = asyncio.get_running_loop().call_later(seconds, _cut, conn)
    try:
        yield
    finally:
        timer.cancel()


def _cut(conn: Connection) -> None:
    """Make whoever waits on the connection find it ended."""
    if not conn.closed:
        with socket.socket(fileno=os.dup(conn.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
