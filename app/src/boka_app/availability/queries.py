"""SQL that reads calendars."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from boka_app.availability.model import Calendar
from boka_app.database import Connection

# Busy times come as cells of the 5-minute grid (300 s), rounded outwards. A visit with buffers lasts a day at most
# (appointment_within_a_day), so one that reaches into the span began less than a day before it.
_CALENDARS = """
select
    e.id as employee_id,
    array(
        select array[r.weekday, r.opens_minute, r.closes_minute]
        from availability_rule r
        where r.tenant_id = e.tenant_id and r.employee_id = e.id
    ) as rules,
    array(
        select array[x.on_date - date '0001-01-01' + 1, x.opens_minute, x.closes_minute]
        from availability_exception x
        where x.tenant_id = e.tenant_id
            and x.employee_id = e.id
            and x.on_date between (%(begin)s at time zone 'utc')::date - 1 and (%(end)s at time zone 'utc')::date + 1
    ) as exceptions,
    array(
        select array[
            floor(extract(epoch from a.occupied_from) / 300)::integer,
            ceil(extract(epoch from a.occupied_until) / 300)::integer
        ]
        from appointment a
        where a.tenant_id = e.tenant_id
            and a.employee_id = e.id
            and a.occupied_from > %(begin)s - interval '1 day'
            and a.occupied_from < %(end)s
            and a.occupied_until > %(begin)s
            and a.status in ('held', 'pending', 'confirmed')
    ) as busy
from employee e
join employee_service es on es.tenant_id = e.tenant_id and es.employee_id = e.id
where e.tenant_id = current_tenant()
    and e.active
    and es.service_id = %(service_id)s
    and (%(employee_id)s::uuid is null or e.id = %(employee_id)s)
order by e.id
"""


async def list_calendars(
    conn: Connection, service_id: UUID, employee_id: UUID | None, span: tuple[datetime, datetime]
) -> list[Calendar]:
    """Return the calendars over a span of all who perform the service, or of the one asked for."""
    wanted = {"service_id": service_id, "employee_id": employee_id, "begin": span[0], "end": span[1]}
    async with conn.cursor(row_factory=class_row(Calendar)) as cur:
        await cur.execute(_CALENDARS, wanted)
        return await cur.fetchall()
