"""The figures against a real database: what is counted where, and whom a refresh lets see what."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from boka_app.analytics import jobs, queries, service
from boka_app.database import make_pool, platform_transaction, tenant_transaction
from boka_app.tenants.model import JOB
from boka_app.worker.model import Work

from app.conftest import settings

pytestmark = pytest.mark.postgresql
TODAY = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)  # the database's clock decides here
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def pool_of(database):
    """Run something with the service's pool."""

    def run(talk):
        async def whole():
            async with make_pool(database.as_role("booking_app"), max_size=2) as pool:
                return await talk(pool)

        return asyncio.run(whole())

    return run


@pytest.fixture
def add(admin):
    """Add a visit as it stands in the table."""

    def insert(salon, starts_at, *, status="confirmed", price_minor=3000, kind="visit"):
        customer_id = None
        if kind == "visit":
            customer_id = uuid4()
            admin.execute(
                "insert into customer (tenant_id, id, name, email) values (%s, %s, 'Zoë', 'z@example.org')",
                [salon.id, customer_id],
            )
        ends_at = starts_at + timedelta(minutes=30)
        admin.execute(
            """
            insert into appointment (
                tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from,
                occupied_until, status, price_minor, kind
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                *(salon.id, uuid4(), salon.service_id, salon.employee_ids[0], customer_id),
                *(starts_at, ends_at, starts_at, ends_at, status, price_minor, kind),
            ],
        )

    return insert


@pytest.fixture
def refresh(pool_of):
    async def run(pool):
        await jobs.refresh_daily_summary(Work(settings=settings(), pool=pool, vault=None, now=None, http=None))

    return lambda: pool_of(run)


@pytest.fixture
def dashboard(pool_of):
    def read(salon, first=YESTERDAY, last=TODAY):
        async def talk(pool):
            async with tenant_transaction(pool, salon.slug, JOB) as (conn, tenant):
                return await service.read_dashboard(conn, tenant, first.date(), last.date())

        return pool_of(talk)

    return read


def test_today_counts_at_once_and_yesterday_after_a_refresh(salon, add, refresh, dashboard):
    add(salon, TODAY)
    add(salon, YESTERDAY, status="completed", price_minor=5000)

    before = dashboard(salon)
    refresh()
    after = dashboard(salon)

    assert [day.booked_minor for day in before.days] == [0, 3000]
    assert [day.booked_minor for day in after.days] == [5000, 3000]
    assert after.totals.completed == 1


def test_a_group_counts_its_time_once_and_nobody_who_did_not_book(salon, add, dashboard):
    add(salon, TODAY, kind="session", price_minor=0)

    totals = dashboard(salon).totals

    assert (totals.appointments, totals.busy_minutes) == (0, 30)


def test_opening_hours_are_the_rules_but_where_an_exception_stands(salon, admin, dashboard):
    admin.execute(
        "insert into availability_exception values (%s, %s, %s, %s, 540, 600)",
        [salon.id, uuid4(), salon.employee_ids[0], TODAY.date()],
    )

    (employee,) = dashboard(salon).employees

    assert employee.open_minutes == 180 + 60


def test_a_day_is_the_tenants(make_salon, add, dashboard):
    salon = make_salon(time_zone="Pacific/Kiritimati")  # UTC+14: 10:30 UTC is past midnight there
    add(salon, TODAY + timedelta(minutes=30))

    days = dashboard(salon, TODAY, TODAY + timedelta(days=1)).days

    assert [day.appointments for day in days] == [0, 1]


def test_nobody_sees_the_figures_of_another(salon, make_salon, add, refresh, dashboard):
    add(salon, TODAY)
    add(salon, YESTERDAY)
    refresh()

    assert dashboard(make_salon()).totals.appointments == 0


def test_the_platform_sees_all_and_a_tenant_does_not(salon, add, refresh, pool_of):
    add(salon, YESTERDAY, status="no_show")
    refresh()

    async def as_platform(pool):
        async with platform_transaction(pool, JOB) as conn:
            return await queries.list_metrics(conn, first=YESTERDAY.date(), last=TODAY.date())

    async def as_tenant(pool):
        async with tenant_transaction(pool, salon.slug, JOB) as (conn, _):
            return await queries.list_metrics(conn, first=YESTERDAY.date(), last=TODAY.date())

    mine = next(row for row in pool_of(as_platform) if row.slug == salon.slug)
    assert (mine.appointments, mine.no_shows) == (1, 1)
    assert pool_of(as_tenant) == []


def test_the_service_cannot_read_the_summary_of_all(database):
    with database.connect("booking_app") as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select * from daily_summary")


def test_saying_refresh_opens_nothing_to_the_service(database, salon, add):
    add(salon, TODAY)

    with database.connect("booking_app") as conn, conn.transaction():
        conn.execute("select set_config('app.refresh', 'daily_summary', true)")
        assert conn.execute("select count(*) from appointment").fetchone() == (0,)


_MANY = """
insert into appointment (
    tenant_id, id, service_id, employee_id, starts_at, ends_at, occupied_from, occupied_until, status, kind
)
select %(tenant)s, gen_random_uuid(), %(service)s, %(employee)s, t, t + interval '5 minutes', t,
    t + interval '5 minutes', 'cancelled', 'session'
from generate_series(now(), now() + interval '200 days', interval '15 minutes') t
"""


def test_one_day_among_many_is_read_by_index(database, salon, admin):
    admin.execute(_MANY, {"tenant": salon.id, "service": salon.service_id, "employee": salon.employee_ids[0]})
    admin.execute("analyze appointment")

    with database.connect("booking_app") as conn, conn.transaction():
        conn.execute("select set_config('app.tenant_id', %s, true)", [str(salon.id)])
        day = (TODAY + timedelta(days=100)).date()
        explain = f"explain (analyze, buffers, format json) {queries._ROWS}"
        (plan,) = conn.execute(explain, {"first": day, "last": day}).fetchone()

    assert "appointment_day" in str(plan)
    assert plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"] < 150  # 19,201 lie there
