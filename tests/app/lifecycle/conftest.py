"""Rows to change and a way to change them: the service's functions in a transaction that entered the salon."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from boka_app.database import make_pool, tenant_transaction
from boka_app.vault import Vault
from boka_app.worker.model import Work
from psycopg import sql
from psycopg.errors import LockNotAvailable
from psycopg_pool import PoolTimeout

from app.builders import NOW, at
from app.conftest import settings


@pytest.fixture
def put_row(admin):
    """Insert an appointment of half an hour as it is; return its id."""

    def put(salon, starts_at=None, **changes):
        starts_at = starts_at or at(10)
        row = {
            "tenant_id": salon.id,
            "id": uuid4(),
            "service_id": salon.service_id,
            "employee_id": salon.employee_ids[0],
            "customer_id": None if changes.get("kind") in ("session", "companion") else put_customer(admin, salon),
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "occupied_from": starts_at,
            "occupied_until": starts_at + timedelta(minutes=30),
        } | changes
        columns, places = (sql.SQL(", ").join(map(kind, row)) for kind in (sql.Identifier, sql.Placeholder))
        admin.execute(sql.SQL("insert into appointment ({}) values ({})").format(columns, places), row)
        return row["id"]

    return put


def put_customer(admin, salon):
    customer_id = uuid4()
    admin.execute(
        "insert into customer (tenant_id, id, name, email) values (%s, %s, 'Zoë Zimmer', 'zoe@example.org')",
        [salon.id, customer_id],
    )
    return customer_id


@pytest.fixture
def within(database):
    """Run each of these functions in a transaction of its own, all at once; return answers and refusals."""

    def run(salon, *functions):
        async def one(pool, function, attempts=5):
            try:
                async with tenant_transaction(pool, salon.slug) as (conn, _tenant):
                    return await function(conn)
            except (PoolTimeout, LockNotAvailable):  # on a busy machine: answered 503, and clients come again
                if attempts == 1:
                    raise
                return await one(pool, function, attempts - 1)

        async def whole():
            async with make_pool(database.as_role("booking_app"), max_size=max(2, min(len(functions), 16))) as pool:
                return await asyncio.gather(*(one(pool, each) for each in functions), return_exceptions=True)

        return asyncio.run(whole())

    return run


@pytest.fixture
def see(admin):
    """Return columns of one appointment."""

    def look(appointment_id, columns="status"):
        wanted = sql.SQL(", ").join(map(sql.Identifier, columns.split(", ")))
        one = sql.SQL("select {} from appointment where id = %s").format(wanted)
        found = admin.execute(one, [appointment_id]).fetchone()
        return found if "," in columns else found[0]

    return look


@pytest.fixture
def events(admin):
    """Return the kinds of a subject's events, which are also its audit."""

    def look(subject_id):
        told = admin.execute("select kind from outbox where subject_id = %s order by id", [subject_id]).fetchall()
        noted = admin.execute("select action from audit where subject_id = %s order by id", [subject_id]).fetchall()
        assert told == noted
        return [kind for (kind,) in told]

    return look


@pytest.fixture
def carry_out(database):
    """Carry out a job as the worker does, at a fixed time."""

    def run(job, *args, now=NOW):
        async def whole():
            async with make_pool(database.as_role("booking_app"), max_size=4) as pool, httpx.AsyncClient() as http:
                given = settings()
                vault = Vault(*given.encryption_keys)
                return await job(Work(settings=given, pool=pool, vault=vault, now=lambda: now, http=http), *args)

        return asyncio.run(whole())

    return run
