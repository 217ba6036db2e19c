"""SQL on feeds, connections, and what was read from and written to calendars elsewhere."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from boka_app.appointments.model import AppointmentUnknown
from boka_app.calendars.model import Visit
from boka_app.database import Connection

_GET_VISIT = """
select
    a.id, a.version, a.status, a.starts_at, a.ends_at, t.time_zone, a.created_at, a.updated_at,
    s.name as summary, s.name || ' · ' || e.name as description, t.name as location
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
where a.tenant_id = current_tenant() and a.id = %(id)s
"""

# A group's session is one event and its seats none. Of a slot that was held and then let go nothing was ever shown.
_LIST_VISITS = """
select
    a.id, a.version, a.status, a.starts_at, a.ends_at, t.time_zone, a.created_at, a.updated_at,
    concat_ws(' · ', s.name, c.name) as summary, a.special_requests as description, t.name as location
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
left join appointment p on p.tenant_id = a.tenant_id and p.id = a.parent_id
left join customer c on c.tenant_id = a.tenant_id and c.id = coalesce(a.customer_id, p.customer_id)
where a.tenant_id = current_tenant()
    and a.employee_id = %(employee_id)s
    and a.starts_at >= %(since)s
    and a.kind <> 'seat'
    and a.status not in ('held', 'expired')
order by a.starts_at, a.id
limit 2000
"""


async def get_visit(conn: Connection, appointment_id: UUID) -> Visit:
    """Return a visit in the words for its customer.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
    """
    async with conn.cursor(row_factory=class_row(Visit)) as cur:
        await cur.execute(_GET_VISIT, {"id": appointment_id})
        visit = await cur.fetchone()
    if visit is None:
        raise AppointmentUnknown(appointment_id)
    return visit


async def list_visits(conn: Connection, employee_id: UUID, since: datetime) -> list[Visit]:
    """Return an employee's visits that start at `since` or later, in the words for staff."""
    async with conn.cursor(row_factory=class_row(Visit)) as cur:
        await cur.execute(_LIST_VISITS, {"employee_id": employee_id, "since": since})
        return await cur.fetchall()
