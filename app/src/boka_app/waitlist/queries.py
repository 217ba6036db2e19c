"""SQL on the waitlist."""

from datetime import UTC, datetime
from uuid import UUID

from psycopg.rows import class_row

from boka_app.database import Connection
from boka_app.waitlist.model import JoinRequest, StaffWaitlistEntry, Waiting, WaitlistEntry, WaitlistUnknown

Place = tuple[datetime, UUID]  # of an entry in the list: when it joined, then its id
_BEGIN, _NOBODY = datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0)  # before every place

_JOIN = """
insert into waitlist_entry (tenant_id, id, service_id, employee_id, customer_id, earliest, latest)
values (
    current_tenant(), %(id)s, %(service_id)s, %(employee_id)s, %(customer_id)s, %(earliest)s, %(latest)s
)
"""

_GET = """
select
    w.id, w.service_id as service, w.employee_id as employee, w.earliest, w.latest, w.status, w.offer_until,
    w.appointment_id as appointment, a.starts_at, t.time_zone, w.created_at
from waitlist_entry w
join tenant t on t.id = w.tenant_id
left join appointment a on a.tenant_id = w.tenant_id and a.id = w.appointment_id
where w.tenant_id = current_tenant() and w.id = %(id)s
"""

_LIST = """
select
    w.id, w.service_id as service, w.employee_id as employee, w.earliest, w.latest, w.status, w.offer_until,
    w.appointment_id as appointment, a.starts_at, t.time_zone, w.created_at,
    w.customer_id as customer, c.name as customer_name, c.email as customer_email
from waitlist_entry w
join tenant t on t.id = w.tenant_id
join customer c on c.tenant_id = w.tenant_id and c.id = w.customer_id
left join appointment a on a.tenant_id = w.tenant_id and a.id = w.appointment_id
where w.tenant_id = current_tenant()
    and w.status in ('waiting', 'offered')
    and (w.created_at, w.id) > (%(after_at)s, %(after_id)s)
order by w.created_at, w.id
limit %(limit)s
"""

_LOCK_OFFER = """
select status
from waitlist_entry
where tenant_id = current_tenant() and appointment_id = %(appointment_id)s
for update
"""

# Locked, so that two jobs at once offer to two customers; skipped, so that neither waits for the other.
_NEXT = """
select id, customer_id, service_id, employee_id
from waitlist_entry
where tenant_id = current_tenant()
    and service_id = %(service_id)s
    and status = 'waiting'
    and earliest <= %(starts_at)s
    and latest >= %(starts_at)s
    and (employee_id is null or employee_id = %(employee_id)s)
    and id <> all(%(passed)s)
order by created_at, id
limit 1
for update skip locked
"""

_OFFER = """
update waitlist_entry
set status = 'offered', offered_at = %(now)s, offer_until = %(until)s, appointment_id = %(appointment_id)s
where tenant_id = current_tenant() and id = %(id)s and status = 'waiting'
"""

_LEAVE = """
update waitlist_entry
set status = 'left'
where tenant_id = current_tenant() and id = %(id)s and status in ('waiting', 'offered')
"""

_END_OFFER = """
update waitlist_entry
set status = %(status)s
where tenant_id = current_tenant() and appointment_id = %(appointment_id)s and status = 'offered'
"""


async def join(conn: Connection, entry_id: UUID, customer_id: UUID, wish: JoinRequest) -> None:
    """Put somebody at the end of the queue."""
    span = {"earliest": wish.earliest, "latest": wish.latest}
    ids = {"id": entry_id, "service_id": wish.service, "employee_id": wish.employee, "customer_id": customer_id}
    await conn.execute(_JOIN, ids | span)


async def get_entry(conn: Connection, entry_id: UUID) -> WaitlistEntry:
    """Return one place in the queue.

    Raises:
        WaitlistUnknown: the entered tenant has none of that id.
    """
    async with conn.cursor(row_factory=class_row(WaitlistEntry)) as cur:
        await cur.execute(_GET, {"id": entry_id})
        entry = await cur.fetchone()
    if entry is None:
        raise WaitlistUnknown(entry_id)
    return entry


async def list_entries(conn: Connection, *, after: Place | None, limit: int) -> list[StaffWaitlistEntry]:
    """Return a page of those who wait or have an offer, whoever waits longest first."""
    at, entry_id = after or (_BEGIN, _NOBODY)
    async with conn.cursor(row_factory=class_row(StaffWaitlistEntry)) as cur:
        await cur.execute(_LIST, {"after_at": at, "after_id": entry_id, "limit": limit})
        return await cur.fetchall()


async def next_waiting(
    conn: Connection, service_id: UUID, employee_id: UUID, starts_at: datetime, passed: list[UUID]
) -> Waiting | None:
    """Return and lock whoever waited longest for such a start and was not passed over."""
    facts = {"service_id": service_id, "employee_id": employee_id, "starts_at": starts_at, "passed": passed}
    async with conn.cursor(row_factory=class_row(Waiting)) as cur:
        await cur.execute(_NEXT, facts)
        return await cur.fetchone()


async def offer(conn: Connection, entry_id: UUID, appointment_id: UUID, *, now: datetime, until: datetime) -> None:
    """Note what is held for somebody, and until when."""
    facts = {"id": entry_id, "appointment_id": appointment_id, "now": now, "until": until}
    await conn.execute(_OFFER, facts)


async def leave(conn: Connection, entry_id: UUID) -> bool:
    """Give a place up; tell whether it was still one."""
    return (await conn.execute(_LEAVE, {"id": entry_id})).rowcount == 1


async def lock_offer(conn: Connection, appointment_id: UUID) -> str | None:
    """Return the status of the place that an appointment was offered to, and keep it; None: it is no offer."""
    row = await (await conn.execute(_LOCK_OFFER, {"appointment_id": appointment_id})).fetchone()
    return None if row is None else row[0]


async def end_offer(conn: Connection, appointment_id: UUID, status: str) -> None:
    """Note how an offer ended: booked or expired. Nothing where the appointment is none."""
    await conn.execute(_END_OFFER, {"appointment_id": appointment_id, "status": status})
