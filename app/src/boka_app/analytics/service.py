"""Read the figures of a tenant, all from one moment."""

from datetime import date

from boka_app.analytics import queries, rules
from boka_app.analytics.model import Dashboard
from boka_app.database import Connection
from boka_app.tenants.model import Tenant


async def read_dashboard(conn: Connection, tenant: Tenant, first: date, last: date) -> Dashboard:
    """Return how the entered tenant did in these days.

    Raises:
        RangeInvalid: the range is empty, or longer than a year.
    """
    days = rules.dates(first, last)
    return rules.dashboard(
        tenant,
        days,
        await queries.list_rows(conn, first=first, last=last),
        workers=await queries.list_workers(conn, first=first, last=last),
        offers=await queries.list_offers(conn),
        new_customers=await queries.count_new_customers(conn, zone=tenant.time_zone, first=first, last=last),
    )
