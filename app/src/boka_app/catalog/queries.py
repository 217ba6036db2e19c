"""SQL on services and employees."""

from uuid import UUID

from boka_app.catalog.model import Employee, Service, ServiceUnknown
from boka_app.database import Connection
from boka_app.statements import many, the

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


list_services = many(Service, _SERVICES, search=None)
"""What the entered tenant offers in the order it wants, or what has the words."""
_get_service = the(Service, _SERVICE, lambda given: ServiceUnknown(given["service_id"]))
list_employees = many(Employee, _EMPLOYEES)
"""Who works for the entered tenant, by name."""


async def get_service(conn: Connection, service_id: UUID) -> Service:
    """Return one service on offer."""
    return await _get_service(conn, service_id=service_id)
