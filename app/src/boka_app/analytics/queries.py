"""SQL on figures."""

from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from boka_app.analytics.model import Row, TenantMetrics, Worker
from boka_app.database import Connection
from boka_app.tenants.model import Tenant

_ROWS = """
select
    day, service_id, employee_id, appointments, completed, cancelled, no_shows, booked_minor, paid_minor, busy_minutes
from get_dashboard_analytics(current_tenant(), %(first)s, %(last)s)
"""

# Opening hours as the rules and the exceptions have them; time off counts as open, so that it shows as not used.
_WORKERS = """
with day as (
    select day::date from generate_series(%(first)s::date, %(last)s::date, interval '1 day') as day
),
weekly as (
    select employee_id, weekday, sum(closes_minute - opens_minute) as minutes
    from availability_rule
    where tenant_id = current_tenant()
    group by employee_id, weekday
),
special as (
    select employee_id, on_date, sum(closes_minute - opens_minute) as minutes
    from availability_exception
    where tenant_id = current_tenant() and on_date between %(first)s and %(last)s
    group by employee_id, on_date
)
select e.id, e.name, coalesce(sum(coalesce(special.minutes, weekly.minutes)), 0)::bigint as open_minutes
from employee e
cross join day
left join weekly on weekly.employee_id = e.id and weekly.weekday = extract(isodow from day.day)
left join special on special.employee_id = e.id and special.on_date = day.day
where e.tenant_id = current_tenant() and e.active
group by e.id, e.name
"""

_SERVICE_NAMES = "select id, name from service where tenant_id = current_tenant() and active"

_NEW_CUSTOMERS = """
select count(*)
from customer
where tenant_id = current_tenant()
    and created_at >= %(first)s::date::timestamp at time zone %(zone)s
    and created_at < (%(last)s::date + 1)::timestamp at time zone %(zone)s
"""

_METRICS = """
select slug, name, currency, appointments, completed, cancelled, no_shows, booked_minor, paid_minor
from get_business_metrics(%(first)s, %(last)s)
"""

# Both hold until the transaction ends. The first opens the appointments of all tenants to the summary's owner alone.
_ALLOW_REFRESH = "select set_config('app.refresh', 'daily_summary', true), set_config('statement_timeout', %s, true)"
_REFRESH = "refresh materialized view concurrently daily_summary"


async def list_rows(conn: Connection, first: date, last: date) -> list[Row]:
    """Return the entered tenant's figures, one row a day, service and employee."""
    async with conn.cursor(row_factory=class_row(Row)) as cur:
        await cur.execute(_ROWS, {"first": first, "last": last})
        return await cur.fetchall()


async def list_workers(conn: Connection, first: date, last: date) -> list[Worker]:
    """Return the employees with the minutes that their hours have in these days."""
    async with conn.cursor(row_factory=class_row(Worker)) as cur:
        await cur.execute(_WORKERS, {"first": first, "last": last})
        return await cur.fetchall()


async def list_service_names(conn: Connection) -> dict[UUID, str]:
    """Return the names of what is on offer."""
    return {row[0]: row[1] for row in await (await conn.execute(_SERVICE_NAMES)).fetchall()}


async def count_new_customers(conn: Connection, tenant: Tenant, first: date, last: date) -> int:
    """Return how many customers came for the first time."""
    cur = await conn.execute(_NEW_CUSTOMERS, {"first": first, "last": last, "zone": tenant.time_zone})
    row = await cur.fetchone()
    assert row is not None  # noqa: S101  an aggregate is one row
    return row[0]


async def list_metrics(conn: Connection, first: date, last: date) -> list[TenantMetrics]:
    """Return the figures of all tenants, in a transaction of the platform."""
    async with conn.cursor(row_factory=class_row(TenantMetrics)) as cur:
        await cur.execute(_METRICS, {"first": first, "last": last})
        return await cur.fetchall()


async def refresh_summary(conn: Connection, within_ms: int) -> None:
    """Make daily_summary anew while others go on reading it. Call it in a transaction of its own."""
    await conn.execute(_ALLOW_REFRESH, [str(within_ms)])
    await conn.execute(_REFRESH)
