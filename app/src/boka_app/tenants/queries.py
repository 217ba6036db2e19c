"""SQL on the directory of tenants."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row

from boka_app import logs
from boka_app.tenants.model import Tenant, TenantUnknown

_ENTER = """
select
    id, slug, name, time_zone, min_notice_minutes, horizon_days,
    set_config('app.tenant_id', id::text, true) || set_config('app.request_id', %(request_id)s, true) as entered
from tenant
where slug = %(slug)s
"""

_LIST = """
select id, slug, name, time_zone, min_notice_minutes, horizon_days
from tenant
order by name, id
limit 100
"""


async def enter_tenant(conn: AsyncConnection[Any], slug: str) -> Tenant:
    """Make the tenant's rows, and no others, visible to the rest of the transaction.

    Raises:
        TenantUnknown: there is no such tenant.
    """
    async with conn.cursor(row_factory=kwargs_row(_without_settings)) as cur:
        await cur.execute(_ENTER, {"slug": slug, "request_id": logs.request_id.get()})
        tenant = await cur.fetchone()
    if tenant is None:
        raise TenantUnknown(slug)
    return tenant


async def list_tenants(conn: AsyncConnection[Any]) -> list[Tenant]:
    """Return the first hundred tenants by name."""
    async with conn.cursor(row_factory=class_row(Tenant)) as cur:
        await cur.execute(_LIST)
        return await cur.fetchall()


def _without_settings(*, entered: object, **columns: Any) -> Tenant:  # noqa: ANN401, ARG001  one row's columns
    return Tenant(**columns)
