"""Connections that break, fall silent, or die in the pool."""

import asyncio

import psycopg
import pytest
from boka_app.database import connection, make_pool

pytestmark = pytest.mark.postgresql


def with_pool(database, talk):
    async def whole():
        async with make_pool(database.as_role("booking_app"), max_size=2) as pool:
            return await talk(pool)

    return asyncio.run(whole())


def test_a_server_that_falls_silent_is_cut_off(database):
    async def wait(pool):
        async with connection(pool, use_s=0.2) as conn:
            await conn.execute("select pg_sleep(4)")

    with pytest.raises(psycopg.OperationalError):
        with_pool(database, wait)


def test_connections_killed_in_the_pool_are_replaced_unnoticed(database, admin):
    async def kill_and_ask(pool):
        await pool.wait()
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> %s",
            [admin.info.backend_pid],
        )
        async with connection(pool) as conn:
            return await (await conn.execute("select 1")).fetchone()

    assert with_pool(database, kill_and_ask) == (1,)
