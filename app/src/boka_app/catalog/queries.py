"""SQL on services and employees."""

from uuid import UUID

from psycopg.rows import class_row

from boka_app.catalog.model import Employee, Service, ServiceUnknown
from boka_app.database import Connection

_SERVICES = """
select
    id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, price_minor, currency,
    payment
from service
where tenant_id = current_tenant() and active
    and (%(search)s::text is null or search @@ search_words(%(search)s::text))
order by position, name, id
"""

_SERVICE = """
select
    id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, price_minor, currency,
    payment
from service
where tenant_id = current_tenant() and id = %(service_id)s and active
"""

_EMPLOYEES = """
select
    e.id,
    e.name,
    array(
        select es.service_id
        from employee_service es
        where es.tenant_id = e.tenant_id and es.employee_id = e.id
        order by es.service_id
    ) as services
from employee e
where e.tenant_id = current_tenant() and e.active
order by e.name, e.id
"""


async def list_services(conn: Connection, search: str | None = None) -> list[Service]:
    """Return what the entered tenant offers in the order it wants, or those that have the words."""
    async with conn.cursor(row_factory=class_row(Service)) as cur:
        await cur.execute(_SERVICES, {"search": search})
        return await cur.fetchall()


async def get_service(conn: Connection, service_id: UUID) -> Service:
    """Return one service on offer.

    Raises:
        ServiceUnknown: the tenant has none of that id, or offers it no more.
    """
    async with conn.cursor(row_factory=class_row(Service)) as cur:
        await cur.execute(_SERVICE, {"service_id": service_id})
        service = await cur.fetchone()
    if service is None:
        raise ServiceUnknown(service_id)
    return service


async def list_employees(conn: Connection) -> list[Employee]:
    """Return who works for the entered tenant, by name."""
    async with conn.cursor(row_factory=class_row(Employee)) as cur:
        await cur.execute(_EMPLOYEES)
        return await cur.fetchall()
