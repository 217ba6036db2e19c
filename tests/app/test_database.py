"""Connections that break, fall silent, or die in the pool; and the plan of the slot search."""

import asyncio
import json
from datetime import timedelta

import psycopg
import pytest
from boka_app.availability.queries import _CALENDARS
from boka_app.database import connection, make_pool

from app.builders import at

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


def test_the_slot_search_reads_busy_times_from_their_index(admin, salon):
    (employee,) = salon.employee_ids
    customer = admin.execute(
        "insert into customer (tenant_id, id, name, email) values (%s, gen_random_uuid(), 'A', 'a@b.cd') returning id",
        [salon.id],
    ).fetchone()[0]
    admin.execute(
        """
        insert into appointment (
            tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from, occupied_until
        )
        select
            %(tenant)s, gen_random_uuid(), %(service)s, %(employee)s, %(customer)s,
            moment, moment + interval '30 min', moment, moment + interval '30 min'
        from generate_series(timestamptz '2020-01-01Z', '2021-01-01Z', interval '30 min') moment
        """,
        {"tenant": salon.id, "service": salon.service_id, "employee": employee, "customer": customer},
    )
    admin.execute("analyze appointment")
    admin.execute("select set_config('app.tenant_id', %s, false)", [str(salon.id)])
    wanted = {"service_id": salon.service_id, "employee_id": None, "begin": at(0), "end": at(0) + timedelta(days=7)}

    plan = json.dumps(admin.execute(f"explain (format json) {_CALENDARS}", wanted).fetchone())

    assert '"appointment_busy"' in plan
    assert '"no_double_booking"' not in plan
