"""SQL on appointments and their customers."""

from uuid import UUID

import msgspec
from psycopg import errors
from psycopg.rows import class_row

from boka_app.appointments.model import Appointment, AppointmentUnknown, CustomerDetails, NewAppointment
from boka_app.availability.model import SlotTaken
from boka_app.database import Connection

_INSERT_CUSTOMER = """
insert into customer (tenant_id, id, name, email, phone)
values (current_tenant(), %(id)s, %(name)s, %(email)s, %(phone)s)
"""

_INSERT = """
insert into appointment (
    tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from, occupied_until
)
values (
    current_tenant(), %(id)s, %(service_id)s, %(employee_id)s, %(customer_id)s,
    %(starts_at)s, %(ends_at)s, %(occupied_from)s, %(occupied_until)s
)
"""

_GET = """
select
    a.id, t.name as tenant_name,
    a.service_id as service, s.name as service_name, a.employee_id as employee, e.name as employee_name,
    a.starts_at, a.ends_at, t.time_zone, a.status
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
where a.tenant_id = current_tenant() and a.id = %(id)s
"""

_LOCK = """
select 1
from appointment
where tenant_id = current_tenant() and id = %(id)s
for update
"""

_CANCEL = """
update appointment
set status = 'cancelled', cancelled_at = now()
where tenant_id = current_tenant() and id = %(id)s and status in ('held', 'pending', 'confirmed')
"""


async def insert_customer(conn: Connection, customer_id: UUID, details: CustomerDetails) -> None:
    """Keep who comes."""
    await conn.execute(_INSERT_CUSTOMER, {"id": customer_id} | msgspec.structs.asdict(details))


async def insert_appointment(conn: Connection, new: NewAppointment) -> None:
    """Insert, or raise `SlotTaken`: the constraint `no_double_booking` decides, not a look before.

    Has a savepoint of its own, so that the caller can try somebody else in the same transaction.
    """
    try:
        async with conn.transaction():
            await conn.execute(_INSERT, msgspec.structs.asdict(new))
    except errors.ExclusionViolation as err:
        raise SlotTaken(new.starts_at) from err


async def get_appointment(conn: Connection, appointment_id: UUID) -> Appointment:
    """Return one appointment, its times in UTC.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
    """
    async with conn.cursor(row_factory=class_row(Appointment)) as cur:
        await cur.execute(_GET, {"id": appointment_id})
        appointment = await cur.fetchone()
    if appointment is None:
        raise AppointmentUnknown(appointment_id)
    return appointment


async def lock_appointment(conn: Connection, appointment_id: UUID) -> None:
    """Keep others from changing the appointment until the transaction ends."""
    await conn.execute(_LOCK, {"id": appointment_id})


async def cancel_appointment(conn: Connection, appointment_id: UUID) -> bool:
    """Cancel; tell whether there was something to cancel."""
    return (await conn.execute(_CANCEL, {"id": appointment_id})).rowcount == 1
