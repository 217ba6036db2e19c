"""SQL on figures."""

from boka_app.analytics.model import Offer, Row, TenantMetrics, Worker
from boka_app.database import Connection
from boka_app.statements import many, value

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

_OFFERS = "select id, name from service where tenant_id = current_tenant() and active"

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

list_rows = many(Row, _ROWS)
"""The entered tenant's figures, one row a day, service and employee."""
list_workers = many(Worker, _WORKERS)
"""The employees with the minutes that their hours have in these days."""
list_offers = many(Offer, _OFFERS)
count_new_customers = value(_NEW_CUSTOMERS)
list_metrics = many(TenantMetrics, _METRICS)
"""The figures of all tenants, in a transaction of the platform."""


async def refresh_summary(conn: Connection, within_ms: int) -> None:
    """Make daily_summary anew while others go on reading it. Call it in a transaction of its own."""
    await conn.execute(_ALLOW_REFRESH, [str(within_ms)])
    await conn.execute(_REFRESH)
